// The part of the Store contract's suite that is about messages.

import { expect, test } from 'vitest';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import type { Store } from '../../src/store/contract.js';
import type { Publication } from '../../src/store/messages.js';
import { isFull, otherStyle } from '../../src/store/sql/messages.js';
import { nothing, rootOf, segmentOf } from './conformance.js';

const atMs = Date.UTC(2030, 0, 2, 8);
const ids = new IdSource(systemClock);

function messageOf(publisher: string, n: number, more: Partial<Publication> = {}): Publication {
  return { publisher, style: null, priority: 10, data: JSON.stringify({ n }), expiresAtMs: null, ...more };
}

/** @param storeOf the suite's, once it is open */
export function messageConformance(storeOf: () => Store): void {
  const newPublisher = (): string => `/publishers/${ids.next()}`;
  const publish = (messages: readonly Publication[], more = {}) =>
    storeOf().commit({ ...nothing(), atMs, messages, ...more });

  test('P1: messages have sequences in the order of commits, and are read by priority and as they were published', async () => {
    const publisher = newPublisher();
    const { messages } = storeOf();
    expect(await messages.publisher(publisher)).toBe(null);
    await Promise.all([
      publish([messageOf(publisher, 1), messageOf(publisher, 2, { priority: 1 })]),
      ...[3, 4, 5].map(n => publish([messageOf(publisher, n, { expiresAtMs: atMs + 1_000 })])),
    ]);
    expect(await messages.publisher(publisher)).toEqual({ style: 'queue', sequence: 5, backlog: 5 });
    const all = await messages.published(publisher, 0, atMs);
    expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    const queued = await messages.queued(publisher, 0, atMs, null);
    const urgent = queued[0]!;
    expect(urgent).toMatchObject({ publisher, priority: 1, data: '{"n":2}', publishedAtMs: atMs });
    expect(queued.slice(1).map(({ sequence }) => sequence)).toEqual(
      [1, 2, 3, 4, 5].filter(sequence => sequence !== urgent.sequence),
    );
    expect(await messages.queued(publisher, 0, atMs, urgent)).toEqual(queued.slice(1));
    expect((await messages.queued(publisher, 4, atMs, null)).every(({ sequence }) => sequence === 5)).toBe(true);
    expect((await messages.published(publisher, 0, atMs + 1_000)).length).toBe(2);
  });

  test('P2, P3: a message is consumed once, and what a refused commit publishes is not there', async () => {
    const publisher = newPublisher();
    const { messages } = storeOf();
    await publish([1, 2, 3].map(n => messageOf(publisher, n)));
    const consumed = [1, 2].map(sequence => ({ publisher, sequence }));
    const answers = await Promise.all([0, 1].map(() => publish([messageOf(publisher, 4)], { consumed })));
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['committed', 'stale']);
    expect(await messages.publisher(publisher)).toEqual({ style: 'queue', sequence: 4, backlog: 2 });
    expect((await messages.published(publisher, 0, atMs)).map(({ sequence }) => sequence)).toEqual([3, 4]);
  });

  test('a publisher keeps its style, and has no more messages than it may', async () => {
    const publisher = newPublisher();
    const { messages } = storeOf();
    await publish([messageOf(publisher, 1), messageOf(publisher, 2, { style: 'topic' })]);
    expect((await messages.publisher(publisher))!.style).toBe('topic');
    await expect(publish([messageOf(publisher, 3, { style: 'queue' })])).rejects.toMatchObject({ code: otherStyle });
    const full = [messageOf(publisher, 3), messageOf(publisher, 4)];
    await expect(publish(full, { backlogMax: 3 })).rejects.toMatchObject({
      code: isFull,
      message: expect.stringMatching(new RegExp(`the 3 of ${publisher}$`)),
    });
    await publish(full.slice(1), { backlogMax: 3 });
    expect(await messages.publisher(publisher)).toEqual({ style: 'topic', sequence: 3, backlog: 3 });
  });

  test('who waits for an event is found in order; who is due by time, paused, or waits for another is not', async () => {
    const event = `message:${newPublisher()}`;
    const { messages } = storeOf();
    const root = rootOf(5);
    const at = (ordinal: number, more: object) =>
      segmentOf(root, [ordinal], { waitsFor: event, eligibleAtMs: atMs + 1, ...more });
    const found = [at(0, {}), at(1, {})];
    const others = [at(2, { eligibleAtMs: atMs }), at(3, { state: 'paused' }), at(4, { waitsFor: `${event}x` })];
    await storeOf().commit({ ...nothing(), roots: [root], segments: [...found, ...others] });
    const page = async (after: string | null) => (await messages.waiting(event, atMs, after, 10)).map(({ id }) => id);
    const sorted = found.map(({ id }) => id).sort();
    expect(await page(null)).toEqual(sorted);
    expect(await page(sorted[0]!)).toEqual(sorted.slice(1));
    expect(await messages.nextEvent(event.slice(0, -1))).toBe(event);
    expect(await messages.nextEvent(event)).toBe(`${event}x`);
  });
}
