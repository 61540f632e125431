// Which variables a condition looks at: all of its names, wherever they stand.

import { expect, test } from 'vitest';
import { namesOf } from '../../../src/flow/condition/names.js';
import { parseCondition } from '../../../src/flow/condition/parse.js';

function names(text: string): string[] {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return [...namesOf(parsed.value)].sort();
}

test.each([
  ['', []],
  ['1 < 2', []],
  ['a', ['a']],
  ['result.x = RESULT.y', ['RESULT']],
  ['NOT (a = 1 AND b > -c OR d IS NULL)', ['a', 'b', 'c', 'd']],
  ['a + b * c - d / 2 < e', ['a', 'b', 'c', 'd', 'e']],
  ['a BETWEEN b AND c', ['a', 'b', 'c']],
  ["a IN ('x', b) AND c IN d", ['a', 'b', 'c', 'd']],
  ["a LIKE 'b%' AND c.list[0].d NOT LIKE '_'", ['a', 'c']],
])('%s', (text, expected) => {
  expect(names(text)).toEqual(expected);
});
