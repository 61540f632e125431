// Properties set by operation while engines run: checked as those of the file are, and laid over them. A setting holds in the
// place of what the file says there, until it is taken away.

import { faultAt } from '../workflow/fault.js';
import type { Json } from '../workflow/model.js';
import type { ConfigurationFault, ConfigurationFaultCode, Outcome } from './fault.js';
import { checkValue } from './known-properties.js';
import { checkStorable, fieldOf, type PropertyPlace, propertyPlace } from './property-checks.js';
import type { Property, RuntimeTree, Source } from './tree.js';

/** Longest value of one, characters of JSON. */
export const settingLengthMax = 65_536;

/** Paths stand for themselves on every engine. */
const surroundings = { folder: null, isWindows: process.platform === 'win32' } as const;

/** Where a setting is to stand. @param branch its trailing `/` may be left out */
export function settingPlace(branch: string, property: string): Outcome<PropertyPlace> {
  const place = propertyPlace(branch.endsWith('/') ? branch : `${branch}/`, property);
  if (place.ok) return place;
  return { ok: false, faults: [fault(place.code, placeShown(branch, property), place.message)] };
}

/** A value for a place, as the tree is to have it, or all that is wrong with it. */
export function settingOf({ branch, name }: PropertyPlace, given: Json, source: Source): Outcome<Property> {
  const field = fieldOf(branch + name);
  const faults: ConfigurationFault[] = [];
  const report = (code: ConfigurationFaultCode, inner: string, message: string): void => {
    faults.push(fault(code, `${field}${inner}`, message));
  };
  if (!checkStorable(given, report)) return { ok: false, faults };
  const text = JSON.stringify(given) ?? 'null';
  if (text.length > settingLengthMax) {
    report('TOO_LARGE', '', `the value has ${text.length} characters of JSON, accepted are ${settingLengthMax}`);
  }
  // What is not to hold is taken away: what the file says, or a branch above, holds then.
  if (text === 'null')
    report('VALUE_INVALID', '', 'found null, accepted is any other JSON; what was set is taken away by unsetting it');
  if (faults.length > 0) return { ok: false, faults };
  const written = JSON.parse(text) as Json;
  const checked = checkValue(name, { kind: 'json', value: written }, surroundings);
  if (checked.ok) return { ok: true, value: { name, branch, value: checked.value, written, source } };
  report(checked.code, '', checked.message);
  return { ok: false, faults };
}

/** The tree of a file with settings over it. O(branches of the file + settings). */
export function overlay(base: RuntimeTree, settings: Iterable<Property>): RuntimeTree {
  const branches = new Map(base.branches);
  const copied = new Map<string, Map<string, Property>>();
  for (const setting of settings) {
    const { branch, name } = setting;
    const properties = copied.get(branch) ?? new Map(base.branches.get(branch));
    properties.set(name, setting);
    copied.set(branch, properties);
    branches.set(branch, properties);
  }
  return { branches };
}

function placeShown(branch: string, property: string): string {
  return fieldOf(`${branch}${branch.endsWith('/') ? '' : '/'}${property}`);
}

function fault(code: ConfigurationFaultCode, path: string, message: string): ConfigurationFault {
  return { ...faultAt('SYNTAX', [], message), code, path };
}
