// Three engines on one Redis that claim at the same time, die and come back: of no key more is ever claimed than its rules let
// be, and a key in strict order is worked through by creation. The engines are their queues alone; their time is the test's.

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claim, Offer, Queue, Slice } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { RedisServer } from '../servers/redis-server.js';
import { claimOf } from './queue-world.js';

let server!: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const leaseMs = 5;
const keyNames = ['a', 'b', 'c', 'd'];

/** What one engine does in a turn. */
const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), members: fc.integer({ min: 1, max: 5 }) }),
  },
  fc.record({ kind: fc.constant('release' as const) }),
  fc.record({ kind: fc.constant('die' as const) }),
  fc.record({ kind: fc.constant('extend' as const) }),
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

const run = fc.record({
  rules: fc.record({
    each: fc.record({ clusterWide: fc.constantFrom(1, 2, 3), rate: fc.constant(null) }),
    weights: fc.option(fc.constant({ of: new Map([['a', 3]]), others: 1 })),
    isStrict: fc.boolean(),
  }),
  /** By key: members of each of its segments. */
  work: fc.array(
    fc.record({
      key: fc.constantFrom(...keyNames),
      members: fc.integer({ min: 1, max: 6 }),
      branch: fc.constantFrom('/', '/t/', '/t/deep/'),
      priority: fc.constantFrom(null, 1, 20),
    }),
    { minLength: 4, maxLength: 20 },
  ),
  turns: fc.array(fc.tuple(deed, deed, deed), { minLength: 10, maxLength: 30 }),
});

class Engine {
  name = randomUUID();
  claims: Claim[] = [];
  constructor(readonly queue: Queue) {}

  async act(deed: Deed, finished: (slice: Slice) => void): Promise<void> {
    const [first] = this.claims;
    switch (deed.kind) {
      case 'claim': {
        const claim = await claimOf(this.queue, { engine: this.name, limit: deed.limit, leaseMs });
        if (claim !== null) this.claims.push(claim);
        return;
      }
      case 'settle': {
        if (first === undefined) return;
        const { segment, from, to } = first.slices[0]!;
        const done = { segment, from, to: Math.min(to, from + deed.members) };
        const rest = done.to < to ? [{ ...first.slices[0]!, from: done.to }] : [];
        const slices = [...rest, ...first.slices.slice(1)];
        this.claims = slices.length === 0 ? this.claims.slice(1) : [{ ...first, slices }, ...this.claims.slice(1)];
        // What has expired is settled without effect: it is done by its heir.
        const isOurs = (await this.queue.extend([first.id], leaseMs)).length === 0;
        await this.queue.settle(first.id, [done]);
        if (isOurs) finished(done);
        return;
      }
      case 'release':
        if (first === undefined) return;
        this.claims = this.claims.slice(1);
        return this.queue.release(first.id, first.slices);
      case 'die':
        this.name = randomUUID();
        this.claims = [];
        return;
      case 'extend': {
        const ids = this.claims.map(({ id }) => id);
        const gone = await this.queue.extend(ids, leaseMs);
        this.claims = this.claims.filter(({ id }) => !gone.includes(id));
      }
    }
  }
}

async function play({ rules, work, turns }: { rules: KeyRules; work: readonly Work[]; turns: readonly Deed[][] }) {
  let nowMs = 1_000;
  const name = randomUUID();
  const engines = [0, 1, 2].map(() => new Engine(createRedisQueue({ url: server.socket, name }, () => nowMs)));
  const [{ queue }] = engines as [Engine, Engine, Engine];
  const offers = work.map(
    ({ key, members, branch, priority }, at): Offer => ({
      segment: `s${at}`,
      from: 0,
      to: members,
      name: `${branch}flow`,
      priority,
      key,
      eligibleAtMs: 1 + ((at * 7) % 5),
      createdAtMs: 1 + at,
    }),
  );
  const left = new Map(offers.map(({ segment, to }) => [segment, to]));
  const keyOf = new Map(offers.map(({ segment, key }) => [segment, key!]));
  const limit = rules.isStrict ? 1 : rules.each.clusterWide!;
  try {
    for (const engine of engines) await engine.queue.attach(engine.name, 60_000);
    await queue.setThrottle('/t/', { perEngine: 4, clusterWide: null, rate: null });
    await queue.setKeys('/', rules);
    await queue.open();
    await queue.offer(offers);
    const check = async (): Promise<void> => {
      const claimed = await queue.claimed([...left.keys()]);
      for (const key of keyNames) {
        const ofKey = claimed.filter(({ segment }) => keyOf.get(segment) === key);
        expect(ofKey.reduce((sum, { from, to }) => sum + to - from, 0)).toBeLessThanOrEqual(limit);
        if (!rules.isStrict || ofKey.length === 0) continue;
        const oldest = offers.find(({ segment }) => keyOf.get(segment) === key && left.get(segment)! > 0)!;
        expect(ofKey.map(({ segment, from }) => [segment, from])).toEqual([
          [oldest.segment, oldest.to - left.get(oldest.segment)!],
        ]);
      }
    };
    const finished = ({ segment, from, to }: Slice): void => void left.set(segment, left.get(segment)! - (to - from));
    for (const deeds of turns) {
      // At the same time: which comes first is Redis's affair.
      await Promise.all(engines.map((engine, at) => engine.act(deeds[at]!, finished)));
      await check();
      nowMs += 1;
      await queue.expire();
    }
    // All that is left is done, by one that comes later.
    nowMs += 2 * leaseMs;
    while ((await queue.expire()).length > 0);
    const last = new Engine(queue);
    for (;;) {
      await last.act({ kind: 'claim', limit: 100 }, finished);
      if (last.claims.length === 0) break;
      await check();
      while (last.claims.length > 0) await last.act({ kind: 'settle', members: 100 }, finished);
    }
    expect([...left.values()].every(members => members === 0)).toBe(true);
    expect((await queue.counts()).claimed).toBe(0);
  } finally {
    for (const engine of engines) await engine.queue.close();
  }
}
type Work = { key: string; members: number; branch: string; priority: number | null };

test('no more of a key is ever claimed than its rules let be, and strict order is kept', { timeout: 120_000 }, () =>
  fc.assert(fc.asyncProperty(run, play), { numRuns: Number(process.env.RUNS ?? 60) }),
);
