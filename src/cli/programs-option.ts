// The option of the commands that run an engine: whether workflows may execute programs.

import { Option } from 'commander';

export function programsOption(): Option {
  return new Option('--programs', "let `process` actions run: workflows then execute programs as the engine's user");
}
