// Variables in their scopes, through real threads: who sees what, what is kept, and what maps and texts make of it.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { JsonObject, WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan, END, type Plan } from '../../src/workflow/plan.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';
import { type Answer, fixtures, setup, type World } from './setup.js';

type Part<Key extends 'actions' | 'flows'> = WorkflowDefinition[Key][number];
type Call = Partial<Extract<Part<'actions'>, { type: 'call' }>> & { function: string };

/** Calls named a, b, c, one after another unless there are flows. */
function plan(calls: readonly Call[], flows?: Part<'flows'>[]): Plan {
  const actions = calls.map((call, at) => ({ name: 'abcdef'[at]!, type: 'call' as const, ...call }));
  const definition = {
    name: '/test/scopes',
    module: 'scopes.mjs',
    actions,
    flows: flows ?? actions.slice(1).map(({ name }, at) => ({ from: actions[at]!.name, to: name })),
  };
  expect(verify(definition)).toEqual([]);
  return compilePlan(definition, fixtures);
}

async function answer(world: World, input: JsonObject, written?: JsonObject, place = 0): Promise<Answer> {
  const [only] = await world.answersTo([input], { place, ...(written === undefined ? {} : { written: [written] }) });
  return only!;
}

describe('scopes', () => {
  const scopes = ['input', 'setWorkflow', 'set', 'setTransient', 'action'] as const;

  test(`the nearest scope that has a variable gives its value, whoever wrote first (seed ${seed})`, async () => {
    const see: Call = { function: 'x' };
    const seeMapped: Call = { function: 'x', map: [{ from: 'flow.mapped', to: 'action.x' }] };
    const world = await setup(plan([{ function: 'writes' }, see]));
    world.dispatcher.define(2, plan([{ function: 'writes' }, seeMapped]));
    const cases = fc.sample(fc.shuffledSubarray([...scopes]), { numRuns: 300, seed });
    for (const [workflow, isMapped] of [
      [1, false],
      [2, true],
    ] as const) {
      const own = cases.filter(has => has.includes('action') === isMapped);
      const inputs = own.map(has => ({
        ...(has.includes('input') ? { x: 'input' } : {}),
        mapped: 'action',
        writes: has.filter(scope => scope.startsWith('set')).map(setter => [setter, 'x', setter]),
      }));
      const answers = await world.answersTo(inputs, { workflow });
      for (const [at, has] of own.entries()) {
        // A later `set` is no weaker than a transient of before.
        const order = has.indexOf('set') > has.indexOf('setTransient') ? [0, 1, 3, 2, 4] : [0, 1, 2, 3, 4];
        const expected = order.map(index => scopes[index]!).findLast(scope => has.includes(scope)) ?? null;
        expect([has, answers[at]!.value]).toEqual([has, expected]);
      }
    }
  });

  test('what is kept: the flow context by name, the workflow under its key, transients and action variables not', async () => {
    const map = [{ from: 'flow.n', to: 'action.secret' }];
    const world = await setup(
      plan([{ function: 'writes' }, { function: 'x', map }, { function: 'x', transactionBreak: true }]),
    );
    const writes = [
      ['set', 'own', 1],
      ['setWorkflow', 'shared', 2],
      ['setTransient', 'gone', 3],
    ];
    const { value } = await answer(world, { n: 5, writes }, { kept: true, $workflow: { before: 0, shared: 1 } });
    expect(value).toEqual({ kept: true, own: 1, RESULT: null, $workflow: { before: 0, shared: 2 } });
    const nothing = await answer(world, { n: 5 }, { $workflow: { before: 0 } });
    expect(nothing.value).toEqual({ RESULT: null, $workflow: { before: 0 } });
  });

  test('what was written before is read back; a context with an input of its own has no other', async () => {
    const world = await setup(plan([{ function: 'everything' }]));
    const input = { a: 'input', b: 'input', c: 'input', $workflow: { d: 'no' } };
    const written = { c: 'own', $workflow: { b: 'workflow', c: 'workflow', e: 'workflow' } };
    const { value } = await answer(world, input, written);
    expect(value).toEqual({ a: 'input', b: 'workflow', c: 'own', e: 'workflow', $workflow: { d: 'no' } });
    expect((await answer(world, input, { ...written, $own: true })).value).toEqual({
      b: 'workflow',
      c: 'own',
      e: 'workflow',
    });
  });

  test('an error flow keeps what was written in every scope, one that rolls back drops it', async () => {
    for (const rollback of [false, true]) {
      const flows: Part<'flows'>[] = [{ from: 'a', to: 'b', kind: 'error', rollback }];
      const world = await setup(plan([{ function: 'writesAndFails' }, { function: 'everything' }], flows));
      const { ERROR, ...value } = (await answer(world, {})).value as JsonObject;
      expect(ERROR).toMatchObject({ message: 'on purpose' });
      expect(value).toEqual(rollback ? {} : { set: true, setWorkflow: true, setTransient: true });
    }
  });

  test('names: those that reach a prototype or are the engine’s are refused, others are only names', async () => {
    const world = await setup(plan([{ function: 'writes' }, { function: 'everything' }]));
    const refused = [
      '',
      '__proto__',
      'constructor',
      'prototype',
      'RESULT',
      'ERROR',
      '$workflow',
      '$own',
      '$x',
      'x'.repeat(201),
    ];
    const odd = ['toString', 'hasOwnProperty', 'a b', '\u202e', 'ünïcode', '0', 'x'.repeat(200), '{x}'];
    for (const setter of ['set', 'setWorkflow', 'setTransient']) {
      const names = [...refused, ...odd];
      const { value } = await answer(world, { writes: names.map(name => [setter, name, { name }]) });
      const { RESULT, writes: _, ...seen } = value as JsonObject;
      expect(Object.keys(RESULT as JsonObject).map(Number)).toEqual(refused.map((_, at) => at));
      expect(seen).toEqual(Object.fromEntries(odd.map(name => [name, { name }])));
    }
  });

  test('values that JSON would change are refused by the name of the variable', async () => {
    const world = await setup(plan([{ function: 'unsuitable' }]));
    const { value } = await answer(world, {});
    const of = (found: string) => `ResultNotJson: variable "price" is not JSON: it contains ${found}`;
    const expected = ['NaN', 'Infinity', 'a Date', 'a function', 'a Map', 'a BigInt', 'NaN'].map(of);
    expect(value).toEqual([expected, expected, expected]);
  });
});

