// Encoders and decoders against the database itself: a value goes in by the encoder, PostgreSQL says as text what it
// has got, and it comes back by the decoder.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BitString, decode, encode } from '../../src/store/binary.js';
import type { SqlRows } from '../../src/store/driver.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';

let driver: ThreadedDriver;
beforeAll(async () => {
  driver = await openPgliteMemory();
});
afterAll(() => driver.close());

/** A value of `type` sent in binary: what PostgreSQL sees, and its bytes sent back. */
async function echo(type: string, parameter: Uint8Array): Promise<{ seen: string; back: Uint8Array }> {
  const [asText, asBinary] = (await driver.transaction([
    { statement: { name: `text ${type}`, text: `select $1::${type}::text` }, parameters: [parameter], results: 'text' },
    { statement: { name: `binary ${type}`, text: `select $1::${type}` }, parameters: [parameter] },
  ])) as [SqlRows, SqlRows];
  return { seen: decode.text(asText[0]![0]!), back: asBinary[0]![0]! };
}

/** What PostgreSQL says of an array as JSON: `null` where it has one. */
async function seenArray(type: string, parameter: Uint8Array): Promise<unknown> {
  const statement = { name: `json ${type}`, text: `select array_to_json($1::${type}[]::text[])` };
  const [rows] = await driver.transaction([{ statement, parameters: [parameter], results: 'text' }]);
  return JSON.parse(decode.text(rows![0]![0]!));
}

const runs = { numRuns: 60 };

async function holds<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, check), runs);
}

/** Text that PostgreSQL can hold: no NUL, no lone surrogates. */
const text = fc.string({ unit: 'binary' }).map(value => value.replaceAll('\0', ''));
const int4 = fc.integer();
const int8 = fc.maxSafeInteger();
const bytes = fc.uint8Array();
const bits: fc.Arbitrary<BitString> = fc.array(fc.boolean(), { maxLength: 70 }).map(flags => {
  const packed = new Uint8Array((flags.length + 7) >> 3);
  flags.forEach((flag, index) => {
    if (flag) packed[index >> 3]! |= 0x80 >> (index & 7);
  });
  return { bytes: packed, length: flags.length };
});
const bitText = ({ bytes, length }: BitString): string =>
  Array.from({ length }, (_, index) => (bytes[index >> 3]! >> (7 - (index & 7))) & 1).join('');
const hex = (value: Uint8Array): string => `\\x${Buffer.from(value).toString('hex')}`;
const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[]> => fc.array(fc.option(value, { freq: 4 }));
const texts = (values: readonly unknown[]): (string | null)[] =>
  values.map(value => (value === null ? null : String(value)));

test('uuid', () =>
  holds(fc.uuid(), async id => {
    const { seen, back } = await echo('uuid', encode.uuid(id));
    expect([seen, decode.uuid(back)]).toEqual([id, id]);
    expect(encode.uuid(id.toUpperCase())).toEqual(encode.uuid(id));
  }));

test('int2, int4, int8', () =>
  holds(fc.tuple(fc.integer({ min: -32768, max: 32767 }), int4, int8), async ([small, middle, large]) => {
    const smallEcho = await echo('int2', encode.int2(small));
    expect([smallEcho.seen, decode.int2(smallEcho.back)]).toEqual([String(small), small]);
    const middleEcho = await echo('int4', encode.int4(middle));
    expect([middleEcho.seen, decode.int4(middleEcho.back)]).toEqual([String(middle), middle]);
    const largeEcho = await echo('int8', encode.int8(large));
    expect([largeEcho.seen, decode.int8(largeEcho.back)]).toEqual([String(large), large]);
  }));

test('bool', async () => {
  for (const value of [true, false]) {
    const { seen, back } = await echo('bool', encode.bool(value));
    expect([seen, decode.bool(back)]).toEqual([String(value), value]);
  }
});

test('text, in binary and as a plain string', () =>
  holds(text, async value => {
    const { seen, back } = await echo('text', encode.text(value));
    expect([seen, decode.text(back)]).toEqual([value, value]);
    const statement = { name: 'plain', text: 'select $1::text' };
    const [rows] = await driver.transaction([{ statement, parameters: [value] }]);
    expect(decode.text(rows![0]![0]!)).toBe(value);
  }));

