// Rates as people write them, and the place of what is wrong with one.

import { describe, expect, test } from 'vitest';
import { checkRate } from '../../src/config/rate-value.js';

const checked = (text: string) => checkRate({ kind: 'text', text });

describe('a rate', () => {
  test.each([
    ['100 per +1m', { members: 100, perMs: 60_000, burst: 100 }],
    [' 100  PER\t+1m  Burst 20 ', { members: 100, perMs: 60_000, burst: 20 }],
    ['1 per +1S burst 1000000', { members: 1, perMs: 1, burst: 1_000_000 }],
    ['1000000 per +31d', { members: 1_000_000, perMs: 31 * 86_400_000, burst: 1_000_000 }],
    ['5 per +1H+30m', { members: 5, perMs: 90 * 60_000, burst: 5 }],
    ['Unlimited', 'unlimited'],
  ])('%s', (text, value) => {
    expect(checked(text)).toEqual({ ok: true, value });
    expect(checkRate({ kind: 'json', value: text })).toEqual({ ok: true, value });
  });

  test.each([
    ['0 per +1m', 'at character 1 is "0" (expected a whole number from 1 to 1,000,000)'],
    ['1000001 per +1m', 'at character 1 is "1000001" (expected a whole number from 1 to 1,000,000)'],
    ['-5 per +1m', 'at character 1 is "-5" (expected a whole number'],
    ['1.5 per +1m', 'at character 1 is "1.5" (expected a whole number'],
    ['100', 'at character 4 is the end (expected "per")'],
    ['100/+1m', 'at character 1 is "100/+1m" (expected a whole number'],
    ['100 every +1m', 'at character 5 is "every" (expected "per")'],
    ['100 per', 'at character 8 is the end (expected a relative time expression, such as +1m)'],
    ['100 per 1m', 'at character 9 is "1"'],
    ['100 per +1M', 'at character 9 is a step without a fixed length (expected + or - with one of w d H m s S'],
    ['100 per +1d+1y', 'at character 12 is a step without a fixed length'],
    ['100 per +32d', 'at character 9 is "+32d" (expected a time from a millisecond to 31 days)'],
    ['100 per +0m', 'at character 9 is "+0m" (expected a time from a millisecond to 31 days)'],
    ['100 per -1m', 'at character 9 is "-1m" (expected a time from'],
    ['100 per +1m burst', 'at character 18 is the end (expected a whole number'],
    ['100 per +1m burst many', 'at character 19 is "many" (expected a whole number'],
    ['100 per +1m burst 20 21', 'at character 22 is "21" (expected nothing more)'],
    ['100 per +1m 20', 'at character '],
    ['100 per burst 20', 'at character 9 is "b"'],
  ])('%s is refused', (text, message) => {
    const outcome = checked(text);
    expect(outcome).toMatchObject({ ok: false, code: 'VALUE_INVALID' });
    const told = outcome.ok ? '' : outcome.message;
    expect(told).toContain(`found "${text}", ${message}`);
    expect(told).toContain('; accepted is a rate such as 100 per +1m or 100 per +1m burst 20 (');
  });

  test.each([[100], [null], [['100 per +1m']], [{}], [true], ['']])('%j is refused', value => {
    expect(checkRate({ kind: 'json', value })).toMatchObject({ ok: false, code: 'VALUE_INVALID' });
  });
});
