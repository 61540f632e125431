// One line that says where figures come from.

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { packageRoot } from './records.js';

export function describeMachine(): string {
  const processors = cpus();
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  const processor = `${processors.length} x ${processors[0]?.model.trim() ?? process.arch}`;
  return `${processor}, ${memoryGb} GB, Linux ${release()}, Node ${process.version}, commit ${commitName()}`;
}

function commitName(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const name = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain') === '' ? name : `${name} with changes`;
  } catch {
    return 'none';
  }
}
