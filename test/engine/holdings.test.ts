// What the engine remembers: bounded, and never two copies of one segment in use.

import { describe, expect, it } from 'vitest';
import { Holdings } from '../../src/engine/claims/holdings.js';
import { CommitWorld, plan } from './commit-world.js';

describe('holdings', () => {
  it('know a segment that made room for others as long as it is in use, and as the same copy', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const held = world.holdings.segment(segment.id)!;
    for (let at = 0; at < 60_000; at++) world.holdings.holdSegment({ ...segment, id: `other ${at}` });
    expect(world.holdings.segment(segment.id)).toBe(held);
    expect(world.holdings.holdSegment(segment)).toBe(held);
  });

  it('bring a copy in use up to date, and make another one only for another revision', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const held = world.holdings.segment(segment.id)!;
    held.open = 1;
    expect(world.holdings.holdSegment({ ...segment, open: 2, gone: Uint8Array.of(0x80) })).toBe(held);
    expect(held).toMatchObject({ open: 2, gone: Uint8Array.of(0x80) });
    const changed = world.holdings.holdSegment({ ...segment, revision: 1 });
    expect(changed).not.toBe(held);
    expect(world.holdings.segment(segment.id)).toBe(changed);
  });

  it('forget what is dropped, be it in use', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const held = world.holdings.segment(segment.id)!;
    world.holdings.dropSegment(segment.id);
    expect(world.holdings.segment(segment.id)).toBeUndefined();
    expect(held.segment).toBe(segment);
  });

  it('keep the bodies used last within their bytes', () => {
    const holdings = new Holdings(3_000);
    const body = (id: string) => ({
      id,
      root: id,
      ordinals: Uint16Array.of(0),
      offsets: Int32Array.of(0, 500),
      bytes: new Uint8Array(500),
    });
    for (const id of ['a', 'b', 'c']) holdings.holdBody(body(id));
    holdings.body('a');
    for (const id of ['d', 'e']) holdings.holdBody(body(id));
    expect(['a', 'b', 'c', 'd', 'e'].map(id => holdings.body(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('two claims on one segment', () => {
  it('are committed at the first attempt, also when the segment was forgotten in between', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(5);
    const batch = await world.run(segment);
    for (let at = 0; at < 60_000; at++) world.holdings.holdSegment({ ...segment, id: `other ${at}` });
    // The second claim's copy, read from the store after the first one's was evicted.
    const held = world.holdings.segment(segment.id) ?? world.holdings.holdSegment(segment);
    world.committer.expect({ id: 99 } as never, {
      parts: [
        {
          held,
          plan,
          claim: 'other',
          positions: Uint16Array.of(3, 4),
          reported: null,
          reporting: null,
          runsAs: null,
          withdrawn: null,
        },
      ],
      remaining: 2,
    });
    world.answer(batch, [0, 1, 2], {});
    world.answer(99, [0, 1], {});
    await world.committer.drained();
    expect(world.store.model.segments.has(segment.id)).toBe(false);
    expect(world.store.refused).toBe(0);
  });
});
