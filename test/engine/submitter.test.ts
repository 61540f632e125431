// The submitter on the model of the store: what it does when the store refuses, or does not answer.

import { expect, test } from 'vitest';
import { EngineMetrics } from '../../src/engine/engine-metrics.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { Submitter } from '../../src/engine/submit/submitter.js';
import type { Commit } from '../../src/store/contract.js';
import { SqlError } from '../../src/store/driver.js';
import { auditFilter } from '../../src/workflow/filter.js';
import { claimOf } from '../queue/queue-world.js';
import { CommitWorld, plan } from './commit-world.js';

function setup(): { world: CommitWorld; submitter: Submitter } {
  const world = new CommitWorld();
  const filter = auditFilter(['']);
  const { clock, store, queue, holdings, ids, build, results } = world;
  const submitter = new Submitter(
    {
      clock,
      store,
      queue,
      holdings,
      ids,
      build,
      results,
      filter: filter.ok ? filter.value : null,
      metrics: new EngineMetrics(),
      health: { storeSucceeded() {}, storeFailed() {} },
      definitions: { newest: () => ({ version: { number: 1 }, plan }), byNumber: () => ({ plan }) },
      wake: () => undefined,
    } as unknown as EngineParts,
    async () => undefined,
  );
  return { world, submitter };
}

const membersOf = (commit: Commit): number => commit.roots.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
const record = (n: number) => ({ workflow: plan.name, input: { n } });

test('calls made while the store is busy travel together', async () => {
  const { world, submitter } = setup();
  await Promise.all(Array.from({ length: 50 }, (_, n) => submitter.submit([record(n)], 's')));
  expect(world.store.commits.map(membersOf)).toEqual([1, 1, 48]);
});

test('a call the store refuses fails alone', async () => {
  const { world, submitter } = setup();
  world.store.before = ({ roots }) => {
    if (roots.some(({ bytes }) => Buffer.from(bytes).toString().includes('13')))
      throw new SqlError('22000', 'refused', 'commit_bodies');
  };
  const all = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => submitter.submit([record(n)], 's')));
  expect(all.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([13]);
  expect(world.store.model.instances.size).toBe(19);
});

test('a submit whose first answer was lost is offered as what others may have met since', async () => {
  const { world, submitter } = setup();
  world.store.loseAnswer();
  const submitted = submitter.submit([record(1)], 's');
  await new Promise(resolve => setImmediate(resolve));
  world.clock.advanceMs(500);
  await submitted;
  const claim = await claimOf(world.queue, { engine: 'e', limit: 10, leaseMs: 1_000 });
  expect(claim!.slices.map(({ redelivered }) => redelivered)).toEqual([true]);
});

test('what is stored while the queue is found again is offered as what others may have met since', async () => {
  const { world, submitter } = setup();
  const queue = Object.assign(world.queue, { openings: 1 });
  world.store.before = () => {
    queue.openings = 2;
  };
  await submitter.submit([record(1)], 's');
  const claim = await claimOf(world.queue, { engine: 'e', limit: 10, leaseMs: 1_000 });
  expect(claim!.slices.map(({ redelivered }) => redelivered)).toEqual([true]);
});

test('when the answer is lost nothing is stored twice: everybody of the commit is told', async () => {
  const { world, submitter } = setup();
  world.store.before = commit => {
    if (membersOf(commit) < 2) return;
    world.store.model.apply(commit);
    throw new Error('the connection broke after the commit');
  };
  const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => submitter.submit([record(n)], 's')));
  expect(all.map(({ status }) => status)).toEqual([...Array(2).fill('fulfilled'), ...Array(8).fill('rejected')]);
  expect(world.store.model.instances.size).toBe(10);
});
