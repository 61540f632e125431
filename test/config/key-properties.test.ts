// The properties of keys: what they may be, and what is said of what they may not.

import { describe, expect, test } from 'vitest';
import { checkKeyOrder, checkKeyWeights } from '../../src/config/key-properties.js';
import { checkKeyLimit } from '../../src/config/limit-value.js';
import { ordersOf } from '../../src/config/order-properties.js';
import type { Raw } from '../../src/config/raw-value.js';
import type { Json } from '../../src/workflow/model.js';
import { parse, treeOf } from './surroundings.js';

const text = (value: string): Raw => ({ kind: 'text', text: value });
const json = (value: Json): Raw => ({ kind: 'json', value });

describe('rules for the keys of a branch', () => {
  const rules = (lines: string) => {
    const orders = ordersOf(treeOf(parse(lines, 'runtime.properties')));
    return Object.fromEntries([...orders].map(([branch, { keys }]) => [branch, keys]));
  };

  test('are of each branch that says something of keys; what it does not say it has from above', () => {
    const weights = { of: new Map([['a', 4]]), others: 1 };
    const all =
      '/KEY_ORDER=strict\n/a/KEY_CONCURRENCY_THROTTLE=3\n/a/KEY_RATE=10 per +1m burst 2\n' +
      '/a/b/KEY_WEIGHTS=a=4\n/a/b/KEY_ORDER=none\n/a/c/PRIORITY=1';
    const rate = { members: 10, perMs: 60_000, burst: 2 };
    expect(rules(all)).toEqual({
      '/': { each: { clusterWide: null, rate: null }, weights: null, isStrict: true },
      '/a/': { each: { clusterWide: 3, rate }, weights: null, isStrict: true },
      '/a/b/': { each: { clusterWide: 3, rate }, weights, isStrict: false },
      '/a/c/': null,
    });
  });

  test('are none where all of it is taken off, and keys are apart there all the same', () => {
    const off = '/a/KEY_CONCURRENCY_THROTTLE=unlimited\n/a/KEY_RATE=unlimited\n/a/KEY_WEIGHTS=none\n/a/KEY_ORDER=none';
    expect(rules(`/KEY_WEIGHTS=*=2\n/KEY_RATE=1 per +1s\n${off}`)).toMatchObject({
      '/': { weights: { others: 2 } },
      '/a/': { each: { clusterWide: null, rate: null }, weights: null, isStrict: false },
    });
  });
});

describe('properties of keys', () => {
  test('a limit of each key is one or more, or unlimited', () => {
    for (const [raw, value] of [
      [text(' 3 '), 3],
      [json(1), 1],
      [json('Unlimited'), 'unlimited'],
      [text('999999999'), 999_999_999],
    ] as const) {
      expect(checkKeyLimit(raw)).toEqual({ ok: true, value });
    }
    for (const raw of [text('0'), json(0), json('3'), json(1.5), text('-1'), text(''), json(true), json(1e9)]) {
      expect(checkKeyLimit(raw)).toMatchObject({
        code: 'VALUE_INVALID',
        message: expect.stringMatching(/accepted is a whole number from 1 to 999,999,999, or unlimited$/),
      });
    }
  });

  test('the order of a key is strict, or none', () => {
    expect(checkKeyOrder(text('Strict '))).toEqual({ ok: true, value: 'strict' });
    expect(checkKeyOrder(json('none'))).toEqual({ ok: true, value: 'none' });
    expect(checkKeyOrder(json(true))).toMatchObject({ message: 'found true, accepted is strict or none' });
  });

  test('weights are by key, others beside; a key may have "=" and blanks in it', () => {
    const weights = (raw: Raw) => checkKeyWeights(raw);
    expect(weights(text('tenant-a=4, tenant-b = 2 ,*=3'))).toEqual({
      ok: true,
      value: {
        of: new Map([
          ['tenant-a', 4],
          ['tenant-b', 2],
        ]),
        others: 3,
      },
    });
    expect(weights(json('a=b c=1000'))).toEqual({ ok: true, value: { of: new Map([['a=b c', 1_000]]), others: 1 } });
    expect(weights(json('*=1'))).toEqual({ ok: true, value: { of: new Map(), others: 1 } });
    expect(weights(text('None'))).toEqual({ ok: true, value: 'none' });
  });

  test.each<[Json, RegExp]>([
    ['a', /^"a" has no "="; accepted are keys and their weights, such as /],
    ['a=1,', /^"" has no "="/],
    ['=4', /^"=4" has no key/],
    ['a=0', /^"a=0" has no weight from 1 to 1,000 /],
    ['a=1001', /has no weight/],
    ['a=1.5', /has no weight/],
    ['a=1, a=2', /^"a=2" has a key that is there before/],
    [`${'x'.repeat(129)}=1`, /has a key of more than 128 bytes/],
    ['\u0007=1', /control characters/],
    ['', /^found nothing, /],
    [{ a: 4 }, /^found a map, /],
    [4, /^found 4, /],
  ])('%j is refused with what is wrong of it', (value, message) => {
    expect(checkKeyWeights(json(value))).toMatchObject({
      code: 'VALUE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('of too many keys none has a weight', () => {
    const many = Array.from({ length: 10_001 }, (_, at) => `k${at}=1`).join(',');
    expect(checkKeyWeights(json(many))).toMatchObject({ code: 'TOO_LARGE' });
  });
});
