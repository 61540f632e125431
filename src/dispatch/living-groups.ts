// The groups of processes that the actions of a thread have started. Whatever ends the thread, they are killed: nobody would wait
// for them any more, and their transaction is run again. When the process of the engine exits they are, too; when it is killed
// (SIGKILL, a loss of power) they go on, for nobody is left to end them.

import type { ProcessGroupNote } from './protocol.js';

/** Of this process: those with groups that live. */
const holders = new Set<LivingGroups>();

function killAll(): void {
  for (const holder of holders) holder.kill();
}

export class LivingGroups {
  readonly #groups = new Set<number>();

  note({ group, lives }: ProcessGroupNote): void {
    if (lives) {
      this.#groups.add(group);
      if (holders.size === 0) process.on('exit', killAll);
      holders.add(this);
    } else {
      this.#groups.delete(group);
      if (this.#groups.size === 0) this.#release();
    }
  }

  kill(): void {
    for (const group of this.#groups) killGroup(group);
    this.#groups.clear();
    this.#release();
  }

  #release(): void {
    if (holders.delete(this) && holders.size === 0) process.off('exit', killAll);
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    // It has ended by itself, or has become another user's.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
