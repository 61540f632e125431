// Laws of three-valued logic, and what any text and any variables must leave true.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition, parseCondition, type Truth } from '../../../src/flow/condition/index.js';
import { seed } from '../../seed.js';

function evaluate(text: string, variables: Readonly<Record<string, unknown>>): Truth {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
  return compileCondition(parsed.value)(variables);
}

const truths: readonly Truth[] = [true, false, null];

describe('three-valued laws, of all truth values', () => {
  test.for([
    ['NOT (NOT a)', 'a'],
    ['a AND b', 'b AND a'],
    ['a OR b', 'b OR a'],
    ['a AND (b AND c)', '(a AND b) AND c'],
    ['a OR (b OR c)', '(a OR b) OR c'],
    ['a AND (b OR c)', '(a AND b) OR (a AND c)'],
    ['a OR (b AND c)', '(a OR b) AND (a OR c)'],
    ['NOT (a AND b)', 'NOT a OR NOT b'],
    ['NOT (a OR b)', 'NOT a AND NOT b'],
    ['a AND TRUE', 'a'],
    ['a OR FALSE', 'a'],
    ['a AND FALSE', 'FALSE'],
    ['a OR TRUE', 'TRUE'],
    ['a AND a', 'a'],
    ['a OR a', 'a'],
    ['a AND (a OR b)', 'a'],
    ['a OR (a AND b)', 'a'],
    ['a = TRUE', 'a'],
    ['a = FALSE', 'NOT a'],
    ['(a IS NULL) OR a OR NOT a', 'TRUE'],
    ['(a IS NULL) IS NULL', 'FALSE'],
    ['NOT (a IS NULL)', 'a IS NOT NULL'],
  ])('%s is %s', ([left, right]) => {
    for (const a of truths)
      for (const b of truths)
        for (const c of truths)
          expect([a, b, c, evaluate(left!, { a, b, c })]).toEqual([a, b, c, evaluate(right!, { a, b, c })]);
  });
});

const value = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.string({ maxLength: 3 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 }),
  fc.constant({ a: 1 }),
);

describe('laws of predicates, of any JSON', () => {
  test.for([
    ['a = b', 'b = a'],
    ['a <> b', 'b <> a'],
    ['a < b', 'b > a'],
    ['a <= b', 'b >= a'],
    ['a BETWEEN b AND c', 'a >= b AND a <= c'],
    ['a NOT BETWEEN b AND c', 'NOT (a BETWEEN b AND c)'],
    ['a NOT IN (b, c)', 'NOT (a IN (b, c))'],
    ["a NOT LIKE '%1_'", "NOT (a LIKE '%1_')"],
    ['a IN (b, c)', 'a IN (c, b)'],
    ['a IN (b, c)', 'a IN (b) OR a IN (c)'],
    ["a LIKE '%_'", "a LIKE '_%'"],
    ['a + b = b + a', 'b + a = a + b'],
    ['a != b', 'a <> b'],
  ])(`%s is %s (seed ${seed})`, ([left, right]) => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(evaluate(left!, { a, b, c })).toBe(evaluate(right!, { a, b, c }));
      }),
      { numRuns: 300 },
    );
  });

  test(`where types are alike, <> is not = (seed ${seed})`, () => {
    const alike = fc.oneof(
      fc.tuple(fc.integer(), fc.integer()),
      fc.tuple(fc.string(), fc.string()),
      fc.tuple(fc.boolean(), fc.boolean()),
    );
    fc.assert(
      fc.property(alike, ([a, b]) => {
        expect(evaluate('a <> b', { a, b })).toBe(evaluate('NOT a = b', { a, b }));
      }),
    );
  });
});

describe('LIKE', () => {
  test(`is what a walk over all possibilities says (seed ${seed})`, () => {
    const letter = fc.constantFrom('a', 'b', '😀');
    const pattern = fc.array(fc.oneof(letter, fc.constantFrom('%', '_')), { maxLength: 8 });
    const matches = (text: readonly string[], wanted: readonly string[]): boolean => {
      const [head, ...rest] = wanted;
      if (head === undefined) return text.length === 0;
      if (head === '%') return text.some((_, at) => matches(text.slice(at), rest)) || matches([], rest);
      return text.length > 0 && (head === '_' || head === text[0]) && matches(text.slice(1), rest);
    };
    fc.assert(
      fc.property(fc.array(letter, { maxLength: 10 }), pattern, (text, wanted) => {
        expect(evaluate(`a LIKE '${wanted.join('')}'`, { a: text.join('') })).toBe(matches(text, wanted));
      }),
      { numRuns: 3_000 },
    );
  });

  test(`finds long pieces with _ anywhere (seed ${seed})`, () => {
    const long = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 30, maxLength: 100 });
    fc.assert(
      fc.property(long, long, long, fc.array(fc.nat(99)), (before, piece, behind, holes) => {
        const wanted = [...piece].map((each, index) => (holes.includes(index) ? '_' : each)).join('');
        const text = `${before}${piece}${behind}`;
        expect(evaluate(`a LIKE '%${wanted}%'`, { a: text })).toBe(true);
        const expression = new RegExp(wanted.replaceAll('_', '.'));
        expect(evaluate(`a LIKE '%${wanted}%'`, { a: before + behind })).toBe(expression.test(before + behind));
      }),
      { numRuns: 500 },
    );
  });
});

describe('any text', () => {
  test(`is read or refused with a place inside it (seed ${seed})`, () => {
    const words = [
      'a',
      'AND',
      'OR',
      'NOT',
      'IN',
      '(',
      ')',
      ',',
      '=',
      '<',
      "'x'",
      "'",
      '1',
      '.5',
      '-',
      'LIKE',
      'IS',
      'NULL',
    ];
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words, 'BETWEEN', '[', ']', '.', '*', '😀', '\n')).map(parts => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, written => {
        const parsed = parseCondition(written);
        if (parsed.ok) {
          expect([true, false, null]).toContain(compileCondition(parsed.value)({ a: 1, x: ['a'] }));
          return;
        }
        const { line, column } = parsed.fault;
        const there = written.split('\n')[line! - 1];
        expect(column).toBeLessThanOrEqual([...there!].length + 1);
        expect(parsed.fault.message).toMatch(/^at character \d+: [^\n]+ \(expected [^\n]+\)$/);
      }),
      { numRuns: 3_000 },
    );
  });
});
