// The option of the commands that run an engine, and of those that verify for one: its runtime configuration.

import { resolve } from 'node:path';
import { Option } from 'commander';
import type { BranchModulesCheck } from '../workflow/verify.js';

/** @param what it is good for */
export function runtimeConfigOption(
  what = 'priorities, modules and more of branches: a properties file (/branch/PRIORITY=5) or YAML; a change holds within a minute',
): Option {
  return new Option('--runtime-config <file>', what);
}

/** What the file says of the branches' modules; without one nothing is known. @throws ConfigurationError with its faults */
export async function branchModulesIn(file: string | undefined): Promise<BranchModulesCheck | undefined> {
  if (file === undefined) return undefined;
  const [{ readConfigurationFile }, { ConfigurationError }, { hasBranchModules }] = await Promise.all([
    import('../config/configuration-file.js'),
    import('../config/fault.js'),
    import('../config/tree.js'),
  ]);
  const { outcome } = (await readConfigurationFile(resolve(file), null))!;
  if (!outcome.ok) throw new ConfigurationError(outcome.faults);
  return name => hasBranchModules(outcome.value, name);
}
