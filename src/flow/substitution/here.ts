// Substitution with the clocks of the machine that runs the action.

import { type Zone, zoneNamed } from '../../time/zone.js';
import type { Template } from './ast.js';
import { type Substituted, type SubstitutionContext, substitute } from './substitute.js';

let here: Zone | null = null;

/** `${date …}` is what the clocks of this machine show, in the time zone that the process has (`TZ`). */
export function substituteHere(template: Template, source: Omit<SubstitutionContext, 'zone'>): Substituted {
  here ??= zoneNamed(Intl.DateTimeFormat().resolvedOptions().timeZone);
  return substitute(template, { ...source, zone: here });
}
