// Bad definitions, inputs, options and targets: exit code 2, a message that names the place, and nothing stored.

import { expect, test, vi } from 'vitest';
import { examples, oneCall, type World, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

const hello = `${examples}hello.yaml`;
const oneAction = '"actions": [{"name": "a", "type": "null"}], "flows": []';

/** Refused with these lines (or beginnings of lines), no stack, and no data folder made. */
async function expectRefused(
  own: World,
  args: readonly string[],
  expected: readonly (string | RegExp)[],
): Promise<void> {
  const { code, stdout, stderr } = await own.millrace(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const said = stderr.trimEnd().split('\n');
  expect(said).toHaveLength(expected.length);
  for (const [index, line] of expected.entries()) expect(said[index]).toMatch(line);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(own.exists('millrace-data')).toBe(false);
}

const definitions: Record<string, { text: string | Uint8Array; expected: (string | RegExp)[] }> = {
  'a flow to an action that is not there': {
    text: 'workflow: /bad\nactions:\n  one:\n    type: "null"\n    next: tow\n  two:\n    type: "null"\n',
    expected: ['bad:5:11 actions.one.next: no action is named "tow"; did you mean "two"? (FLOW_TARGET_UNKNOWN)'],
  },
  'wrong types and priority 0, all at once': {
    text: '{\n "name": "/bad",\n "priority": 0,\n "actions": [{"name": "a", "type": "null", "timeoutMs": "soon"}],\n "flows": 7\n}',
    expected: [
      'bad:3:14 priority: found 0, accepted is a whole number from 1 to 10,000 (VALUE_INVALID)',
      'bad:4:57 actions[0].timeoutMs: found "soon"',
      'bad:5:11 flows: found 7, accepted is a list (VALUE_INVALID)',
    ],
  },
  'texts that are no scripts': {
    text: "workflow: /bad\nactions:\n  one:\n    type: script\n    script: |\n      const n = 1;\n      let m = (n;\n    prescript: 'return'\n",
    expected: [
      "bad:7:17 actions.one.script: line 2, column 11 of the script: SyntaxError: expecting ')' (SCRIPT_INVALID)",
      /^bad:8:17 actions\.one\.prescript: line 1, column 1 of the script: SyntaxError: .* \(SCRIPT_INVALID\)$/,
    ],
  },
  'an action of no known type': {
    text: 'workflow: /bad\nactions:\n  one:\n    type: dance\n',
    expected: [/^bad:4:11 actions\.one\.type: found "dance"/],
  },
  'a module of a body that is not there': {
    text: 'workflow: /bad\nactions:\n  e:\n    type: forEach\n    items: []\n    body:\n      actions:\n        - { name: x, type: call, module: ./nope.mjs, function: f }\n',
    expected: [
      'bad:8:42 actions.e.body.actions.x.module: there is no file "./nope.mjs" beside the definition (MODULE_INVALID)',
    ],
  },
  'a join that never goes on': {
    text: 'workflow: /bad\nactions:\n  a: { type: null, next: j }\n  j: { type: null, join: 2 of 1 }\n',
    expected: [
      'bad:4:26 actions.j.join: "2 of 1" is more than there are inbound flows; accepted is "1 of 1" (JOIN_NEVER)',
    ],
  },
  'a module that is not there': {
    text: 'workflow: /bad\nactions:\n  one:\n    type: call\n    module: ./nope.mjs\n    function: f\n',
    expected: ['bad:5:13 actions.one.module: there is no file "./nope.mjs" beside the definition (MODULE_INVALID)'],
  },
  'depth 10,000': {
    text: `{"name": "/bad", "actions": ${'['.repeat(10_000)}${']'.repeat(10_000)}, "flows": []}`,
    expected: [/^bad:1:\d+ .*nested deeper than 100 levels \(TOO_DEEP\)$/],
  },
  '20 MB': {
    text: `workflow: /bad\ndescription: ${'x'.repeat(20_000_000)}\n`,
    expected: ['bad:1:1 the file is larger than 1048576 characters (TOO_LARGE)'],
  },
  'a key that reaches a prototype': {
    text: `{"name": "/bad",\n "__proto__": {"priority": 1}, ${oneAction}}`,
    expected: ['bad:2:2 __proto__: the key "__proto__" is reserved (KEY_RESERVED)'],
  },
  'a NUL character': {
    text: `{"name": "/bad",\n "description": "a\\u0000b", ${oneAction}}`,
    expected: ['bad:2:17 description: holds a NUL character (TEXT_INVALID)'],
  },
  'a lone surrogate': {
    text: `{"name": "/bad",\n "description": "a\\ud800b", ${oneAction}}`,
    expected: [/^bad:2:17 description: .*surrogate.* \(TEXT_INVALID\)$/],
  },
  'bytes that are not UTF-8': {
    text: Buffer.from('workflow: /bad\ndescription: "a\xff"\n', 'latin1'),
    expected: ['bad:2:16 holds a byte that is not UTF-8 (TEXT_INVALID)'],
  },
  'not YAML': { text: 'workflow: [', expected: [/^bad:1:\d+ .*\(SYNTAX\)$/] },
  'a name with dots': {
    text: 'workflow: /a/../b\nactions:\n  one:\n    type: "null"\n',
    expected: [/^bad:1:11 workflow: .*\(NAMESPACE_INVALID\)$/],
  },
};

test.concurrent.for(Object.entries(definitions))('definition: %s', async ([, { text, expected }], context) => {
  const own = world(context);
  own.file('bad', text);
  await Promise.all(['run', 'verify'].map(command => expectRefused(own, [command, 'bad'], expected)));
});

test.concurrent('definition: no file, a folder, and verify of several as JSON', async context => {
  const own = world(context);
  await expectRefused(
    own,
    ['run', 'nope.yaml'],
    ['nope.yaml: cannot be read: there is no such file (FILE_UNREADABLE)'],
  );
  await expectRefused(own, ['run', '.'], [/^\.: cannot be read: EISDIR/]);
  own.file('bad.yaml', 'workflow: bad\nactions: {}\n');
  const { code, stdout, stderr } = await own.millrace('verify', hello, 'bad.yaml', '--json');
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  const { files } = JSON.parse(stdout) as { files: { workflow: string | null; faults: Record<string, unknown>[] }[] };
  expect(files[0]).toMatchObject({ workflow: '/examples/hello', faults: [] });
  expect(files[1]!.workflow).toBeNull();
  expect(files[1]!.faults[0]).toMatchObject({
    code: 'NAMESPACE_INVALID',
    file: 'bad.yaml',
    line: 1,
    column: 11,
    path: 'workflow',
  });
});

const inputs: Record<string, { name: string; text: string | Uint8Array; expected: (string | RegExp)[] }> = {
  'depth 10,000': {
    name: 'in.json',
    text: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    expected: [/^in\.json:1:\d+ a\.a\.a: an input is nested at most 100 levels \(INPUT_INVALID\)$/],
  },
  '20 MB': {
    name: 'in.json',
    text: `{"text":\n"${'x'.repeat(20_000_000)}"}`,
    expected: [/^in\.json:1:1 input: an input's text has at most 1,048,576 characters/],
  },
  'too long': {
    name: 'in.json',
    text: `[{},\n {"text": "${'x'.repeat(300_000)}"}]`,
    expected: [
      /^in\.json:2:2 record 1: input: an input has at most 262144 bytes as JSON, found 300011 \(INPUT_INVALID\)$/,
    ],
  },
  'all faults of a list, each with record, line and field': {
    name: 'in.json',
    text: '[{"a": 1},\n {"b": {"__proto__": 1}},\n {"c": [0, "\\u0000"]}, {"d": "\\ud800"}, 7,\n {"constructor": 1},\n {"e": 1,}]',
    expected: [
      'in.json:2:9 record 1: b.__proto__: the key "__proto__" is reserved (INPUT_INVALID)',
      'in.json:3:12 record 2: c[1]: holds a NUL character (INPUT_INVALID)',
      'in.json:3:25 record 3: d: holds half a surrogate pair (INPUT_INVALID)',
      'in.json:3:41 record 4: input: an input is a JSON object, found 7 (INPUT_INVALID)',
      'in.json:4:3 record 5: constructor: the key "constructor" is reserved (INPUT_INVALID)',
      'in.json:5:10 record 6: is not JSON: found "}", expected a key in double quotes (INPUT_INVALID)',
    ],
  },
  'a line of NDJSON': {
    name: 'in.ndjson',
    text: '{"a": 1}\n\n{"a": \n',
    expected: ['in.ndjson:3:6 record 1: is not JSON: the text ends, expected a value (INPUT_INVALID)'],
  },
  'bytes that are not UTF-8': {
    name: 'in.ndjson',
    text: Buffer.from('{"a": 1}\n{"a": "\xff"}\n', 'latin1'),
    expected: ['in.ndjson:2:8 holds a byte that is not UTF-8 (INPUT_INVALID)'],
  },
  'a list without an end': {
    name: 'in.json',
    text: '[{"a": 1},\n {"a": 2}',
    expected: ['in.json:2:10 the list is not closed with "]" (INPUT_INVALID)'],
  },
  'something behind the list': {
    name: 'in.json',
    text: '[{"a": 1}]\n x',
    expected: ['in.json:2:2 something follows the end of the list (INPUT_INVALID)'],
  },
  'an empty list': { name: 'in.json', text: '[]', expected: ['in.json: holds no record (INPUT_INVALID)'] },
};

test.concurrent.for(Object.entries(inputs))('input: %s', async ([, { name, text, expected }], context) => {
  const own = world(context);
  own.file(name, text);
  await expectRefused(own, ['run', hello, '--input', `@${name}`], expected);
});

test.concurrent('input on the command line and from standard input', async context => {
  const own = world(context);
  await expectRefused(
    own,
    ['run', hello, '--input', '{"a":1'],
    ['--input:1:7 is not JSON: the text ends, expected "," or "}"'],
  );
  await expectRefused(own, ['run', hello, '--input', '7'], ['--input:1:1 input: an input is a JSON object, found 7']);
  await expectRefused(own, ['run', hello, '--input', '@nope.json'], ['nope.json: cannot be read: ENOENT']);
  const { code, stderr } = await own.feed('{"a":"\\u0000"}', 'run', hello, '--input', '-');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'standard input:1:2 a: holds a NUL character (INPUT_INVALID)\n',
  });
});

test.concurrent('refused on a folder in use before: what it holds stays as it was', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return 1;');
  await own.millrace('run', flow, '--input', '[{},{}]', '--quiet');
  const { code } = await own.millrace('run', flow, '--input', '[{"a":1},{"a":"\\u0000"}]');
  expect(code).toBe(2);
  expect(await own.counts()).toEqual({ '/test/flow finished': 2 });
});

