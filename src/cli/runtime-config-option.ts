// The option of the commands that run an engine: its runtime configuration.

import { Option } from 'commander';

export function runtimeConfigOption(): Option {
  return new Option(
    '--runtime-config <file>',
    'priorities of branches: a properties file (/branch/PRIORITY=5) or YAML; a change holds within a minute',
  );
}
