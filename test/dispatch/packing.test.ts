// What goes into a message comes out of it, whatever its groups and parts are.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PackableGroup,
  packBatch,
  packOutcomes,
  unpackBatch,
  unpackOutcomes,
} from '../../src/dispatch/packing.js';
import type { Batch } from '../../src/dispatch/protocol.js';
import { pack } from './setup.js';

const roots = ['018f0000-0000-7000-8000-123456780000', '018f0000-0000-7000-8000-123456790000'];

const part = fc
  .record({
    workflow: fc.nat(0x7fff_ffff),
    place: fc.nat(999),
    context: fc.nat(0x7fff_ffff),
    hasRun: fc.boolean(),
    transaction: fc.nat(0x7fff_ffff),
    attempt: fc.nat(5),
    eligibleAtMs: fc.maxSafeNat(),
    isWaiting: fc.boolean(),
    root: fc.constantFrom(...roots),
    ordinals: fc.uniqueArray(fc.nat(499), { minLength: 1, maxLength: 5 }).map(list => Uint16Array.from(list).sort()),
    user: fc.constantFrom(null, 'ann', 'bob'),
  })
  .map(({ user, ...rest }) => ({ ...rest, ...(user === null ? {} : { runsAs: user }) }));

const batch: fc.Arbitrary<Batch> = fc
  .tuple(fc.nat(), fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.string())
  .map(([id, parts, hasWritten, text]) => {
    const count = parts.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
    const texts = pack(Array.from({ length: count }, (_, slot) => ({ slot, text })));
    return { id, atMs: id + 1, parts, count, inputs: texts, written: hasWritten ? texts : null };
  });

/** A group as gathered, with one time from `atMs` on for each action's start and end. */
const group: fc.Arbitrary<PackableGroup> = fc
  .record({
    part: fc.nat(9),
    isFailed: fc.boolean(),
    path: fc.array(fc.nat(9), { maxLength: 3 }),
    flows: fc.option(fc.array(fc.nat(9), { minLength: 1, maxLength: 3 })),
    reached: fc.integer({ min: -1, max: 9 }),
    members: fc.uniqueArray(fc.nat(499), { minLength: 1, maxLength: 5 }).map(list => list.sort((a, b) => a - b)),
    atMs: fc.integer({ min: 5, max: 100_000 }),
    text: fc.option(fc.string({ unit: 'grapheme' })),
    occupiedUs: fc.nat(),
    elapsedUs: fc.nat(),
  })
  .map(({ isFailed, atMs, text, flows, ...rest }) => {
    const { members, path } = rest;
    const error = { code: 'ActionFailed', message: 'no', action: 'a', stack: '' };
    const earlierResults = members.flatMap(member => path.slice(1).map(() => `{"of":${member}}`));
    const failure = isFailed ? { errors: [error], errorOf: Uint16Array.from(members, () => 0) } : {};
    const results = path.length > 1 ? { earlierResults } : {};
    const demand = flows === null ? {} : { demand: { kind: 'flows' as const, flows } };
    return {
      ...rest,
      kind: isFailed ? ('failed' as const) : ('completed' as const),
      atMs,
      times: members.flatMap((_, at) => path.flatMap((_, step) => [atMs + at, atMs + at + step])),
      payload: text === null ? null : members.map(member => JSON.stringify(`${text}${member}`)),
      rare: isFailed || path.length > 1 || flows !== null ? { ...results, ...failure, ...demand } : null,
    };
  });

describe('messages between the threads', () => {
  it('carry a batch whole, and only its own bytes', () => {
    fc.assert(
      fc.property(batch, original => {
        const { bytes, offsets } = original.inputs;
        const view = new Uint8Array(bytes.length + 100).subarray(50, 50 + bytes.length);
        view.set(bytes);
        const sent = packBatch({ ...original, inputs: { bytes: view, offsets } });
        expect(sent.inputs.bytes.buffer.byteLength).toBe(bytes.length);
        expect(unpackBatch(structuredClone(sent))).toEqual(original);
      }),
    );
  });

  it('carry outcomes whole, with times of day', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 6 }), fc.nat(1_000_000), (groups, wallOffsetMs) => {
        const { outcomes, costs } = unpackOutcomes(structuredClone(packOutcomes(7, groups, [], wallOffsetMs)));
        expect(outcomes.batch).toBe(7);
        expect(outcomes.groups).toHaveLength(groups.length);
        for (const [at, { occupiedUs, elapsedUs, times, atMs, payload, members, rare, ...same }] of groups.entries()) {
          const { times: gotTimes, baseMs, payload: got, members: gotMembers, ...gotSame } = outcomes.groups[at]!;
          expect(gotSame).toEqual({ ...same, ...rare });
          expect([...gotMembers]).toEqual(members);
          if (times.length === 0) expect(baseMs).toBe(atMs + wallOffsetMs);
          expect(Array.from(gotTimes, ms => baseMs + ms)).toEqual(times.map(ms => ms + wallOffsetMs));
          const texts = members.map((_, member) =>
            got === null
              ? null
              : Buffer.from(got.bytes.subarray(got.offsets[member], got.offsets[member + 1])).toString(),
          );
          expect(texts).toEqual(payload ?? members.map(() => null));
          expect(costs[at]).toEqual({ occupiedUs, elapsedUs });
        }
      }),
    );
  });
});
