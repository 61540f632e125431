// The file format: what people write, what it becomes, and the line and column of every fault.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { seed } from '../seed.js';
import { actionTypes, flowKinds } from './accepted.js';

function definitionOf(text: string): unknown {
  const loaded = loadDefinition(text, 'a.yaml');
  return 'definition' in loaded ? loaded.definition : loaded.faults.map(formatFault);
}

function faultsOf(text: string): string[] {
  const loaded = loadDefinition(text, 'a.yaml');
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

const written = `
workflow: /flights/score
description: Scores a flight
priority: 10
module: ./flights.mjs
actions:
  score:
    type: call
    function: score
    timeoutMs: 5000
    retry: { retries: 3, delayMs: 200 }
    next: wait
  wait: { type: null, next: publish }
  publish: { type: console, message: "done", transactionBreak: true }
`;

const canonical = {
  name: '/flights/score',
  description: 'Scores a flight',
  priority: 10,
  module: './flights.mjs',
  actions: [
    { name: 'score', type: 'call', function: 'score', timeoutMs: 5_000, retry: { retries: 3, delayMs: 200 } },
    { name: 'wait', type: 'null' },
    { name: 'publish', type: 'console', message: 'done', transactionBreak: true },
  ],
  flows: [
    { from: 'score', to: 'wait' },
    { from: 'wait', to: 'publish' },
  ],
};

describe('what is accepted', () => {
  test('the short form', () => expect(definitionOf(written)).toEqual(canonical));

  test('the model itself, as JSON with tabs and as YAML', () => {
    expect(definitionOf(JSON.stringify(canonical, null, '\t'))).toEqual(canonical);
    expect(definitionOf(JSON.stringify(canonical))).toEqual(canonical);
  });

  test('mixtures: a list with next, a map with flows, name for workflow', () => {
    const list = 'name: /a\nactions:\n  - {name: a, type: null, next: b}\n  - {name: b, type: null}\n';
    const map = 'workflow: /a\nactions:\n  a: {type: "null"}\n  b: {type: null}\nflows: [{from: a, to: b}]\n';
    expect(definitionOf(list)).toEqual(definitionOf(map));
    expect(definitionOf(list)).toMatchObject({ flows: [{ from: 'a', to: 'b' }] });
  });

  test('bodies of for-each actions, in the short form and in that of the model', () => {
    const short = `workflow: /a
actions:
  each:
    type: forEach
    items: [1, 2]
    body:
      actions:
        look: { type: null, next: { to: inner, condition: item > 1 } }
        inner:
          type: forEach
          from: 1
          to: 3
          body: { actions: { x: { type: null, next: [y] }, y: { type: console, message: y } } }
    next: after
  after: { type: null }
`;
    const inner = {
      name: 'inner',
      type: 'forEach',
      from: 1,
      to: 3,
      body: {
        actions: [
          { name: 'x', type: 'null' },
          { name: 'y', type: 'console', message: 'y' },
        ],
        flows: [{ from: 'x', to: 'y' }],
      },
    };
    const body = {
      actions: [{ name: 'look', type: 'null' }, inner],
      flows: [{ from: 'look', to: 'inner', condition: 'item > 1' }],
    };
    const long = {
      name: '/a',
      actions: [
        { name: 'each', type: 'forEach', items: [1, 2], body },
        { name: 'after', type: 'null' },
      ],
      flows: [{ from: 'each', to: 'after' }],
    };
    expect(definitionOf(short)).toEqual(long);
    expect(definitionOf(JSON.stringify(long))).toEqual(long);
  });

  test('anchors and aliases, comments, a byte order mark, Windows line ends, JSON escapes', () => {
    const shared =
      'workflow: /a # c\r\nactions:\r\n  a: {type: null, retry: &r {retries: 1}, next: b}\r\n  b: {type: null, retry: *r}\r\n';
    expect(definitionOf(`\ufeff${shared}`)).toMatchObject({
      actions: [{ retry: { retries: 1 } }, { retry: { retries: 1 } }],
    });
    const escaped =
      '{"name":"\\/a","actions":[{"name":"a","type":"console","message":"\\ud83d\\ude00\\t"}],"flows":[]}';
    expect(definitionOf(escaped)).toMatchObject({ name: '/a', actions: [{ message: '😀\t' }] });
  });

  test('a flow with more to say is a map in `next`, alone or in a list', () => {
    const text = `workflow: /a
actions:
  a:
    type: console
    message: hello
    timeoutMs: 5
    next:
      - { to: b, condition: RESULT.n >= 5 }
      - { to: b, kind: timeout, rollback: true }
      - b
  b: { type: null, next: { to: a, kind: else } }
`;
    expect(definitionOf(text)).toMatchObject({
      flows: [
        { from: 'a', to: 'b', condition: 'RESULT.n >= 5' },
        { from: 'a', to: 'b', kind: 'timeout', rollback: true },
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a', kind: 'else' },
      ],
    });
  });

  test('a name in NFD becomes NFC', () => {
    expect(definitionOf('workflow: /cafe\u0301\nactions: {a: {type: null}}')).toMatchObject({ name: '/caf\u00e9' });
  });

  test('keys that YAML would read as null, true or a number are text', () => {
    expect(faultsOf('workflow: /a\nactions:\n  null: {type: null, next: true}\n  true: {type: null}')).toEqual([
      'a.yaml:3:28 actions.null.next: found true, accepted is text of 1 to 200 characters; put it in quotes (VALUE_INVALID)',
    ]);
    expect(faultsOf('workflow: /a\nactions:\n  1: {type: null}')[0]).toMatch(
      'a.yaml:3:3 actions["1"]: "1" is not a name',
    );
  });
});

describe('faults name file, line, column and what was written', () => {
  test('all at once, in the order of the file', () => {
    const text = `workflow: /flights/../score
priorty: 0
priority: 0
module: http://x/y.mjs
actions:
  score:
    type: cal
    timeoutMs: 5s
  b: { type: console, message: 5, next: publsh, stream: stdin, transactonBreak: true }
  publish: { type: null, next: [b, score], retry: {retries: -1, factr: 2} }
  __proto__: { type: null }
  c: { type: call, name: x, nxt: b }
  b: { type: null }
`;
    expect(faultsOf(text)).toEqual([
      'a.yaml:1:11 workflow: "/flights/../score" is not a workflow name: it has a part ".." (NAMESPACE_INVALID)',
      'a.yaml:2:1 priorty: unknown key "priorty"; did you mean "priority"? (KEY_UNKNOWN)',
      'a.yaml:3:11 priority: found 0, accepted is a whole number from 1 to 10,000 (VALUE_INVALID)',
      'a.yaml:4:9 module: found "http://x/y.mjs", accepted is the path of a file, not a URL (MODULE_INVALID)',
      `a.yaml:7:11 actions.score.type: found "cal", accepted is one of ${actionTypes}; did you mean "call"? (VALUE_INVALID)`,
      'a.yaml:9:32 actions.b.message: found 5, accepted is text of 0 to 32,768 characters; put it in quotes (VALUE_INVALID)',
      'a.yaml:9:41 actions.b.next: no action is named "publsh"; did you mean "publish"? (FLOW_TARGET_UNKNOWN)',
      'a.yaml:9:57 actions.b.stream: found "stdin", accepted is "stdout" or "stderr" (VALUE_INVALID)',
      'a.yaml:9:64 actions.b.transactonBreak: unknown key "transactonBreak"; did you mean "transactionBreak"? (KEY_UNKNOWN)',
      'a.yaml:10:61 actions.publish.retry.retries: found -1, accepted is a whole number from 0 to 1,000 (VALUE_INVALID)',
      'a.yaml:10:65 actions.publish.retry.factr: unknown key "factr"; did you mean "factor"? (KEY_UNKNOWN)',
      'a.yaml:11:3 actions.__proto__: the name "__proto__" is reserved: every JavaScript object has it (NAME_INVALID)',
      'a.yaml:12:6 actions.c.function: is missing, accepted is text of 1 to 200 characters (KEY_MISSING)',
      "a.yaml:12:20 actions.c.name: an action's name is its key; leave this out (KEY_DUPLICATE)",
      'a.yaml:12:29 actions.c.nxt: unknown key "nxt"; did you mean "next"? (KEY_UNKNOWN)',
      'a.yaml:13:3 actions.b: the key "b" is there twice, first in line 9 (KEY_DUPLICATE)',
    ]);
  });

  test('in JSON too', () => {
    const text =
      '{\n\t"name": "/a",\n\t"actions": [\n\t\t{"name": "a", "type": "null"},\n\t\t{"name": "a", "type": "nul", "message": "\\u0000"}\n\t]\n}';
    expect(faultsOf(text)).toEqual([
      'a.yaml:5:12 actions[1].name: two actions are named "a": another is action 1, this one is action 2 (ACTION_DUPLICATE)',
      `a.yaml:5:25 actions[1].type: found "nul", accepted is one of ${actionTypes}; did you mean "null"? (VALUE_INVALID)`,
      'a.yaml:5:43 actions[1].message: holds a NUL character (TEXT_INVALID)',
    ]);
  });

  test('a condition that cannot be read, at its character however it is written', () => {
    const at = (written: string) =>
      faultsOf(
        `workflow: /a\nactions:\n  a:\n    type: null\n    next:\n      - to: b\n        condition: ${written}\n  b: { type: null }\n`,
      );
    const expected = (place: string, character: number, found = '"="') => [
      `a.yaml:${place} actions.a.next[0].condition: at character ${character}: ${found} (expected a value) (CONDITION_INVALID)`,
    ];
    expect(at('a = = b')).toEqual(expected('7:24', 5));
    expect(at('"a = = b"')).toEqual(expected('7:25', 5));
    expect(at("'''x'' = = b'")).toEqual(expected('7:29', 7));
    expect(at('"\\u0061\\t= = b"')).toEqual(expected('7:31', 5));
    expect(at('a =\n          = b')).toEqual(expected('8:11', 5));
    expect(at('|\n          a = 1\n          OR b = = c')).toEqual(expected('9:18', 14));
    expect(at('>-\n          a = 1\n\n          OR b = = c')).toEqual(expected('10:18', 14));
    expect(at('a =')).toEqual(expected('7:23', 4, 'the end'));
    expect(at('"a ="')).toEqual(expected('7:24', 4, 'the end'));
    const json =
      '{"name": "/a", "actions": [{"name": "a", "type": "null"}], "flows": [{"from": "a", "to": "a", "condition": "a = = b"}]}';
    expect(faultsOf(json)).toEqual([
      'a.yaml:1:113 flows[0].condition: at character 5: "=" (expected a value) (CONDITION_INVALID)',
    ]);
  });

  test('faults of flows in `next`', () => {
    const text = `workflow: /a
actions:
  a:
    type: null
    next:
      - { to: b, kind: els }
      - { to: c, form: a }
      - { from: a, to: b, kind: error }
      - { kind: timeout, to: b }
      - { to: b, condition: x, rollback: true }
  b: { type: null, next: [{}] }
`;
    expect(faultsOf(text)).toEqual([
      `a.yaml:6:24 actions.a.next[0].kind: found "els", accepted is ${flowKinds} (VALUE_INVALID)`,
      'a.yaml:7:15 actions.a.next[1].to: no action is named "c"; did you mean "a"? (FLOW_TARGET_UNKNOWN)',
      'a.yaml:7:18 actions.a.next[1].form: unknown key "form"; accepted are to, condition, kind, rollback, map, signal, raise, clear (KEY_UNKNOWN)',
      'a.yaml:8:11 actions.a.next[2].from: a flow of "next" leads out of its own action; leave this out (KEY_UNKNOWN)',
      'a.yaml:9:17 actions.a.next[3].kind: this flow is never taken: "a" has no timeoutMs (FLOW_INVALID)',
      'a.yaml:10:32 actions.a.next[4].rollback: only an error or timeout flow can roll back (FLOW_INVALID)',
      'a.yaml:11:27 actions.b.next[0].to: is missing, accepted is text of 1 to 200 characters (KEY_MISSING)',
    ]);
  });

  test('a loop, an action that nothing leads to, a call without a module', () => {
    const text =
      'workflow: /a\nactions:\n  a: {type: call, function: f, next: b}\n  b: {type: console, message: x, next: a}\n  c: {type: null}\n';
    expect(faultsOf(text)).toEqual([
      'a.yaml:3:3 actions.a: a call needs a module: give the workflow one, or this action (MODULE_MISSING)',
      'a.yaml:4:40 actions.b.next: the flows lead back, "a" -> "b" -> "a", and no action of this loop is a transaction break; give one transactionBreak: true (FLOW_LOOP)',
      'a.yaml:5:3 actions.c: no flow leads to "c" (ACTION_UNREACHABLE)',
    ]);
  });

  test.each([
    ['', 'a.yaml:1:1 the file is empty (SYNTAX)'],
    ['# only a comment\n', 'a.yaml:1:1 the file is empty (SYNTAX)'],
    ['hello', 'a.yaml:1:1 found "hello", accepted is an object (VALUE_INVALID)'],
    ['workflow: /a\n---\nx: 1\n', 'a.yaml:2:1 a second document begins; a file holds one (SYNTAX)'],
    ['workflow: *a\n', 'a.yaml:1:11 workflow: no anchor is named "a" (SYNTAX)'],
    ['workflow: !!js/function "x"\n', 'a.yaml:1:11 unresolved tag: tag:yaml.org,2002:js/function (SYNTAX)'],
    ['workflow: "a\n', 'a.yaml:2:1 missing closing "quote (SYNTAX)'],
    ['? [a]\n: b\n', 'a.yaml:1:3 with stringKeys, all keys must be strings (SYNTAX)'],
    [
      'workflow: /a\nname: /b\nactions: {a: {type: null}}',
      'a.yaml:2:1 name: "workflow" and "name" are the same; keep one (KEY_DUPLICATE)',
    ],
    [
      'workflow: /a\nactions: {a: {type: ~}}\nworkflow: /b',
      'a.yaml:3:1 workflow: the key "workflow" is there twice, first in line 1 (KEY_DUPLICATE)',
    ],
    [
      'workflow: /a\n<<: {b: c}\nactions: {a: {type: null}}',
      'a.yaml:2:1 ["<<"]: unknown key "<<"; accepted are workflow, description, priority, module, runAs, actions, flows, calendars, deadline (KEY_UNKNOWN)',
    ],
    [
      'workflow: /a\nactions:\n  a: {type: , next: }',
      `a.yaml:3:13 actions.a.type: found nothing (null), accepted is one of ${actionTypes} (VALUE_INVALID)`,
    ],
  ])('%j', (text, fault) => expect(faultsOf(text)[0]).toBe(fault));
});

describe('hostile files', () => {
  const million = 1_048_000;
  const repeated = [
    '[',
    '{',
    '- ',
    '? ',
    ': ',
    'a: ',
    ']',
    '}',
    ',',
    '"',
    "'",
    '&a ',
    '*a ',
    '!x ',
    '%',
    '|\n',
    '\n',
    ' ',
    '\t',
    '\r',
    '# x\n',
    '---\n',
    '...\n',
    'k: v\n',
    '[],',
    '- *a\n',
    '"\\',
    '\0',
    '\ud800',
  ];

  test.each(repeated)('a megabyte of %j is soon a fault', unit => {
    const beganMs = performance.now();
    const faults = faultsOf(unit.repeat(million / unit.length));
    expect(faults[0]).toMatch(/^a\.yaml:\d+:\d+ [^\p{Cc}\p{Cf}]*\([A-Z_]+\)$/u);
    expect(faults[0]!.length).toBeLessThan(400);
    expect(faults.join()).not.toContain('Maximum call stack');
    expect(performance.now() - beganMs).toBeLessThan(10_000);
  });

  test('10,000 levels, in flow, block and JSON', () => {
    const deep = 10_000;
    const indented = Array.from({ length: 500 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
    const texts = ['['.repeat(deep), `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`, indented, '- '.repeat(deep)];
    for (const text of texts)
      expect(faultsOf(text)).toEqual([expect.stringContaining('nested deeper than 100 levels (TOO_DEEP)')]);
  });

  test('a depth of 100 is read', () => {
    const text = `workflow: /a\nactions: {a: {type: null}}\nx: ${'['.repeat(99)}${']'.repeat(99)}`;
    expect(faultsOf(text)).toEqual([expect.stringMatching(/^a\.yaml:3:1 x: unknown key/)]);
    expect(faultsOf(text.replace('[', '[[').replace(']', ']]'))).toEqual([expect.stringMatching(/TOO_DEEP/)]);
  });

  test('alias bombs and aliases of themselves', () => {
    const level = (name: string, below: string) => `${name}: &${name} [${Array(9).fill(below)}]`;
    const names = 'abcdefghij'.split('');
    const bomb = names.map((name, index) => level(name, index === 0 ? 'x' : `*${names[index - 1]}`)).join('\n');
    expect(faultsOf(bomb)).toEqual([expect.stringContaining('values (TOO_LARGE)')]);
    expect(faultsOf('a: &a [*a]')).toEqual([expect.stringContaining('(TOO_DEEP)')]);
    expect(faultsOf(`a: &a 1\nb:\n${'- *a\n'.repeat(101)}`)).toEqual([expect.stringContaining('aliases (TOO_LARGE)')]);
  });

  test('more than a megabyte is not read', () => {
    expect(faultsOf(' '.repeat(1_048_577))).toEqual([
      'a.yaml:1:1 the file is larger than 1048576 characters (TOO_LARGE)',
    ]);
  });

  test('the largest workflow is read, and each of its faults found', () => {
    const lines = Array.from({ length: 1_000 }, (_, place) => `  a${place}: {type: null, next: a${place + 1}}`);
    const text = `workflow: /a\nactions:\n${lines.join('\n')}`;
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(/^a\.yaml:1002:\d+ actions\.a999\.next: no action is named "a1000"/),
    ]);
    expect(definitionOf(text.replace(', next: a1000', ''))).toMatchObject({ flows: { length: 999 } });
  });

  test('__proto__ as a key anywhere pollutes nothing', () => {
    expect(
      faultsOf('__proto__: {admin: true}\nworkflow: /a\nactions: {a: {type: null, __proto__: {admin: true}}}'),
    ).toEqual([
      'a.yaml:1:1 __proto__: the key "__proto__" is reserved (KEY_RESERVED)',
      'a.yaml:3:27 actions.a.__proto__: the key "__proto__" is reserved (KEY_RESERVED)',
    ]);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  test(`any text gives a definition or faults in order, each with a place in the text (seed ${seed})`, () => {
    const word = fc.constantFrom(
      ...'workflow: |actions:|  a: |type: null|type: call|next: |b|\n|\n  |{|}|[|]|, |- |"|\'|&x |*x|# |!!int |---\n|null|/a|5|? |<<: |__proto__: '.split(
        '|',
      ),
    );
    const text = fc.oneof(
      fc.array(word, { maxLength: 40 }).map(words => words.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    fc.assert(
      fc.property(text, value => {
        const loaded = loadDefinition(value, 'a.yaml');
        if ('definition' in loaded) return;
        expect(loaded.faults.length).toBeGreaterThan(0);
        const places = loaded.faults.map(fault => fault.line! * 1e6 + fault.column!);
        expect(places).toEqual(places.toSorted((left, right) => left - right));
        for (const fault of loaded.faults) {
          expect(fault.line).toBeLessThanOrEqual(value.split('\n').length + 1);
          expect(formatFault(fault)).toMatch(/^a\.yaml:\d+:\d+ [^\p{Cc}\p{Cf}]+ \([A-Z_]+\)$/u);
          expect(fault.message).not.toContain('cannot be read');
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
