// Verification of values: every fault at once, each with its path.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFault, nearest, quote } from '../../src/workflow/fault.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';
import { actionTypes } from './accepted.js';

const sound: WorkflowDefinition = {
  name: '/flights/score',
  module: './flights.mjs',
  actions: [
    { name: 'score', type: 'call', function: 'score', timeoutMs: 5_000, retry: { retries: 3, delayMs: 200 } },
    { name: 'wait', type: 'null' },
    { name: 'publish', type: 'console', message: 'done', stream: 'stderr' },
  ],
  flows: [
    { from: 'score', to: 'wait' },
    { from: 'wait', to: 'publish' },
  ],
};

/** The sound definition with some of it replaced; not a definition any more, as far as types know. */
function but(changes: object): unknown {
  return { ...sound, ...changes };
}

function actions(...list: unknown[]): unknown {
  return { name: '/a', actions: list, flows: [] };
}

/** `CODE path` of each fault. */
function told(value: unknown): string[] {
  return verify(value).map(fault => `${fault.code} ${fault.path}`.trim());
}

test('a sound definition has no faults and compiles', () => {
  expect(verify(sound)).toEqual([]);
  expect(compilePlan(sound, '/base').actions.map(action => action.modulePath)).toEqual([
    '/base/flights.mjs',
    null,
    null,
  ]);
});

test('all faults come at once, with found, accepted and a suggestion', () => {
  const bad = {
    name: '/a/../b',
    priority: 0,
    descriptin: 'x',
    actions: [
      { name: 'score', type: 'cal' },
      { name: 'b', type: 'console', stream: 'stdin', timeoutMs: '5s', retry: { retries: -1 } },
      { name: 'c', type: 'call', function: 'run it' },
      'd',
    ],
    flows: [{ from: 'scor', to: 'b' }, { from: 'b' }],
  };
  expect(verify(bad).map(formatFault)).toEqual([
    'priority: found 0, accepted is a whole number from 1 to 10,000 (VALUE_INVALID)',
    'descriptin: unknown key "descriptin"; did you mean "description"? (KEY_UNKNOWN)',
    `actions[0].type: found "cal", accepted is one of ${actionTypes}; did you mean "call"? (VALUE_INVALID)`,
    'actions[1].stream: found "stdin", accepted is "stdout" or "stderr" (VALUE_INVALID)',
    'actions[1].timeoutMs: found "5s", accepted is a whole number from 1 to 31,622,400,000 (VALUE_INVALID)',
    'actions[1].retry.retries: found -1, accepted is a whole number from 0 to 1,000 (VALUE_INVALID)',
    'actions[1].message: is missing, accepted is text of 0 to 32,768 characters (KEY_MISSING)',
    'actions[3]: found "d", accepted is an object with a type (VALUE_INVALID)',
    'flows[1].to: is missing, accepted is text of 1 to 200 characters (KEY_MISSING)',
    'name: "/a/../b" is not a workflow name: it has a part ".." (NAMESPACE_INVALID)',
    'actions[2].function: "run it" is not the name of an exported function (NAME_INVALID)',
    'actions[2]: a call needs a module: give the workflow one, or this action (MODULE_MISSING)',
    'flows[0].from: no action is named "scor"; did you mean "score"? (FLOW_TARGET_UNKNOWN)',
  ]);
});

describe('what is not a definition at all', () => {
  test.each([undefined, null, 1, 'x', [], () => 1, new Map(), new Date(0)])('%s', value => {
    expect(told(value)).toEqual(['VALUE_INVALID']);
  });

  test('nothing in it', () => {
    expect(told({})).toEqual(['KEY_MISSING name', 'KEY_MISSING actions', 'KEY_MISSING flows']);
    expect(told({ name: '/a', actions: [], flows: [] })).toEqual(['VALUE_INVALID actions']);
  });
});

