// What the embedded queue remembers of keys, and for how long.

import { describe, expect, test } from 'vitest';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { type Key, KeyBranch } from '../../src/queue/embedded-key.js';
import { Rates } from '../../src/queue/embedded-rates.js';
import { finishesMax, shareUnit, spentKeysMax } from '../../src/queue/key-rules.js';
import { ratedTo } from './conformance-key-rates.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions, stateOf } from './queue-model.js';
import { at8Ms, claimOf, leaseMs, nothing, offerOf } from './queue-world.js';

const shared = rulesOf({ weights: { of: new Map([['heavy', 4]]), others: 1 } });

describe('keys of a branch', () => {
  test('a key is forgotten once it waits for nothing and the virtual time has passed its finish', () => {
    const branch = new KeyBranch(shared, new Rates());
    const [a, b] = [branch.keyOf('a'), branch.keyOf('b')];
    branch.take(a, 1);
    branch.left(a);
    expect([...branch.keys.keys()]).toEqual(['a', 'b']);
    branch.take(b, 1);
    // Both start at 1 now: a has waited for nothing meanwhile, so that it is as good as new.
    const passed = branch.take(b, 1);
    expect(new Set(passed)).toEqual(new Set([a, b]));
    branch.left(a);
    expect([...branch.keys.keys()]).toEqual(['b']);
    expect([a.tag, b.tag]).toEqual([0, 2 * shareUnit]);
  });

  test('of keys that come once and go the last are remembered, not all', () => {
    const branch = new KeyBranch(shared, new Rates());
    for (let i = 0; i < finishesMax + 1_000; i++) {
      for (const key of branch.take(branch.keyOf(`once-${i}`), 1 + i)) branch.left(key);
    }
    expect(branch.keys.size).toBe(finishesMax);
    expect(branch.keyOf('once-0').tag).toBe(0);
  });

  test('of keys that are remembered for their rate the last are, not all; who comes later has no more than was let go', () => {
    const hourMs = 3_600_000;
    const rates = new Rates();
    const branch = new KeyBranch(ratedTo({ members: 1, perMs: hourMs, burst: 3 }), rates);
    rates.look(3 * hourMs);
    const come = (name: string): Key => {
      const key = branch.keyOf(name);
      branch.came(key);
      return key;
    };
    const pass = (name: string): void => {
      const key = come(name);
      key.gate.count('engine-1', 1, 1);
      branch.left(key);
    };
    for (let i = 0; i < spentKeysMax; i++) pass(`once-${i}`);
    expect(come('new').gate.room('engine-1')).toBe(3);
    pass('one-more');
    expect(branch.keys.size).toBe(spentKeysMax + 1);
    expect(['newer', 'one-more', 'once-0', 'once-9'].map(name => come(name).gate.room('engine-1'))).toEqual([
      2, 2, 2, 2,
    ]);
    rates.look(4 * hourMs);
    expect(come('newest').gate.room('engine-1')).toBe(3);
    // All that rest are there again.
    pass('last');
    expect(branch.keys.size).toBeLessThan(10);
  });

  test('a virtual time that has gone far begins anew', () => {
    const branch = new KeyBranch(shared, new Rates());
    const [a, b] = [branch.keyOf('a'), branch.keyOf('b')];
    branch.take(a, 2 ** 52 / shareUnit + 1);
    branch.take(a, 1);
    branch.take(b, 1);
    expect([a.tag, b.tag]).toEqual([0, shareUnit]);
    branch.take(a, 2);
    expect([a.tag, b.tag]).toEqual([2 * shareUnit, shareUnit]);
  });
});

describe('keys in the embedded queue', () => {
  test('ten thousand keys of one, half of them without room, are claimed and leave nothing', async () => {
    const queue = new EmbeddedQueue(() => at8Ms);
    await queue.attach('engine-1', leaseMs);
    await queue.open();
    await queue.setKeys('/', { ...shared, each: { clusterWide: 1, rate: null } });
    for (let i = 0; i < 10_000; i++) await queue.offer([offerOf(`s${i}`, 2, { key: `k${i}` })]);
    const request = { engine: 'engine-1', limit: 1_000_000, leaseMs };
    const all = await claimOf(queue, request);
    expect(all!.count).toBe(10_000);
    expect(await claimOf(queue, request)).toBeNull();
    await queue.settle(all!.id, all!.slices.slice(0, 3));
    expect(claimedPositions(await claimOf(queue, request))).toEqual(['s0:1', 's1:1', 's2:1']);
    await queue.settle(all!.id, all!.slices);
    await queue.withdraw(all!.slices.map(({ segment }) => ({ segment, from: 0, to: 2 })));
    expect(await stateOf(queue)).toEqual({ ...nothing, claimed: 3, running: { 'engine-1': 3 } });
  });
});
