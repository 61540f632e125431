// `AnswerReader`: however the bytes of a server are cut, the answers are the same.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerReader } from '../../src/store/postgres/answer-reader.js';

const dataRow = 0x44;
const ready = 0x5a;

function message(kind: number, bytes: number): Buffer {
  const all = Buffer.alloc(5 + bytes, kind);
  all.writeInt32BE(4 + bytes, 1);
  return all;
}

test('answers do not depend on how they arrive', () => {
  const answers = fc.array(fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(answers, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (all, cuts) => {
      const sent = all.map(rows => Buffer.concat([...rows.map(bytes => message(dataRow, bytes)), message(ready, 1)]));
      const got: Buffer[] = [];
      const reader = new AnswerReader(answer => got.push(answer));
      const stream = Buffer.concat([...sent, message(dataRow, 10)]);
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + cuts[turn % cuts.length]!;
        reader.push(stream.subarray(at, end));
        at = end;
      }
      expect(got.length).toBe(sent.length);
      expect(got.every((answer, at) => answer.equals(sent[at]!))).toBe(true);
      expect(reader.unfinished.equals(message(dataRow, 10))).toBe(true);
    }),
  );
});

test('what is not the protocol is refused', () => {
  expect(() => new AnswerReader(() => {}).push(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(RangeError);
});
