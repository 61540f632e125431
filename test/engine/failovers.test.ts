// What an engine held that no longer renews its claims: another runs it, and the audit of each instance says so.

import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { splitInstanceId } from '../../src/workflow/instance-id.js';
import { claimOf } from '../queue/queue-world.js';
import { auditRows, definitionOf, here, openEngine, redisOfTests, temporaryFolder } from './setup.js';

const leaseMs = 1_000;

/** An engine that is stopped, with instances of which a `ghost` has claimed the first `held` and is heard of no more. */
async function haunted(instances: number, held: number, auditFilter?: readonly string[]) {
  const folder = temporaryFolder();
  const options = auditFilter === undefined ? {} : { auditFilter };
  const engine: Engine = await openEngine('redis', folder, { name: 'heir', leaseMs, ...options });
  onTestFinished(() => engine.dispose(0));
  await engine.deploy(definitionOf('/ghost/flow', ['echo']), here);
  const ids = await engine.submit(
    Array.from({ length: instances }, (_, n) => ({ workflow: '/ghost/flow', input: { n } })),
  );
  const store = (await engine.query('select id from millrace_store'))[0]![0]!;
  const ghost = createRedisQueue({ url: (await redisOfTests()).socket, name: path.basename(folder), store });
  onTestFinished(() => ghost.close());
  await ghost.attach('ghost', leaseMs);
  // Nothing is claimed until the queue is open.
  await expect.poll(() => claimOf(ghost, { engine: 'ghost', limit: held, leaseMs })).toMatchObject({ count: held });
  return { engine, ids };
}

function failoversOf(engine: Engine, id: string) {
  const { root, ordinal } = splitInstanceId(id)!;
  return auditRows(engine, `root = $1::uuid and ordinal = $2::int and short_name = 'FlowChartFailover'`, [
    root,
    String(ordinal),
  ]);
}

describe('an engine that is heard of no more', () => {
  test('loses its work to another; the audit of each instance of it names it and the window, once', async () => {
    const { engine, ids } = await haunted(700, 600);
    await engine.start();
    const results = await Promise.all(ids.map(id => engine.result(id)));
    expect(results.filter(({ state }) => state === 'finished')).toHaveLength(700);
    await engine.stop();
    const told = await Promise.all(ids.map(id => failoversOf(engine, id)));
    expect(told.map(({ length }) => length)).toEqual(ids.map((_, at) => (at < 600 ? 1 : 0)));
    expect(told[0]![0]).toMatchObject({
      engine: 'heir',
      action: null,
      attempt: 1,
      data: null,
      message:
        'failed over: engine "ghost" did not renew its claim within the failover time window of 1000 ms, ' +
        'and has been released from it; another engine will assume execution',
    });
    // As the service reads it. It is told at a time before the heir begins.
    const { events } = await engine.reads.auditPage({ instance: ids[0]! }, null, 'oldest', 100);
    const atMsOf = (name: string): number =>
      Date.parse(events.find(({ record }) => record.shortName === name)!.record.at);
    expect(atMsOf('FlowChartFailover')).toBeLessThanOrEqual(atMsOf('EnteringAction'));
  });

  test('is not read about where the filter leaves the event out', async () => {
    const { engine, ids } = await haunted(3, 2, ['FinishingFlowChart']);
    await engine.start();
    for (const id of ids) expect((await engine.result(id)).state).toBe('finished');
    await engine.stop();
    for (const id of ids) expect(await failoversOf(engine, id)).toEqual([]);
  });
});