test.concurrent('an input larger than is checked beforehand: what stood before the fault is stored and run, and it says so', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return 1;');
  const line = `{"text":"${'x'.repeat(250_000)}"}\n`;
  own.file('in.ndjson', `${line.repeat(270)}{"text":"\\u0000"}\n${line}`);
  const { code, stderr, stdout } = await own.millrace('run', flow, '--input', '@in.ndjson');
  expect(code).toBe(2);
  expect(stderr).toContain('in.ndjson:271:2 record 270: text: holds a NUL character (INPUT_INVALID)\n');
  expect(stderr).toContain('submitting stopped there; the 270 instances before it were stored and run\n');
  expect(stdout).toMatch(/finished +270\n/);
});

test.concurrent('options and commands that are not there get a suggestion; values out of range are named', async context => {
  const own = world(context);
  await expectRefused(
    own,
    ['run', hello, '--cuont', '3'],
    [/^error: unknown option '--cuont'/, '(Did you mean --count?)', /--help/],
  );
  await expectRefused(own, ['lst'], [/^error: unknown command 'lst'/, '(Did you mean list?)', /--help/]);
  await expectRefused(own, ['run', hello, '--count', '-1'], [/'-1' is invalid. It must be a whole number/, /--help/]);
  await expectRefused(
    own,
    ['run', hello, '--threads', '999'],
    ['OPTION_INVALID: threads: 999 must be a whole number from 1 to 256'],
  );
  await expectRefused(own, ['audit', '--since', 'yesterday'], ['--since yesterday: must be a time such as']);
});

test.concurrent('a folder without a store is not made one by looking', async context => {
  const own = world(context);
  for (const args of [['list'], ['audit'], ['show', 'x'], ['pause', '/']]) {
    await expectRefused(own, args, ['--data millrace-data: holds no store; run a workflow with this folder first']);
  }
  await expectRefused(own, ['list', '--data', 'memory'], ['--data memory: nothing is kept in memory']);
});
