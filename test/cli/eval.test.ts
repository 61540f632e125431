// millrace eval: verdicts, and what is refused.

import { describe, expect, test, vi } from 'vitest';
import { world } from './setup.js';

vi.setConfig({ testTimeout: 120_000 });

describe('verdicts', () => {
  test.for<[string, string[], string]>([
    ['true', ['result.salary >= 5000', '--vars', '{"RESULT":{"salary":6000}}'], 'true\n'],
    ['false', ["name LIKE 'A%'", '--vars', '{"name":"Bo"}'], 'false\n'],
    ['unknown', ['missing = 1'], 'unknown\n'],
    ['unknown as JSON', ['1/0 > 0', '--json'], '{"value":null}\n'],
    ['true as JSON', ["'it''s' = x", '--vars', '{"x":"it\'s"}', '--json'], '{"value":true}\n'],
    ['false as JSON', ['NOT flag', '--vars', '{"flag":true}', '--json'], '{"value":false}\n'],
    ['nothing always holds', [''], 'true\n'],
    ['a condition that begins with -', ['--vars', '{"x":-2}', '--', '-x = 2'], 'true\n'],
  ])('%s', async ([, args, stdout], context) => {
    expect(await world(context).millrace('eval', ...args)).toEqual({ code: 0, stdout, stderr: '' });
  });

  test('variables of a file, and of standard input', async context => {
    const own = world(context);
    own.file('variables.json', '{\n  "cities": ["Bern", "Chur"]\n}\n');
    const answer = { code: 0, stdout: 'true\n', stderr: '' };
    expect(await own.millrace('eval', "'Chur' IN cities", '--vars', '@variables.json')).toEqual(answer);
    expect(await own.feed('{"cities":["Chur"]}', 'eval', "'Chur' IN cities", '--vars', '-')).toEqual(answer);
    expect(own.exists('millrace-data')).toBe(false);
  });
});

describe('refused, with exit code 2', () => {
  test.for<[string, string[], string[]]>([
    [
      'a bad condition: a caret under the character',
      ['a = 1 AND b ==2'],
      ['1:14 at character 14: "=" (expected a value) (CONDITION_INVALID)', '  a = 1 AND b ==2', '               ^'],
    ],
    [
      'on another line',
      ["a = '😀'\n  AND"],
      [
        '2:6 at character 14: the end (expected NOT or a value) (CONDITION_INVALID)',
        "  a = '😀'   AND",
        '               ^',
      ],
    ],
    ['variables that are no JSON', ['a', '--vars', '{a:1}'], ['--vars:1:2 ']],
    ['variables that are no object', ['a', '--vars', '7'], ['--vars:1:1 ']],
    ['several objects', ['a', '--vars', '[{},{}]'], ['--vars: must be one JSON object, found 2 (INPUT_INVALID)']],
    ['a key that reaches a prototype', ['a', '--vars', '{"__proto__":{}}'], ['--vars:1:2 __proto__: the key']],
    ['a file that is not there', ['a', '--vars', '@none.json'], ['none.json: cannot be read: ENOENT']],
    ['no condition', [], ["error: missing required argument 'condition'"]],
  ])('%s', async ([, args, lines], context) => {
    const { code, stdout, stderr } = await world(context).millrace('eval', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const said = stderr.split('\n');
    for (const [index, line] of lines.entries()) expect(said[index]).toContain(line);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
