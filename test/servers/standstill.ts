import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as passed } from 'node:timers/promises';

/** Has all threads of the process stand still (SIGSTOP), and waits until they do: the signal is on its way when `kill` returns, and a
 * thread of the process may go on for a while, and answer. SIGCONT lets them go on. */
export async function standStill({ pid }: ChildProcess, withinMs = 30_000): Promise<void> {
  process.kill(pid!, 'SIGSTOP');
  for (let waitedMs = 0; !standsStill(pid!); waitedMs++) {
    if (waitedMs === withinMs) throw new Error(`process ${pid} runs on after SIGSTOP`);
    await passed(1);
  }
}

/** By the state in each thread's `stat`, which stands behind the name in brackets. */
function standsStill(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every(thread => {
    const stat = readFileSync(`${tasks}/${thread}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'T';
  });
}