describe('data maps', () => {
  test('of an action: applied in their order before it runs; action variables are its own alone', async () => {
    const map = [
      { from: "flow.RESULT.list[1].get('k')", to: 'action.x' },
      { from: 'action.x', to: 'workflow.copied' },
      { from: 'workflow.copied', to: 'flow.again' },
      { from: 'flow.order', to: 'flow.x' },
    ];
    const flows: Part<'flows'>[] = [
      { from: 'a', to: 'b', condition: "x = 'own'" },
      { from: 'a', to: 'c', kind: 'else' },
    ];
    const world = await setup(plan([{ function: 'x', map }, { function: 'everything' }, { function: 'x' }], flows));
    const { value, earlier, path } = await answer(world, { order: 'own' }, { RESULT: { list: [0, { k: 'deep' }] } });
    expect({ path, earlier }).toEqual({ path: [0, 1], earlier: ['deep'] });
    expect(value).toEqual({ order: 'own', RESULT: 'deep', again: 'deep', copied: 'deep', x: 'own' });
  });

  test('of flows: only that of the flow that is taken; a member that is not there fails the transaction', async () => {
    const flows: Part<'flows'>[] = [
      { from: 'a', to: 'b', condition: 'n = 1', map: [{ from: 'flow.n', to: 'flow.one' }] },
      { from: 'a', to: 'b', condition: 'n = 2', map: [{ from: 'flow.n.x', to: 'flow.two' }] },
      { from: 'a', to: 'b', kind: 'else', map: [{ from: 'flow.list', to: 'workflow.other' }] },
      { from: 'b', to: 'c', map: [{ from: 'flow.n', to: 'flow.always' }] },
    ];
    const world = await setup(
      plan([{ function: 'x' }, { function: 'x' }, { function: 'x', transactionBreak: true }], flows),
    );
    expect((await answer(world, { n: 1 })).value).toEqual({ one: 1, always: 1, RESULT: null });
    expect((await answer(world, { n: 3, list: [1] })).value).toEqual({
      always: 3,
      RESULT: null,
      $workflow: { other: [1] },
    });
    const { kind, error } = await answer(world, { n: 2 });
    expect({ kind, ...error }).toMatchObject({
      kind: 'failed',
      code: 'VARIABLE_MISSING',
      message: 'the data map from "flow.n.x": "${n.x}": there is no n.x',
    });
  });

  test('on one of several flows that are taken at once it is refused', async () => {
    const flows: Part<'flows'>[] = [
      { from: 'a', to: 'b', condition: 'n > 0', map: [{ from: 'flow.n', to: 'flow.one' }] },
      { from: 'a', to: 'c', condition: 'n > 1' },
    ];
    const world = await setup(plan([{ function: 'x' }, { function: 'x' }, { function: 'x' }], flows));
    expect((await answer(world, { n: 1 })).reached).toBe(END);
    expect(await answer(world, { n: 2 })).toMatchObject({ kind: 'failed', error: { code: 'MapOnSplit' } });
  });

  test('a missing source takes the error flow of its action', async () => {
    const flows: Part<'flows'>[] = [{ from: 'a', to: 'b', kind: 'error' }];
    const map = [{ from: 'runtime.HOST', to: 'action.x' }];
    const world = await setup(plan([{ function: 'x', map }, { function: 'everything' }], flows));
    expect((await answer(world, {})).value).toMatchObject({ ERROR: { code: 'PROPERTY_MISSING', action: 'a' } });
  });
});

