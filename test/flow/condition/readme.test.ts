// The README of conditions says what is so.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  compileCondition,
  conditionDepthMax,
  conditionLengthMax,
  parseCondition,
} from '../../../src/flow/condition/index.js';

const readme = readFileSync(new URL('../../../src/flow/condition/README.md', import.meta.url), 'utf8');

test('every example gives what it says', () => {
  const variables = JSON.parse(/```json\n([^`]*)```/.exec(readme)![1]!);
  const rows = [...readme.matchAll(/^\| `(.*?)` \| (true|false|unknown) \|/gm)];
  expect(rows.length).toBeGreaterThan(35);
  for (const [, condition, expected] of rows) {
    const parsed = parseCondition(condition!);
    if (!parsed.ok) throw new Error(`${condition}: ${parsed.fault.message}`);
    expect([condition, String(compileCondition(parsed.value)(variables) ?? 'unknown')]).toEqual([condition, expected]);
  }
});

test('the bounds are those', () => {
  expect(readme).toContain(
    `at most ${conditionLengthMax.toLocaleString('en-US')} characters and ${conditionDepthMax} brackets`,
  );
});
