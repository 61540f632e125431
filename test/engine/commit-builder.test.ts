// The commit builder by random lives of random segments: B1-B3, checked on the model of the store.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildCommit, type CommitItem } from '../../src/engine/commit/commit-builder.js';
import { errorAt } from '../../src/engine/commit/failures.js';
import { narrowed } from '../../src/engine/commit/narrowed.js';
import { clearBitsOf } from '../../src/store/bitmap.js';
import type { Segment } from '../../src/store/contract.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { END } from '../../src/workflow/plan.js';
import { CommitWorld, plan } from './commit-world.js';

const fates = fc.constantFrom(
  'break',
  'end',
  'end without result',
  'failed',
  'timed out',
  'paused',
  'removed',
  'waits',
);
type Fate = 'break' | 'end' | 'end without result' | 'failed' | 'timed out' | 'paused' | 'removed' | 'waits';

function itemOf(
  world: CommitWorld,
  segment: Segment,
  positions: readonly number[],
  fate: Exclude<Fate, 'waits'>,
): CommitItem {
  const held = world.holdings.segment(segment.id)!;
  const isFailed = fate === 'failed' || fate === 'timed out';
  const hasPayload = !isFailed && fate !== 'end without result';
  const texts = positions.map(at => `{"of":${segment.ordinals[at]!},"t":${segment.transaction}}`);
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, text] of texts.entries()) offsets[at + 1] = offsets[at]! + text.length;
  const isEnd = fate === 'end' || fate === 'end without result' || segment.place === 1;
  return {
    held,
    plan,
    positions: Uint16Array.from(positions),
    outcome: isFailed
      ? { kind: 'failed', place: segment.place, killed: false }
      : { kind: 'completed', reached: isEnd ? END : 1 },
    path: [segment.place],
    baseMs: 1,
    times: new Array(positions.length * 2).fill(0),
    payload: hasPayload ? { bytes: new Uint8Array(Buffer.from(texts.join(''))), offsets } : null,
    reported: false,
    events: [],
    claim: null,
    requests: fate === 'paused' ? 1 : fate === 'removed' ? 2 : 0,
    ...(isFailed
      ? {
          errors: [{ code: fate === 'failed' ? 'X' : 'ActionTimeout', message: '', action: 'a', stack: '' }],
          errorOf: positions.map(() => 0),
        }
      : {}),
  };
}

