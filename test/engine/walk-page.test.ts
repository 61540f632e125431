// What a walk beside engines at work offers, and what it leaves to whoever has just made it.

import { expect, test } from 'vitest';
import { Holdings } from '../../src/engine/claims/holdings.js';
import type { Definitions } from '../../src/engine/definitions/definitions.js';
import { fillQueue, walkPage } from '../../src/engine/queueing/recovery.js';
import { TestClock } from '../../src/observe/clock.js';
import { LogEvents } from '../../src/observe/log-events.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import type { Segment, Store } from '../../src/store/contract.js';
import { uuidV7 } from '../../src/workflow/instance-id.js';
import { claimOf } from '../queue/queue-world.js';
import { rootOf, segmentOf } from '../store/conformance.js';

test('a walk leaves alone what was made a moment ago, and offers it when nobody has; a fill offers everything', async () => {
  const clock = new TestClock();
  const nowMs = clock.nowMs();
  const madeAt = (ms: number): Segment => ({
    ...segmentOf(rootOf(2), [0, 1]),
    id: uuidV7(
      ms,
      0,
      Uint8Array.from({ length: 8 }, (_, at) => at),
      false,
    ),
    eligibleAtMs: nowMs,
  });
  // Ahead and behind by more than a moment: by clocks that are not ours.
  const [fresh, old, ahead] = [madeAt(nowMs - 10), madeAt(nowMs - 60_000), madeAt(nowMs + 60_000)];
  const world = {
    clock,
    store: { scan: async (after: string | null) => (after === null ? [fresh, old, ahead] : []) } as unknown as Store,
    holdings: new Holdings(1_000_000),
    definitions: { ensure: async () => undefined } as unknown as Definitions,
    log: new LogEvents(nullLoggers),
  };
  const offered = async (fill: (queue: EmbeddedQueue) => Promise<unknown>): Promise<Set<string>> => {
    const queue = new EmbeddedQueue(() => clock.nowMs());
    await queue.attach('e', 1_000);
    await fill(queue);
    await queue.open();
    const claim = await claimOf(queue, { engine: 'e', limit: 100, leaseMs: 1_000 });
    expect(claim!.slices.every(({ redelivered }) => redelivered)).toBe(true);
    return new Set(claim!.slices.map(({ segment }) => segment));
  };
  expect(await offered(queue => walkPage(queue, world, null))).toEqual(new Set([old.id, ahead.id]));
  const all = new Set([fresh.id, old.id, ahead.id]);
  expect(await offered(queue => fillQueue(queue, world, async () => true, true))).toEqual(all);
  clock.advanceMs(1_000);
  expect(await offered(queue => walkPage(queue, world, null))).toEqual(all);
});

test('what joins or waits is never offered, by a walk or by a fill', async () => {
  const clock = new TestClock();
  const [ready, joining, waiting, paused] = (['ready', 'joining', 'waiting', 'paused'] as const).map((state, at) =>
    segmentOf(rootOf(2), [0, 1], { state, context: at + 1, eligibleAtMs: 1 }),
  );
  const world = {
    clock,
    store: {
      scan: async (after: string | null) => (after === null ? [ready, joining, waiting, paused] : []),
    } as unknown as Store,
    holdings: new Holdings(1_000_000),
    definitions: { ensure: async () => undefined } as unknown as Definitions,
    log: new LogEvents(nullLoggers),
  };
  for (const fill of [
    (queue: EmbeddedQueue) => walkPage(queue, world, null),
    (queue: EmbeddedQueue) => fillQueue(queue, world, async () => true, false),
  ]) {
    const queue = new EmbeddedQueue(() => clock.nowMs());
    await queue.attach('e', 1_000);
    await fill(queue);
    await queue.open();
    const claim = await claimOf(queue, { engine: 'e', limit: 100, leaseMs: 1_000 });
    expect(claim!.slices.map(({ segment, from, to }) => [segment, from, to])).toEqual([[ready!.id, 0, 2]]);
    expect(await queue.counts()).toMatchObject({ ready: 0, delayed: 0 });
  }
});
