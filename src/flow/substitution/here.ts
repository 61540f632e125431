// Substitution with the clocks of the machine that runs the action.

import { zoneHere } from '../../time/zone-here.js';
import type { Template } from './ast.js';
import { type Substituted, type SubstitutionContext, substitute } from './substitute.js';

/** `${date …}` is what the clocks of this machine show, in the time zone that the process has (`TZ`). */
export function substituteHere(template: Template, source: Omit<SubstitutionContext, 'zone'>): Substituted {
  return substitute(template, { ...source, zone: zoneHere() });
}