describe('names', () => {
  test('two actions of one name', () => {
    const twice = actions({ name: 'a', type: 'null' }, { name: 'a', type: 'null' });
    expect(told(twice)).toEqual(['ACTION_DUPLICATE actions[1].name']);
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'])(
    'an action or function named %s is refused',
    name => {
      expect(told(actions({ name, type: 'null' }))).toEqual(['NAME_INVALID actions[0].name']);
      const call = { name: 'a', type: 'call', module: 'm', function: name };
      expect(told(actions(call))).toEqual(['NAME_INVALID actions[0].function']);
    },
  );

  test.each(['1a', '-a', 'a/b', 'a\n', ' a', 'a ', 'a*', 'e\u0301', '<img>', '$(id)'])(
    'an action named %j is refused',
    name => {
      expect(told(actions({ name, type: 'null' }))).toEqual(['NAME_INVALID actions[0].name']);
    },
  );

  test.each(['a', '_1', 'send the mail', 'é', '名前', 'a.b-c'])('an action may be named %j', name => {
    expect(verify(actions({ name, type: 'null' }))).toEqual([]);
  });

  test('a namespace in another Unicode form is refused, not stored beside its twin', () => {
    expect(told(but({ name: '/cafe\u0301' }))).toEqual(['NAMESPACE_INVALID name']);
  });

  test.each(['http://host/x.mjs', 'data:text/javascript,1', 'node:fs', 'file:///x.mjs'])(
    'the module %s is refused',
    module => {
      expect(told(but({ module }))).toEqual(['MODULE_INVALID module']);
    },
  );
});

describe('flows', () => {
  const list = ['a', 'b', 'c'].map(name => ({ name, type: 'null' }));
  const flowing = (...pairs: string[]): unknown => ({
    name: '/a',
    actions: list,
    flows: pairs.map(pair => ({ from: pair[0], to: pair[1] })),
  });

  test('several may lead out of an action, to one action too, and several actions may be starts', () => {
    expect(verify(flowing('ab', 'ac'))).toEqual([]);
    expect(verify(flowing('ab', 'ab', 'bc'))).toEqual([]);
    const starts = list.map((action, place) => ({ ...action, start: place < 2 }));
    expect(verify({ name: '/a', actions: starts, flows: [{ from: 'a', to: 'c' }] })).toEqual([]);
  });

  test('a loop needs a transaction break, wherever it stands in it and whatever its flows are', () => {
    const looping = (breaks: readonly string[], ...flows: object[]): unknown => ({
      name: '/a',
      actions: ['a', 'b', 'c'].map(name => ({
        name,
        type: 'console',
        message: '',
        timeoutMs: 1,
        transactionBreak: breaks.includes(name),
      })),
      flows,
    });
    const [ab, bc, ca] = ['ab', 'bc', 'ca'].map(pair => ({ from: pair[0], to: pair[1] }));
    const loop =
      'flows[2]: the flows lead back, "a" -> "b" -> "c" -> "a", and no action of this loop is a transaction break; give one transactionBreak: true (FLOW_LOOP)';
    for (const flow of [
      ca,
      { ...ca, condition: 'x' },
      { ...ca, kind: 'else' },
      { ...ca, kind: 'error' },
      { ...ca, kind: 'timeout' },
    ]) {
      expect(verify(looping([], ab!, bc!, flow!)).map(formatFault)).toEqual([loop]);
      for (const at of ['a', 'b', 'c']) expect(verify(looping([at], ab!, bc!, flow!))).toEqual([]);
    }
    expect(told(looping(['b', 'c'], ab!, bc!, { from: 'a', to: 'a', kind: 'error' }))).toEqual(['FLOW_LOOP flows[2]']);

    expect(verify(flowing('ab', 'bc', 'ca'))).toEqual([]);
  });

  test('of else, error and timeout flows an action has one; beside them conditional ones as many as it likes', () => {
    const actions = list.map(action => ({ ...action, timeoutMs: 5 }));
    const flows = ['else', 'error', 'timeout'].flatMap(kind => ['b', 'c'].map(to => ({ from: 'a', to, kind })));
    const conditional = ['b', 'c', 'b'].map(to => ({ from: 'a', to, condition: 'x = 1' }));
    expect(verify({ name: '/a', actions, flows: [...flows, ...conditional] }).map(formatFault)).toEqual([
      'flows[1]: several else flows lead out of "a", to "b", "c"; an action can have one (FLOW_DUPLICATE)',
      'flows[3]: several error flows lead out of "a", to "b", "c"; an action can have one (FLOW_DUPLICATE)',
      'flows[5]: several timeout flows lead out of "a", to "b", "c"; an action can have one (FLOW_DUPLICATE)',
    ]);
    const once = flows.filter((_, at) => at % 2 === 0);
    expect(verify({ name: '/a', actions, flows: [...once, ...conditional] })).toEqual([]);
    const [, ...withoutElse] = once;
    expect(verify({ name: '/a', actions, flows: [...withoutElse, ...conditional, { from: 'a', to: 'b' }] })).toEqual(
      [],
    );
  });

  test('parts of a flow that do not go together are named', () => {
    const with3 = (flow: object) => ({
      name: '/a',
      actions: list,
      flows: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c', ...flow },
      ],
    });
    expect(verify(with3({ condition: 'x', kind: 'else' })).map(formatFault)).toEqual([
      'flows[1].condition: a flow has a condition or a kind: one with a condition is taken when that holds (FLOW_INVALID)',
    ]);
    for (const flow of [{}, { condition: 'x' }, { kind: 'else' }]) {
      expect(verify(with3({ ...flow, rollback: true })).map(formatFault)).toEqual([
        'flows[1].rollback: only an error or timeout flow can roll back (FLOW_INVALID)',
      ]);
    }
    expect(verify(with3({ kind: 'timeout' })).map(formatFault)).toEqual([
      'flows[1].kind: this flow is never taken: "b" has no timeoutMs (FLOW_INVALID)',
    ]);
    expect(told(with3({ kind: 'sometimes' }))).toEqual(['VALUE_INVALID flows[1].kind']);
    expect(told(with3({ condition: 5 }))).toEqual(['VALUE_INVALID flows[1].condition']);
    expect(verify(with3({ condition: 'a = = b' })).map(formatFault)).toEqual([
      'flows[1].condition: at character 5: "=" (expected a value) (CONDITION_INVALID)',
    ]);
  });

  test('what no flow leads to is named, unless a flow is broken anyway', () => {
    expect(told(flowing('ab'))).toEqual(['ACTION_UNREACHABLE actions[2]']);
    expect(told(flowing('ab', 'bx'))).toEqual(['FLOW_TARGET_UNKNOWN flows[1].to']);
    const marked = { name: '/a', actions: [list[0], { ...list[1], start: true }], flows: [] };
    expect(told(marked)).toEqual(['ACTION_UNREACHABLE actions[0]']);
  });

  test('a thousand actions in a ring are one loop, told briefly', () => {
    const ring = Array.from({ length: 1_000 }, (_, place) => ({ name: `a${place}`, type: 'console', message: '' }));
    const flows = ring.map(({ name }, place) => ({ from: name, to: ring[(place + 1) % 1_000]!.name }));
    const faults = verify({ name: '/a', actions: ring, flows });
    expect(faults.map(fault => fault.code)).toEqual(['FLOW_LOOP']);
    expect(faults[0]!.message.length).toBeLessThan(200);
  });
});

