// What an input may be: the same verdict as a slow, obvious reading of the rules.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Parsed } from '../../src/workflow/fault.js';
import { checkInput, checkInputText, inputBytesMax } from '../../src/workflow/input.js';
import { seed } from '../seed.js';

function told(parsed: Parsed<string>): string {
  return parsed.ok ? parsed.value : `${parsed.fault.code} ${parsed.fault.path}: ${parsed.fault.message}`;
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
}

test.each<[unknown, string]>([
  [{}, '{}'],
  [{ a: 1, b: [true, null, 'x'], c: { d: -0 } }, '{"a":1,"b":[true,null,"x"],"c":{"d":0}}'],
  [{ at: new Date(0), none: undefined }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  [
    { text: 'constructor "__proto__" \\u0000 \\ud800 \u0007 😀' },
    '{"text":"constructor \\"__proto__\\" \\\\u0000 \\\\ud800 \\u0007 😀"}',
  ],
  [{ toString: 1, protocol: 2 }, '{"toString":1,"protocol":2}'],
])('%j is accepted as its JSON', (value, text) => expect(told(checkInput(value))).toBe(text));

const cycle: Record<string, unknown> = { a: [] };
(cycle.a as unknown[]).push({ back: cycle });

test.each<[unknown, string]>([
  [undefined, ': an input is a JSON object, found undefined'],
  [null, ': an input is a JSON object, found null'],
  [[], ': an input is a JSON object, found a list'],
  ['{}', ': an input is a JSON object, found a string'],
  [7, ': an input is a JSON object, found 7'],
  [new Date(0), ': an input is a JSON object, found a "Date"'],
  [() => 1, ': an input is a JSON object, found a function'],
  [new Map([['a', 1]]), ': an input is JSON, found a "Map"'],
  [{ a: { b: new Set() } }, 'a.b: an input is JSON, found a "Set"'],
  [{ a: [1, { b: Number.NaN }] }, 'a[1].b: an input is JSON, found NaN'],
  [{ a: Number.NEGATIVE_INFINITY }, 'a: an input is JSON, found -Infinity'],
  [{ a: [1, undefined] }, 'a[1]: an input is JSON, found undefined'],
  [{ a: new Array(1) }, 'a[0]: an input is JSON, found undefined'],
  [{ a: 1n }, 'a: an input is JSON, found a bigint'],
  [{ a: { run() {} } }, 'a.run: an input is JSON, found a function'],
  [{ a: Symbol('x') }, 'a: an input is JSON, found a symbol'],
  [cycle, 'a[0].back: an input is JSON, found an object that holds itself'],
  [{ a: ['x\0'] }, 'a[0]: holds a NUL character'],
  [{ a: { 'x\0': 1 } }, 'a["x\\u0000"]: holds a NUL character'],
  [{ a: 'x\udfff' }, 'a: holds half a surrogate pair'],
  [{ '\ud800': 1 }, '["\\ud800"]: holds half a surrogate pair'],
  [JSON.parse('{"a":[{"__proto__":{"admin":true}}]}'), 'a[0].__proto__: the key "__proto__" is reserved'],
  [{ constructor: { prototype: { x: 1 } } }, 'constructor: the key "constructor" is reserved'],
  [{ a: { prototype: 1 } }, 'a.prototype: the key "prototype" is reserved'],
  [{ a: { toJSON: () => ({ ['__proto__']: 1 }) } }, 'a.__proto__: the key "__proto__" is reserved'],
])('%o is refused', (value, fault) => {
  expect(told(checkInput(value))).toBe(`INPUT_INVALID ${fault}`);
  expect(({} as Record<string, unknown>).admin).toBeUndefined();
});

test('a getter that throws is a fault with its words, made printable', () => {
  const value = {
    get a() {
      throw new Error('no\u001b');
    },
  };
  expect(told(checkInput(value))).toBe('INPUT_INVALID : an input is JSON; "no\\u001b"');
});

describe('bounds', () => {
  test('100 levels, by any way of nesting', () => {
    expect(checkInput(JSON.parse(nested(100))).ok).toBe(true);
    expect(told(checkInput(JSON.parse(nested(101))))).toBe('INPUT_INVALID : an input is nested at most 100 levels');
    expect(checkInput({ a: JSON.parse(`${'['.repeat(99)}${']'.repeat(99)}`) }).ok).toBe(true);
    expect(checkInput({ a: JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) }).ok).toBe(false);
    expect(told(checkInputText(nested(100_000)))).toBe('INPUT_INVALID : an input is nested at most 100 levels');
    let deep: unknown = {};
    for (let level = 0; level < 100_000; level++) deep = { a: deep };
    expect(told(checkInput(deep))).toBe('INPUT_INVALID a.a.a: an input is nested at most 100 levels');
  });

  test('brackets in text and brackets side by side are not depth', () => {
    expect(checkInput({ a: `${'[{"\\'.repeat(500)}` }).ok).toBe(true);
    expect(checkInput({ a: Array.from({ length: 1_000 }, () => [{}]) }).ok).toBe(true);
  });

  test('256 KiB in UTF-8', () => {
    const around = '{"a":""}'.length;
    expect(checkInput({ a: 'x'.repeat(inputBytesMax - around) }).ok).toBe(true);
    expect(told(checkInput({ a: 'x'.repeat(inputBytesMax - around + 1) }))).toContain(
      'at most 262144 bytes as JSON, found 262145',
    );
    expect(checkInput({ a: '語'.repeat((inputBytesMax - around) / 3) }).ok).toBe(true);
    expect(checkInput({ a: '語'.repeat((inputBytesMax - around) / 3 + 1) }).ok).toBe(false);
    expect(told(checkInputText(' '.repeat(1_048_577)))).toContain('at most 1048576 characters');
  });
});

