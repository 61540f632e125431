// Packing: whatever the pieces and their order, a body holds each member's text, in ordinal order.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Packing } from '../../src/engine/commit/packing.js';

function packed(texts: readonly string[], slack: number) {
  const parts = texts.map(text => Buffer.from(text));
  // What threads send may begin anywhere in a larger buffer.
  const offsets = new Int32Array(texts.length + 1);
  offsets[0] = slack;
  for (const [at, part] of parts.entries()) offsets[at + 1] = offsets[at]! + part.length;
  return { bytes: new Uint8Array(Buffer.concat([Buffer.alloc(slack, 'x'), ...parts])), offsets };
}

const members = fc.uniqueArray(fc.integer({ min: 0, max: 499 }), { minLength: 1, maxLength: 60 });

test('every member is there once, under its own text', () => {
  fc.assert(
    fc.property(
      members,
      fc.array(fc.nat(59), { maxLength: 6 }),
      fc.boolean(),
      fc.infiniteStream(fc.json()),
      (ordinals, cuts, isSorted, texts) => {
        const order = isSorted ? [...ordinals].sort((a, b) => a - b) : ordinals;
        const textOf = new Map(order.map(ordinal => [ordinal, texts.next().value as string]));
        const bounds = [...new Set([0, ...cuts.filter(cut => cut < order.length), order.length])].sort((a, b) => a - b);
        const packing = new Packing();
        for (let at = 0; at + 1 < bounds.length; at++) {
          const own = order.slice(bounds[at], bounds[at + 1]).sort((a, b) => a - b);
          packing.add(
            Uint16Array.from(own),
            packed(
              own.map(ordinal => textOf.get(ordinal)!),
              bounds.length > 2 ? at * 3 : 0,
            ),
          );
        }
        expect(packing.size).toBe(order.length);
        const body = packing.finish();
        const expected = [...ordinals].sort((a, b) => a - b);
        expect([...body.ordinals]).toEqual(expected);
        expect(body.offsets.length).toBe(expected.length + 1);
        const found = expected.map((_, at) =>
          Buffer.from(body.bytes.subarray(body.offsets[at], body.offsets[at + 1])).toString(),
        );
        expect(found).toEqual(expected.map(ordinal => textOf.get(ordinal)));
      },
    ),
    { numRuns: 300 },
  );
});
