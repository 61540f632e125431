// The option of the commands that run an engine: whether it runs scripts.

import { Option } from 'commander';

export function scriptsOption(): Option {
  return new Option('--scripts', 'run the scripts of definitions, each in a sandbox with bounded time and memory');
}