describe('hostile values', () => {
  test('a depth of 10,000 and a cycle are faults, not errors', () => {
    let deep: unknown = {};
    for (let level = 0; level < 10_000; level++) deep = level % 2 ? { a: deep } : [deep];
    expect(told(deep)).toHaveLength(1);
    expect(told(but({ actions: deep }))[0]).toMatch(/^TOO_DEEP actions/);
    const cycle: Record<string, unknown> = { name: '/a', flows: [] };
    cycle.actions = cycle;
    expect(told(cycle)).toEqual(['TOO_DEEP actions.actions.actions']);
  });

  test('many values and long texts are refused as a whole', () => {
    expect(told(but({ flows: Array(300_000).fill(0) }))).toEqual(['TOO_LARGE']);
    expect(told(but({ description: 'x'.repeat(2_000_000) }))).toEqual(['TOO_LARGE']);
    const wide = Array.from({ length: 60 }, () => [1, 2, 3]);
    const shared = Array(400).fill(wide);
    expect(told(but({ actions: Array(400).fill(shared) }))).toEqual(['TOO_LARGE']);
  });

  test('at most a thousand faults are listed', () => {
    expect(verify(but({ actions: Array(1_000).fill({ x: 1 }), flows: Array(9_000).fill(1) }))).toHaveLength(1_000);
  });

  test('NUL and lone surrogates are refused wherever they stand', () => {
    expect(told(but({ description: 'a\0' }))).toEqual(['TEXT_INVALID description']);
    expect(told(actions({ name: 'a', type: 'console', message: '\udc00' }))).toEqual([
      'TEXT_INVALID actions[0].message',
    ]);
    expect(told(but({ 'a\0': 1 }))).toEqual(['TEXT_INVALID ["a\\u0000"]', 'KEY_UNKNOWN ["a\\u0000"]']);
  });

  test('keys that reach a prototype are refused and reach nothing', () => {
    expect(
      told(JSON.parse('{"__proto__":{"admin":true},"name":"/a","actions":[{"name":"a","type":"null"}],"flows":[]}')),
    ).toEqual(['KEY_RESERVED __proto__']);
    const nested = JSON.parse(
      '{"name":"/a","actions":[{"name":"a","type":"null","constructor":{"prototype":{"x":1}}}],"flows":[]}',
    );
    expect(told(nested)).toEqual(['KEY_UNKNOWN actions[0].constructor']);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(told(Object.create(sound))).toEqual(['VALUE_INVALID']);
  });

  test('the message of a fault can be printed', () => {
    const [fault] = verify(but({ name: '\u001b[2J\u202e<img src=x onerror=alert(1)>' }));
    expect(formatFault(fault!)).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
  });

  test(`any value gets a list, whose faults can all be printed on a line (seed ${seed})`, () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '/a', 'call', 'null'));
    const anything = fc.anything({
      key: fc.oneof(texts, fc.constantFrom('name', 'actions', 'flows', 'type')),
      withNullPrototype: true,
      withMap: true,
      withBigInt: true,
      withSparseArray: true,
    });
    const shaped = fc.record({
      name: anything,
      actions: fc.oneof(fc.array(anything), anything),
      flows: fc.oneof(fc.array(anything), anything),
    });
    fc.assert(
      fc.property(fc.oneof(anything, shaped), value => {
        const faults = verify(value);
        expect(faults.length).toBeGreaterThan(0);
        for (const fault of faults) expect(formatFault(fault)).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+ \([A-Z_]+\)$/u);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('places are printed as file:line:column field: message (CODE)', () => {
  const fault = {
    code: 'VALUE_INVALID',
    message: 'found 0',
    path: 'priority',
    file: 'a.yaml',
    line: 3,
    column: 11,
  } as const;
  expect(formatFault(fault)).toBe('a.yaml:3:11 priority: found 0 (VALUE_INVALID)');
  expect(formatFault({ ...fault, line: null, column: null })).toBe('a.yaml: priority: found 0 (VALUE_INVALID)');
  expect(formatFault({ ...fault, path: '', file: null, line: null, column: null })).toBe('found 0 (VALUE_INVALID)');
});

test('suggestions are near or none, quotes are short', () => {
  const words = ['timeoutMs', 'retry', 'type'];
  expect(['timeOutMs', 'timeout', 'tpye', 'retyr', 'colour', ''].map(word => nearest(word, words))).toEqual([
    'timeoutMs',
    'timeoutMs',
    'type',
    'retry',
    null,
    null,
  ]);
  expect(quote('x'.repeat(1_000)).length).toBeLessThan(70);
});