describe('checkInputText', () => {
  test.each([
    [' { "a" : 1.0, "a": 2 } ', '{"a":2}'],
    ['{"a":"\\u0041"}', '{"a":"A"}'],
    ['[]', 'INPUT_INVALID : an input is a JSON object, found a list'],
    ['{"\\u005f_proto__":1}', 'INPUT_INVALID __proto__: the key "__proto__" is reserved'],
    ['{"a":"\\u0000"}', 'INPUT_INVALID a: holds a NUL character'],
    ['{"a":1e999}', 'INPUT_INVALID a: an input is JSON, found Infinity'],
  ])('%s', (text, expected) => expect(told(checkInputText(text))).toBe(expected));

  test.each(['', '{', '{a:1}', '{"a":NaN}', '{"a":1}}', '\u001b[2J'])('%j is not JSON', text => {
    const fault = told(checkInputText(text));
    expect(fault).toMatch(/^INPUT_INVALID : an input is JSON; "/);
    expect(fault).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
  });
});

test(`any value is refused, or comes back from its text as JSON says (seed ${seed})`, () => {
  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'a'),
  );
  const anything = fc.dictionary(
    key,
    fc.anything({
      key,
      withBigInt: true,
      withMap: true,
      withSet: true,
      withDate: true,
      withSparseArray: true,
      withNullPrototype: true,
    }),
    { maxKeys: 3 },
  );
  fc.assert(
    fc.property(anything, value => {
      const parsed = checkInput(value);
      if (!parsed.ok) return;
      expect(parsed.value).toBe(JSON.stringify(value));
      expect(parsed.value).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])|"(?:__proto__|constructor|prototype)":/);
      expect(checkInputText(parsed.value)).toEqual(parsed);
    }),
    { numRuns: 3_000 },
  );
});

test(`every JSON object without reserved keys is accepted (seed ${seed})`, () => {
  const json = fc.dictionary(
    fc.string().filter(key => !/^(__proto__|constructor|prototype)$/.test(key)),
    fc.jsonValue(),
  );
  const isReserved = (text: string) => /"(__proto__|constructor|prototype)":/.test(text);
  fc.assert(
    fc.property(json, value => {
      const text = JSON.stringify(value);
      fc.pre(!isReserved(text));
      expect(checkInput(value)).toEqual({ ok: true, value: text });
    }),
    { numRuns: 1_000 },
  );
});
