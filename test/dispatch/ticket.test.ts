// What becomes of a batch whose thread is lost: any members, in any order, through any number of tickets.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, OutcomeGroup } from '../../src/dispatch/protocol.js';
import { Ticket } from '../../src/dispatch/ticket.js';
import { pack, root } from './setup.js';

function batchOf(sizes: readonly number[]): Batch {
  let next = 0;
  const parts = sizes.map(size => ({
    workflow: 1,
    place: 0,
    context: 0,
    hasRun: false,
    transaction: 0,
    attempt: 0,
    eligibleAtMs: 0,
    isWaiting: false,
    root,
    ordinals: Uint16Array.from({ length: size }, () => next++),
  }));
  const all = parts.flatMap(({ ordinals }) => [...ordinals]);
  return { id: 7, atMs: 0, parts, count: next, inputs: pack(all), written: pack(all.map(n => ({ n }))) };
}

const groupOf = (part: number, members: number[]): OutcomeGroup => ({
  part,
  kind: 'completed',
  path: [0],
  reached: -1,
  members: Uint16Array.from(members),
  baseMs: 0,
  times: new Uint32Array(members.length * 2),
  payload: null,
});

describe('a ticket', () => {
  it('and its remainders answer every member once, under the name the engine gave it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.boolean()),
        (sizes, coin) => {
          const batch = batchOf(sizes);
          const answered: string[] = [];
          let ticket = new Ticket(1, batch);
          for (let round = 0; ticket.remaining > 0 && round < 100; round++) {
            const sent = ticket.toSend();
            const texts = Buffer.from(sent.inputs.bytes).toString();
            let slot = 0;
            for (const [part, { ordinals }] of sent.parts.entries()) {
              const members: number[] = [];
              for (const [member, ordinal] of ordinals.entries()) {
                expect(texts.slice(sent.inputs.offsets[slot], sent.inputs.offsets[slot + 1])).toBe(String(ordinal));
                const name = ticket.openAt(slot)!;
                expect(batch.parts[name.part]!.ordinals[name.index]).toBe(ordinal);
                expect(batch.inputs.offsets[Ticket.slotOf(batch, name) + 1]).toBeDefined();
                slot += 1;
                if (coin.next().value) members.push(member);
              }
              if (members.length === 0) continue;
              for (const index of ticket.answer(groupOf(part, members)).members) answered.push(`${part}:${index}`);
            }
            expect(slot).toBe(sent.count);
            ticket = new Ticket(round + 2, batch, ticket.open());
          }
          const everybody = sizes.flatMap((size, part) =>
            Array.from({ length: size }, (_, index) => `${part}:${index}`),
          );
          expect(answered.sort()).toEqual(everybody.sort());
        },
      ),
    );
  });
});
