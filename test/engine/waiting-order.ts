// The order in which what waits is run: instances that are held back, and in which order they ran then.

import type { Engine } from '../../src/engine/engine.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { definitionOf, type Home, here, homeOptions, redisOfTests, signals } from './setup.js';

/** Fill the thread, so that all that is submitted from now on waits until the gate is opened. */
export async function hold(engine: Engine, gate: string): Promise<void> {
  await engine.deploy(definitionOf('/gate/flow', ['gated'], { priority: 1 }), here);
  await engine.submit({ workflow: '/gate/flow', input: { gate } });
  await signals.atGate(gate);
}

/** Instances in order of their runs, by tag. What a thread had taken before does not wait any more: it comes first. */
export async function order(ids: readonly string[]): Promise<(string | null)[]> {
  await signals.until(() => ids.every(id => signals.ranBy(id).length === 1));
  return signals.ran.filter(({ instance }) => ids.includes(instance)).map(({ tag }) => tag);
}

/** Their tag is the branch of the workflow, and their own priority. */
export async function submitTo(engine: Engine, workflow: string, count: number, priority?: number): Promise<string[]> {
  const own = priority === undefined ? {} : { priority };
  const tag = workflow.slice(0, workflow.lastIndexOf('/') + 1) + (priority ?? '');
  return engine.submit(Array.from({ length: count }, () => ({ workflow, input: { tag }, ...own })));
}

/** What branches inherit, as the queue of an engine's home has it. */
export async function prioritiesInRedis(home: Home, folder: string, engine: Engine): Promise<Record<string, number>> {
  const { cluster } = await homeOptions(home, folder);
  const store = (await engine.query('select id from millrace_store'))[0]![0]!;
  const queue = createRedisQueue({ url: (await redisOfTests()).socket, name: cluster!, store });
  await queue.attach('a test', 1_000);
  const settings = await queue.settings();
  await queue.close();
  return Object.fromEntries(
    [...settings].flatMap(([branch, { priority }]) => (priority === null ? [] : [[branch, priority]])),
  );
}
