// How tests of the runtime configuration read a text, and what they expect of it.

import type { ConfigurationFault, Outcome } from '../../src/config/fault.js';
import { parseRuntimeConfiguration } from '../../src/config/parse.js';
import type { RuntimeTree } from '../../src/config/tree.js';
import { formatFault } from '../../src/workflow/fault.js';

export const folder = '/etc/millrace';

export function parse(text: string, file: string, isWindows = false): Outcome<RuntimeTree> {
  return parseRuntimeConfiguration(text, { file, folder, isWindows });
}

/** The tree as plain objects, by branch and name. @throws with the faults when there is none */
export function written(outcome: Outcome<RuntimeTree>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    [...treeOf(outcome).branches].map(([branch, properties]) => [
      branch,
      Object.fromEntries([...properties].map(([name, { value }]) => [name, value])),
    ]),
  );
}

export function treeOf(outcome: Outcome<RuntimeTree>): RuntimeTree {
  if (!outcome.ok) throw new Error(told(outcome).join('\n'));
  return outcome.value;
}

/** The faults in words. */
export function told(outcome: Outcome<RuntimeTree>): string[] {
  return outcome.ok ? [] : outcome.faults.map((fault: ConfigurationFault) => formatFault(fault));
}
