// How many different fairness windows a configuration has: a queue keeps what waits by window, and compares them with every
// claim.

import { faultAt } from '../workflow/fault.js';
import type { ConfigurationFault, ConfigurationFaultCode } from './fault.js';
import { fieldOf } from './property-checks.js';
import { overlay } from './settings.js';
import type { KnownName, Property, RuntimeTree } from './tree.js';

/** Different lengths in a tree, at most. */
const windowsMax = 8;

const property = 'FAIRNESS_TIME_WINDOW' satisfies KnownName;

export const windowsFault: { readonly code: ConfigurationFaultCode; readonly message: string } = {
  code: 'WINDOWS_TOO_MANY',
  message: `there are more than ${windowsMax} different windows of ${property}, and each claim compares them all`,
};

/** Of properties as they come. */
export class Windows {
  readonly #lengths = new Set<number>();

  /** False when it is one too many. What is no window, or off, never is. */
  add({ name, value }: Pick<Property, 'name' | 'value'>): boolean {
    if (name !== property || typeof value !== 'number' || this.#lengths.has(value)) return true;
    if (this.#lengths.size === windowsMax) return false;
    this.#lengths.add(value);
    return true;
  }
}

/** Whether a tree has as many windows as a queue compares. */
export function hasFewWindows({ branches }: RuntimeTree): boolean {
  const windows = new Windows();
  return [...branches.values()].every(properties => [...properties.values()].every(each => windows.add(each)));
}

/** Settings over a file's tree, those of windows that would be too many left out: the file has changed since they were set. */
export function overlayWithin(
  base: RuntimeTree,
  settings: readonly Property[],
): { readonly tree: RuntimeTree; readonly faults: readonly ConfigurationFault[] } {
  const whole = overlay(base, settings);
  if (hasFewWindows(whole)) return { tree: whole, faults: [] };
  const faults: ConfigurationFault[] = [];
  const kept = settings.filter(({ name }) => name !== property);
  for (const setting of settings) {
    if (setting.name !== property) continue;
    if (hasFewWindows(overlay(base, [...kept, setting]))) kept.push(setting);
    else faults.push(windowsFaultAt(setting));
  }
  return { tree: overlay(base, kept), faults };
}

export function windowsFaultAt({ branch, name }: Pick<Property, 'branch' | 'name'>): ConfigurationFault {
  return { ...faultAt('SYNTAX', [], windowsFault.message), code: windowsFault.code, path: fieldOf(branch + name) };
}