test('bytea', () =>
  holds(bytes, async value => {
    const { seen, back } = await echo('bytea', value);
    expect(seen).toBe(hex(value));
    expect(Buffer.from(decode.bytea(back))).toEqual(Buffer.from(value));
  }));

test('varbit', () =>
  holds(bits, async value => {
    const { seen, back } = await echo('varbit', encode.varbit(value));
    expect(seen).toBe(bitText(value));
    expect(bitText(decode.varbit(back))).toBe(bitText(value));
  }));

test('json and jsonb', () =>
  holds(fc.jsonValue({ noUnicodeString: false, depthSize: 'small' }), async value => {
    // PostgreSQL's jsonb cannot hold a NUL in a string, nor a lone surrogate.
    const source = JSON.stringify(value)
      .replaceAll('\\u0000', '')
      .replaceAll(/\\ud[89a-f]../gi, '');
    for (const type of ['json', 'jsonb'] as const) {
      const statement = { name: `echo ${type}`, text: `select $1::${type}` };
      const [rows] = await driver.transaction([{ statement, parameters: [source] }]);
      const expected = JSON.parse(source.replaceAll(/-0(?=[,\]}]|$)/g, '0'));
      expect(JSON.parse(decode[type](rows![0]![0]!))).toEqual(type === 'json' ? JSON.parse(source) : expected);
    }
  }));

test('arrays of integers', () =>
  holds(fc.tuple(nullable(fc.integer({ min: -32768, max: 32767 })), nullable(int4), nullable(int8)), async arrays => {
    expect(await seenArray('int2', encode.int2Array(arrays[0]))).toEqual(texts(arrays[0]));
    expect(await seenArray('int4', encode.int4Array(arrays[1]))).toEqual(texts(arrays[1]));
    expect(await seenArray('int8', encode.int8Array(arrays[2]))).toEqual(texts(arrays[2]));
  }));

test('int4[] comes back as Int32Array', () =>
  holds(fc.int32Array(), async values => {
    const { back } = await echo('int4[]', encode.int4Array(values));
    expect(decode.int4Array(back)).toEqual(values);
  }));

test('arrays of uuid and text', () =>
  holds(fc.tuple(nullable(fc.uuid()), nullable(text)), async ([ids, values]) => {
    expect(await seenArray('uuid', encode.uuidArray(ids))).toEqual(ids);
    expect(await seenArray('text', encode.textArray(values))).toEqual(values);
  }));

test('arrays of bytea and varbit', () =>
  holds(fc.tuple(nullable(bytes), nullable(bits)), async ([blobs, strings]) => {
    expect(await seenArray('bytea', encode.byteaArray(blobs))).toEqual(blobs.map(blob => blob && hex(blob)));
    expect(await seenArray('varbit', encode.varbitArray(strings))).toEqual(strings.map(each => each && bitText(each)));
  }));

test('what is out of range or no value of the type is refused', () => {
  for (const id of [
    '',
    'x'.repeat(36),
    '0190a5b4-0000-7000-8000-00000000000g',
    '0190a5b4_0000-7000-8000-000000000000',
    '٠190a5b4-0000-7000-8000-000000000000',
  ]) {
    expect(() => encode.uuid(id)).toThrow('not a UUID');
  }
  for (const value of [2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN])
    expect(() => encode.int4(value)).toThrow('not an int4');
  for (const value of [2 ** 15, -(2 ** 15) - 1, 0.5]) expect(() => encode.int2(value)).toThrow('not an int2');
  for (const value of [2 ** 53, 0.5, Number.NaN]) expect(() => encode.int8(value)).toThrow('not a safe integer');
  expect(() => encode.varbit({ bytes: new Uint8Array(2), length: 8 })).toThrow('8 bits');
  expect(() => decode.int8(Uint8Array.of(127, 255, 255, 255, 255, 255, 255, 255))).toThrow('beyond a safe integer');
  expect(() => decode.int4(new Uint8Array(8))).toThrow('no int4');
  expect(() => decode.int4Array(encode.int4Array([1, null]))).toThrow('without nulls');
});