test('every member leaves once, stands or ends once, with what it wrote', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.infiniteStream(fates), { minLength: 6, maxLength: 6 }),
      fc.boolean(),
      async (sizes, rounds, showsVariables) => {
        const world = new CommitWorld();
        const build = { ...world.build, showsVariables };
        const everybody: string[] = [];
        for (const size of sizes) {
          const { root } = await world.submit(size);
          for (let ordinal = 0; ordinal < size; ordinal++) everybody.push(instanceId(root.id, ordinal));
        }
        for (const fateOf of rounds) {
          const items: CommitItem[] = [];
          for (const segment of [...world.store.model.segments.values()]) {
            if (world.holdings.segment(segment.id) === undefined) world.holdings.holdSegment(segment);
            if (segment.state !== 'ready') continue;
            const byFate = new Map<Fate, number[]>();
            for (const position of clearBitsOf(segment.gone, segment.ordinals.length)) {
              const fate = fateOf.next().value as Fate;
              byFate.set(fate, [...(byFate.get(fate) ?? []), position]);
            }
            for (const [fate, positions] of byFate)
              if (fate !== 'waits') items.push(itemOf(world, segment, positions, fate));
          }
          if (items.length === 0) continue;
          const { commit } = buildCommit(items, 5_000, build);
          // B1
          const left = items.reduce((sum, { positions }) => sum + positions.length, 0);
          expect(commit.marks.reduce((sum, { count }) => sum + count, 0)).toBe(left);
          expect(
            commit.segments.reduce((sum, { open }) => sum + open, 0) +
              commit.outcomes.reduce((sum, { ordinals }) => sum + ordinals.length, 0),
          ).toBe(left);
          expect(commit.marks.map(({ segment }) => segment)).toEqual(commit.marks.map(({ segment }) => segment).sort());
          // B3: the held copies have moved on as the store will.
          expect(world.store.model.apply(commit)).toEqual(['committed']);
          for (const { segment: id } of commit.marks) {
            const held = world.holdings.segment(id)!;
            const stored = world.store.model.segments.get(id);
            expect(held.open).toBe(stored?.open ?? 0);
            if (stored === undefined) world.holdings.dropSegment(id);
            else expect(held.gone).toEqual(stored.gone);
          }
        }
        // B2
        const { located, segments, bodies } = world.store.model.state();
        expect(Object.keys(located).sort()).toEqual([...everybody].sort());
        const textOf = (body: string, ordinal: number) => bodies.find(({ id }) => id === body)?.texts[ordinal];
        for (const { body, ordinals, gone, transaction } of segments) {
          for (const [at, ordinal] of ordinals.entries()) {
            if (gone.includes(at) || body === null) continue;
            expect(textOf(body, ordinal)).toBe(`{"of":${ordinal},"t":${transaction - 1}}`);
          }
        }
        // What no audit event shows is there as long as a segment names it.
        const { working } = world.store.model;
        const named = segments.map(({ body }) => body);
        expect(bodies.filter(({ id }) => working.has(id) && !named.includes(id))).toEqual([]);
        if (showsVariables) expect(working.size).toBe(0);
        for (const { body, ordinals, state } of world.store.model.outcomes) {
          if (state === 'removed') expect(body).toBeNull();
          for (const ordinal of ordinals) {
            const text = body === null ? undefined : textOf(body, ordinal);
            if (text !== undefined) expect(text).toMatch(new RegExp(`^\\{"of":${ordinal},`));
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('members that fail together share a segment, each with its own error; what is alike is kept once, and all is bounded', async () => {
  const world = new CommitWorld();
  const failing = async (members: number, errors: CommitItem['errors'], errorOf: number[], positions: number[][]) => {
    const { segment } = await world.submit(members);
    // The last attempt of the model's action.
    const held = world.holdings.holdSegment({ ...segment, attempt: 1, revision: 1 });
    const items = positions.map(list => ({
      ...itemOf(world, segment, list, 'failed'),
      held,
      errors: errors!,
      errorOf: list.map(at => errorOf[at]!),
    }));
    const { segments } = buildCommit(items, 5_000, world.build).commit;
    expect(segments.length).toBe(1);
    return segments[0]!;
  };
  const error = (message: string, stack = '') => ({ code: 'X', message, action: 'a', stack });

  // Two items, the later one with the lower ordinals; the third error is the first one again.
  const mixed = await failing(
    5,
    [error('p'), error('q'), error('p')],
    [0, 1, 2, 1, 0],
    [
      [3, 4],
      [0, 1, 2],
    ],
  );
  expect(mixed.state).toBe('failed');
  expect([0, 1, 2, 3, 4].map(at => errorAt(mixed, at)!.message)).toEqual(['p', 'q', 'p', 'q', 'p']);
  expect(mixed.failures!.errors.length).toBe(2);

  const all = [...new Array(500).keys()];
  const one = error('m'.repeat(2_000), 's'.repeat(4_096));
  const alike = await failing(
    500,
    [one],
    all.map(() => 0),
    [all],
  );
  expect(alike.failures).toEqual({ errors: [{ ...one, attempt: 2 }], of: [] });

  const long = all.map(n => error(`${n} \0${'ü'.repeat(2_000)}`, 's'.repeat(4_096)));
  const different = await failing(500, long, all, [all]);
  expect(all.every(at => errorAt(different, at)!.message.startsWith(`${at} \ufffdü`))).toBe(true);
  expect(JSON.stringify(different.failures).length).toBeLessThan(110_000);
});

test('an item narrowed to some members keeps what is theirs', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(19), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      (chosen, actions) => {
        const members = [...chosen].sort((a, b) => a - b);
        const all = Array.from({ length: 20 }, (_, at) => at);
        const texts = all.map(at => 'x'.repeat(at));
        const offsets = new Int32Array(21);
        for (const at of all) offsets[at + 1] = offsets[at]! + at;
        const item = {
          positions: Uint16Array.from(all, at => at * 2),
          path: Array.from({ length: actions }, (_, at) => at),
          times: all.flatMap(at => Array.from({ length: actions * 2 }, (_, step) => at * 100 + step)),
          payload: { bytes: new Uint8Array(Buffer.from(texts.join(''))), offsets },
          events: all.map(at => ({ member: at, event: { tag: at } })),
          errorOf: all.map(at => at % 3),
          earlierResults: all.flatMap(at => Array.from({ length: actions - 1 }, (_, step) => `${at}-${step}`)),
        } as unknown as CommitItem;
        const narrow = narrowed(item, members);
        expect([...narrow.positions]).toEqual(members.map(at => at * 2));
        expect(Array.from(narrow.times)).toEqual(
          members.flatMap(at => Array.from({ length: actions * 2 }, (_, step) => at * 100 + step)),
        );
        expect(members.map((_, at) => narrow.payload!.offsets[at + 1]! - narrow.payload!.offsets[at]!)).toEqual(
          members,
        );
        expect(narrow.events.map(({ member, event }) => [member, event])).toEqual(
          members.map((at, index) => [index, { tag: at }]),
        );
        expect(Array.from(narrow.errorOf!)).toEqual(members.map(at => at % 3));
        expect(narrow.earlierResults).toEqual(
          members.flatMap(at => Array.from({ length: actions - 1 }, (_, step) => `${at}-${step}`)),
        );
      },
    ),
  );
});
