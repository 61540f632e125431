// Conditions that others wrote: selectors of message brokers' test suites, with variables and verdicts.

import { describe, expect, test } from 'vitest';
import { compileCondition, parseCondition } from '../../../src/flow/condition/index.js';
import { absent, sharedCases } from '../../time/shared-cases.js';

interface Case {
  readonly src: string;
  readonly expr: string;
  /** `true` or `false` (unknown counts as false) for the variables; `valid` and `invalid` are about the text alone. */
  readonly expected: boolean | 'valid' | 'invalid';
  readonly env: Readonly<Record<string, unknown>>;
}

const file = 'corpora/conditions.json';
const cases = sharedCases<readonly Case[]>(file);

/** Where we differ, and the decision that says so. */
const decided: Readonly<Record<string, string>> = {
  '17/4=4': 'numbers are doubles: 17/4 is 4.25',
};

function verdictOf({ expr, expected, env }: Case): Case['expected'] {
  const parsed = parseCondition(expr);
  if (!parsed.ok) return 'invalid';
  if (typeof expected === 'string') return 'valid';
  return compileCondition(parsed.value)(env) === true;
}

describe(`conditions of ActiveMQ, Artemis and Qpid${absent(cases, file)}`, () => {
  test.skipIf(cases === undefined)('agree, but where it was decided otherwise', () => {
    const different = cases!.filter(each => verdictOf(each) !== each.expected);
    expect(different.filter(({ expr }) => decided[expr] === undefined)).toEqual([]);
    expect(cases!.length).toBeGreaterThan(300);
  });
});