describe('texts', () => {
  function consolePlan(message: string, more: Partial<Plan> = {}): Plan {
    const actions = [{ name: 'say', type: 'console' as const, message }];
    const definition = { name: '/test/say', actions, flows: [] };
    expect(verify(definition)).toEqual([]);
    return { ...compilePlan(definition, fixtures), ...more };
  }

  async function said(message: string, input: JsonObject, more: Partial<Plan> = {}): Promise<string> {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
      lines.push(String(chunk));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
    const world = await setup(consolePlan(message, more), { threads: 1 });
    const { kind, error } = await answer(world, input, { RESULT: { list: ['a', 'b'] }, $workflow: { shared: 'w' } });
    if (kind === 'failed') return `${error!.code}: ${error!.message}`;
    await vi.waitFor(() => expect(lines.join('')).toContain('\n'), { timeout: 20_000 });
    spy.mockRestore();
    return lines.join('');
  }

  test('a message has its values in it: of every scope, of the runtime configuration, of the date', async () => {
    const runtime = new Map([['HOST', 'mail.example']]);
    const text = '${name} ${shared} ${RESULT.list[1]} ${runtime HOST} $${name} ${date yyyy}';
    expect(await said(text, { name: 'Ann' }, { runtime })).toMatch(/^Ann w b mail\.example \$\{name\} 20\d\d\n$/);
    expect(await said('${result.list}', {})).toBe('["a","b"]\n');
    expect(await said('plain', {})).toBe('plain\n');
  });

  test('what is not there fails the action with its name', async () => {
    expect(await said('Dear ${who}', {})).toBe('VARIABLE_MISSING: "${who}": there is no who');
    expect(await said('${runtime HOST}', {})).toContain('PROPERTY_MISSING: "${runtime HOST}"');
    expect(await said('${__proto__} ${constructor}', {})).toContain('VARIABLE_MISSING');
  });

  test('a message of 10,000 characters', async () => {
    const text = '${n},'.repeat(900).padEnd(10_000, 'x');
    expect(await said(text, { n: 7 })).toBe(`${'7,'.repeat(900).padEnd(10_000 - 900 * 3, 'x')}\n`);
  });
});
