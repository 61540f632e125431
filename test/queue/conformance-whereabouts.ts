// Where a member is and what keeps it there, as the Queue contract tells it.

import { expect, test } from 'vitest';
import { rulesOf } from './conformance-keys.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld } from './queue-world.js';

export function whereaboutsConformance(home: QueueHome): void {
  const world = new QueueWorld(home);
  const { claim } = world;
  const whereIs = (segment: string, position = 0) => world.queue.whereIs(segment, position);
  /** Nothing keeps it but the order. */
  const ready = {
    kind: 'ready',
    waitedMs: 0,
    redelivered: false,
    priority: { effective: 10, base: 10, origin: 'default', branch: null },
    window: 'off',
    filedBy: 'eligible',
    shortages: [],
    before: 0,
  };

  test('absent, delayed, claimed with its lease, and after that has ended; asking changes nothing', async () => {
    await world.queue.offer([offerOf('a', 4, { eligibleAtMs: at8Ms + minuteMs })]);
    expect([await whereIs('b'), await whereIs('a', 4)]).toEqual([{ kind: 'absent' }, { kind: 'absent' }]);
    expect(await whereIs('a', 3)).toEqual({ kind: 'delayed', eligibleInMs: minuteMs });
    world.nowMs = at8Ms + minuteMs + 5;
    expect(await whereIs('a', 3)).toEqual({ ...ready, waitedMs: 5, before: 3 });
    await claim(2, at8Ms + minuteMs + 5, 'engine-2');
    expect(await whereIs('a', 3)).toEqual({ ...ready, waitedMs: 5, before: 1 });
    const held = { kind: 'claimed', engine: 'engine-2', redelivered: false };
    expect(await whereIs('a', 1)).toEqual({ ...held, leaseLeftMs: leaseMs });
    world.nowMs += leaseMs + 2;
    expect(await whereIs('a', 1)).toEqual({ ...held, leaseLeftMs: -2 });
    await world.queue.expire();
    expect(await whereIs('a', 1)).toMatchObject({ kind: 'ready', redelivered: true, before: 1 });
    expect(await world.queue.counts()).toMatchObject({ ready: 4, claimed: 0 });
  });

  test('the priority it competes with, whose it is, and the steps of fairness in it', async () => {
    await world.queue.setInheritedPriority('/a/', 7);
    await world.queue.setFairness('/a/b/', minuteMs);
    await world.queue.setFifo('/a/c/', true);
    await world.queue.offer([
      offerOf('own', 1, { name: '/a/flow', priority: 3 }),
      offerOf('branch', 1, { name: '/a/flow' }),
      offerOf('ages', 1, { name: '/a/b/flow' }),
      offerOf('fifo', 1, { name: '/a/c/flow', createdAtMs: at8Ms - 1 }),
    ]);
    world.nowMs = at8Ms + 2 * minuteMs;
    await claim(0, world.nowMs);
    const inherited = { base: 7, effective: 7, origin: 'branch', branch: '/a/' };
    const waited = { ...ready, waitedMs: 2 * minuteMs };
    const own = { base: 3, effective: 3, origin: 'own', branch: null };
    expect(await whereIs('own')).toEqual({ ...waited, priority: own });
    expect(await whereIs('ages')).toEqual({
      ...waited,
      priority: { ...inherited, effective: 5 },
      window: minuteMs,
      before: 1,
    });
    expect(await whereIs('fifo')).toEqual({ ...waited, priority: inherited, filedBy: 'created', before: 2 });
    expect(await whereIs('branch')).toEqual({ ...waited, priority: inherited, before: 3 });
    // All are level at 1, where time alone counts.
    await world.queue.setFairness('/', minuteMs);
    await claim(0, at8Ms + 20 * minuteMs);
    expect(await whereIs('fifo')).toMatchObject({ priority: { effective: 1 }, before: 0 });
    expect(await whereIs('ages')).toMatchObject({ priority: { effective: 1 }, before: 3 });
  });

  test('members before it: those of its own slice, of its lane and of others, one by one', async () => {
    const at = (segment: string, members: number, ms: number, more = {}) =>
      offerOf(segment, members, { eligibleAtMs: at8Ms - ms, ...more });
    await world.queue.offer([
      at('mine', 500, 5),
      at('older', 300, 9),
      at('younger', 70, 1),
      at('beside', 40, 7, { name: '/beside/flow' }),
      at('late', 20, 3, { name: '/beside/flow' }),
      at('higher', 600, 1, { priority: 9, name: '/beside/flow' }),
      at('lower', 900, 20, { priority: 11 }),
    ]);
    expect(await whereIs('mine', 30)).toMatchObject({ before: 600 + 300 + 40 + 30 });
    expect(await whereIs('higher', 599)).toMatchObject({ before: 599 });
    expect(await whereIs('lower', 0)).toMatchObject({ before: 600 + 300 + 500 + 70 + 40 + 20 });
  });

  test('the bounds that are reached on its path, for all or for engines; what is full elsewhere is not before it', async () => {
    await world.queue.setThrottle('/', { perEngine: 2, clusterWide: 9, rate: null });
    await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: 3, rate: null });
    await world.queue.setThrottle('/a/b/', { perEngine: 0, clusterWide: null, rate: null });
    await world.queue.offer([
      offerOf('a', 9, { name: '/a/flow', priority: 1 }),
      offerOf('b', 1, { name: '/a/b/flow' }),
      offerOf('z', 5, { name: '/z/flow' }),
    ]);
    await claim(9, at8Ms, 'engine-2');
    await claim(1, at8Ms, 'engine-1');
    const full = { kind: 'clusterWide', branch: '/a/', key: null, limit: 3, running: 3 };
    const ofRoot = { kind: 'perEngine', branch: '/', limit: 2, engines: ['engine-2'] };
    expect(await whereIs('a', 3)).toMatchObject({ shortages: [full, ofRoot], before: 0 });
    expect(await whereIs('b')).toMatchObject({
      shortages: [{ kind: 'perEngine', branch: '/a/b/', limit: 0, engines: [] }, full, ofRoot],
    });
    expect(await whereIs('z', 4)).toMatchObject({ shortages: [ofRoot], before: 4 });
    // With room again all of it stands for one, unless it differs by engine.
    await world.queue.setThrottle('/a/b/', null);
    await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: 4, rate: null });
    expect(await whereIs('z', 4)).toMatchObject({ before: 5 });
    expect(await whereIs('a', 5)).toMatchObject({ shortages: [ofRoot], before: 2 });
  });

  test('a key at its bound, and one in strict order behind what is delayed', async () => {
    const each = { clusterWide: 1, rate: null };
    await world.queue.setKeys('/a/', { each, weights: null, isStrict: false });
    await world.queue.setKeys('/b/', { each: { ...each, clusterWide: null }, weights: null, isStrict: true });
    const later = { name: '/b/flow', key: 'k', eligibleAtMs: at8Ms + minuteMs, createdAtMs: at8Ms - 1 };
    await world.queue.offer([
      offerOf('a', 3, { name: '/a/flow', key: 'k' }),
      offerOf('free', 1, { name: '/a/flow', key: 'other' }),
      offerOf('first', 2, later),
      offerOf('b', 2, { name: '/b/flow', key: 'k' }),
    ]);
    await claim(1);
    const full = { kind: 'clusterWide', branch: '/a/', key: 'k', limit: 1, running: 1 };
    expect(await whereIs('a', 1)).toMatchObject({ shortages: [full], before: 0 });
    expect(await whereIs('free')).toMatchObject({ shortages: [], before: 0 });
    expect(await whereIs('b', 1)).toMatchObject({
      shortages: [{ kind: 'strict', branch: '/b/', key: 'k', before: 3 }],
    });
  });

  test('a rate that is used up, and until when', async () => {
    const rate = { members: 2, perMs: 1_000, burst: 2 };
    await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: null, rate });
    await world.queue.offer([offerOf('a', 3, { name: '/a/flow' }), offerOf('z', 1, { name: '/z/flow' })]);
    world.nowMs = at8Ms + 300;
    const empty = { kind: 'rate', branch: '/a/', key: null, rate, nextInMs: 200 };
    expect(await whereIs('a', 2)).toMatchObject({ shortages: [empty], before: 2 });
    expect(await whereIs('z')).toMatchObject({ shortages: [], before: 0 });
    await claim(1, at8Ms + 500);
    expect(await whereIs('a', 2)).toMatchObject({ shortages: [{ ...empty, nextInMs: 500 }], before: 1 });
    // A token has come, though nobody has claimed since.
    world.nowMs = at8Ms + 1_000;
    expect(await whereIs('a', 2)).toMatchObject({ shortages: [], before: 1 });
  });

  test.each([
    ['/', { key: 'x' }],
    ['/', {}],
    ['/a/', { key: 'x' }],
    ['/a/', {}],
  ])('below weights at %s another window is before %o by its priority alone', async (branch, key) => {
    await world.queue.setKeys(branch, rulesOf({ weights: { of: new Map(), others: 1 } }));
    await world.queue.setThrottle('/a/t/', { perEngine: null, clusterWide: 99, rate: null });
    await world.queue.setFairness('/a/t/ages/', 60 * minuteMs);
    await world.queue.setFairness('/ages/', 60 * minuteMs);
    const at = (segment: string, ms: number, more = {}) =>
      offerOf(segment, 2, { name: '/a/t/flow', eligibleAtMs: at8Ms + 30 * minuteMs - ms, ...key, ...more });
    await world.queue.offer([at('first', 20)]);
    await claim(2, at8Ms + 30 * minuteMs);
    await world.queue.offer([
      at('mine', 5),
      at('level', 9, { name: '/a/t/ages/flow' }),
      at('higher', 1, { name: '/a/t/ages/flow', priority: 9 }),
      at('other', 1, { name: '/a/t/ages/flow', key: 'y' }),
      at('older', 7),
      at('beside', 8, { name: '/ages/flow' }),
    ]);
    // The share of its key is behind that of the other, which is the first of that window, and younger.
    const before = branch === '/' ? ['higher', 'older'] : ['higher', 'older', 'beside'];
    expect(await whereIs('mine', 1)).toMatchObject({ before: 2 * before.length + 1 });
    const order = await world.drain(world.nowMs);
    expect(new Set(order.slice(0, order.indexOf('mine:0')))).toEqual(
      new Set(before.flatMap(segment => [`${segment}:0`, `${segment}:1`])),
    );
  });

  test('of many lanes and slices it counts some one by one, and never more than there are', async () => {
    const offers = Array.from({ length: 700 }, (_, at) =>
      offerOf(`s${at}`, 3, { name: `/lane${at % 350}/flow`, eligibleAtMs: at8Ms - at }),
    );
    await world.queue.offer(offers);
    const { before } = (await whereIs('s0', 2)) as { before: number };
    expect(before).toBeLessThanOrEqual(3 * 700 - 1);
    expect(before).toBeGreaterThan(349);
  });
}
