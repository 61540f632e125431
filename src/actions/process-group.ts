// The end of a group of processes: a process that was started with a group of its own, and all it has started that stayed in it.

import type { ProcessGroups } from '../dispatch/action.js';

/** Between SIGTERM and SIGKILL. Both fit in the grace that an action has after its timeout. */
const termMs = 500;
const lookMs = 25;
/** How long the system may take to carry out SIGKILL. */
const killMs = 200;

/**
 * End the group: first it is asked to, then killed. Resolves when it is gone, or nothing more can be done.
 *
 * @param group pid of its first process
 * @param exit of that process
 */
export async function endGroup(group: number, exit: Promise<void>, groups: ProcessGroups): Promise<void> {
  let hasExited = false;
  void exit.then(() => {
    hasExited = true;
  });
  signalGroup(group, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < termMs; waitedMs += lookMs) {
    await passed(lookMs);
    if (hasExited && !signalGroup(group, 0)) {
      groups.remove(group);
      return;
    }
  }
  signalGroup(group, 'SIGKILL');
  await Promise.race([exit, passed(killMs)]);
  groups.remove(group);
}

/** @returns whether there is such a group */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    // All that is left of it has become another user's: it lives, and is not ours to end.
    if (code === 'EPERM') return true;
    throw error;
  }
}

function passed(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
