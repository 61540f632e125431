// Scripts as actions, before and after them, in the threads of a dispatcher.

import { describe, expect, it, test } from 'vitest';
import type { ActionMember } from '../../src/dispatch/action.js';
import type { DispatcherOptions } from '../../src/dispatch/contract.js';
import { scriptPlacer } from '../../src/dispatch/thread/scripts.js';
import { defaultScriptLimits, type ScriptLanguage } from '../../src/script/contract.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';
import { nativeLoop } from '../script/setup.js';
import { fixtures, numbers, setup as start } from './setup.js';

const planOf = (actions: readonly Action[], flows: readonly Flow[] = sequence(actions)): Plan =>
  compilePlan({ name: '/test/scripts', module: 'plain.mjs', actions: [...actions], flows: [...flows] }, fixtures);

function sequence(actions: readonly Action[]): Flow[] {
  return actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
}

/** Nothing here is ended by being slow, but what is meant to. */
const scripts = { ...defaultScriptLimits, timeoutMs: 20_000 };
const setup = (plan: Plan, options: Partial<DispatcherOptions> = {}) => start(plan, { scripts, ...options });

const script = (text: string, more: Partial<Action> = {}, name = 'a') =>
  ({ name, type: 'script', script: text, ...more }) as Action;
const console = (more: Partial<Action>, name = 'a') => ({ name, type: 'console', message: '', ...more }) as Action;
const result = (name = 'end') => script('flowContext.variables', {}, name);

describe('the script action', () => {
  it('gives its value as RESULT, and sees and writes variables', async () => {
    const plan = planOf([script('flowContext.set("m", flowContext.get("n") * 2); ({ doubled: true })'), result()]);
    const world = await setup(plan);
    const answers = await world.answersTo(numbers(50).map(n => ({ n })));
    expect(answers.map(answer => answer.value)).toEqual(
      numbers(50).map(n => ({ n, m: n * 2, RESULT: { doubled: true } })),
    );
  });

  it('knows its instance, and speaks to log and audit', async () => {
    const text = `flowContext.log('hello'); flowContext.sendToAuditTrail('seen', 'me');
      const { workflow, action, attempt, instance } = flowContext; [workflow, action, attempt, typeof instance]`;
    const world = await setup(planOf([script(text)]));
    const [answer] = await world.answersTo([{}]);
    expect(answer!.value).toEqual(['/test/scripts', 'a', 1, 'string']);
    expect(world.events.map(({ event }) => event)).toEqual([{ kind: 'custom', name: 'seen', message: 'me' }]);
    await world.until(() => world.logged.length > 0);
    expect(world.logged).toMatchObject([{ level: 'info', message: 'hello' }]);
  });

  it.each([
    ['null.x', 'ScriptFailed', "the script, line 1, column 5: TypeError: cannot read property 'x' of null"],
    ['let =', 'ScriptFailed', 'the script, line 1, column 5: SyntaxError: variable name expected'],
    ['() => 1', 'ScriptResultNotJson', 'the script: TypeError: a function is not JSON'],
    [
      'globalThis.h = []; for (;;) h.push({ h })',
      'ScriptOutOfMemory',
      'the script: the script filled its memory of 16 MB',
    ],
    ['"\\ud800"', 'ResultNotJson', 'the result contains a NUL character or half a surrogate pair'],
    ['flowContext.set("ERROR", 1)', 'ScriptFailed', '"ERROR" cannot be the name of a variable'],
    ['"x".repeat(2000000)', 'ScriptResultTooLarge', 'more than 1048576 characters'],
  ])('%s fails with its code', async (text, code, message) => {
    const world = await setup(planOf([script(text)]));
    const [answer] = await world.answersTo([{}]);
    expect(answer).toMatchObject({ kind: 'failed', killed: false, error: { code, action: 'a', stack: '' } });
    expect(answer!.error!.message).toContain(message);
    expect(world.lost).toEqual([]);
  });

  it('is ended by its time, beside others who never notice', async () => {
    const plan = planOf([script('if (flowContext.get("n") === 3) for (;;); flowContext.get("n")')]);
    const world = await setup(plan, { scripts: { ...scripts, timeoutMs: 1_000 } });
    const answers = await world.answersTo(numbers(20).map(n => ({ n })));
    expect(answers[3]).toMatchObject({ kind: 'failed', killed: false, error: { code: 'ScriptTimeout' } });
    expect(answers.filter((_, at) => at !== 3).map(answer => answer.value)).toEqual(numbers(20).filter(n => n !== 3));
    expect(world.lost).toEqual([]);
  });

  it('that breaks its interpreter breaks nobody else’s', async () => {
    const plan = planOf([
      script('const n = flowContext.get("n"); if (n % 3 === 0) JSON.parse("[".repeat(1000000)); n'),
    ]);
    const world = await setup(plan, { threads: 1 });
    const answers = await world.answersTo(numbers(30).map(n => ({ n })));
    for (const [n, answer] of answers.entries()) {
      if (n % 3 !== 0) expect(answer.value).toBe(n);
      else expect(answer).toMatchObject({ kind: 'failed', killed: false });
    }
    expect(world.lost).toEqual([]);
  });
});

describe('a loop in native code, which no interrupt reaches', () => {
  const plan = (timeoutMs?: number) =>
    planOf([
      script(`if (flowContext.get("n") === 2) ${nativeLoop}; flowContext.get("n")`, timeoutMs ? { timeoutMs } : {}),
    ]);
  const others = numbers(10).filter(n => n !== 2);

  it('is ended with its thread for the action’s timeout; the culprit is named', async () => {
    const world = await setup(plan(1_000));
    const answers = await world.answersTo(numbers(10).map(n => ({ n })));
    expect(answers[2]).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionTimeout' } });
    expect(others.map(n => answers[n]!.value)).toEqual(others);
    expect(world.lost).toMatchObject([{ reason: 'timeout' }]);
  });

  it('is ended with its thread for being blocked, when it has no timeout', async () => {
    const world = await setup(plan(), { blockedMs: 2_000 });
    const answers = await world.answersTo(numbers(10).map(n => ({ n })));
    expect(answers[2]).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionBlocked' } });
    expect(others.map(n => answers[n]!.value)).toEqual(others);
  });

  it('in a postscript of an action that was awaited is charged at once', async () => {
    const postscript = `if (flowContext.get("n") === 1) ${nativeLoop}`;
    const call: Action = { name: 'a', type: 'call', function: 'after', timeoutMs: 1_000, postscript };
    const world = await setup(planOf([call]));
    const answers = await world.answersTo(numbers(3).map(n => ({ n, ms: 1 })));
    expect(answers[1]).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionTimeout' } });
    expect([answers[0]!.kind, answers[2]!.kind]).toEqual(['completed', 'completed']);
    expect(world.lost).toHaveLength(1);
  });
});

describe('prescript and postscript', () => {
  it('run around the action, in its attempt; the postscript sees RESULT and leaves it', async () => {
    const call: Action = {
      name: 'a',
      type: 'call',
      function: 'everything',
      prescript: 'flowContext.set("from", "pre"); "ignored"',
      postscript: { language: 'javascript', script: 'flowContext.set("seen", flowContext.get("RESULT").from); 9' },
    };
    const world = await setup(planOf([call, result()]));
    const [answer] = await world.answersTo([{ n: 1 }]);
    expect(answer!.value).toEqual({ n: 1, from: 'pre', seen: 'pre', RESULT: { n: 1, from: 'pre' } });
    expect(answer!.earlier).toEqual([{ n: 1, from: 'pre' }]);
  });

  it('around an action that is awaited, and one that gives no result', async () => {
    const awaited: Action = { name: 'a', type: 'call', function: 'after', prescript: 'flowContext.set("n", 4)' };
    const plan = planOf([
      { ...awaited, postscript: 'flowContext.set("first", flowContext.get("RESULT"))' } as Action,
      console({ postscript: 'flowContext.set("second", flowContext.get("RESULT"))' }, 'b'),
      result(),
    ]);
    const world = await setup(plan);
    const [answer] = await world.answersTo([{ n: 1, ms: 1 }]);
    expect(answer!.value).toEqual({ n: 4, ms: 1, first: 4, second: 4, RESULT: 4 });
  });

  it.each([
    ['prescript', 'the prescript, line 1'],
    ['postscript', 'the postscript, line 1'],
  ] as const)(
    'the failure of a %s is the action’s: its error flow is taken, RESULT is what it was',
    async (which, what) => {
      const actions = [
        script('"before"'),
        script('"never"', { [which]: 'flowContext.set("kept", 1); throw new Error("mine")' }, 'b'),
        result(),
      ];
      const flows: Flow[] = [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'end', kind: 'error' },
      ];
      const world = await setup(planOf(actions, flows));
      const [answer] = await world.answersTo([{}]);
      expect(answer!.value).toMatchObject({
        kept: 1,
        RESULT: 'before',
        ERROR: { code: 'ScriptFailed', action: 'b', attempt: 1 },
      });
      expect((answer!.value as { ERROR: { message: string } }).ERROR.message).toMatch(
        new RegExp(`^${what}, column \\d+: Error: mine$`),
      );
    },
  );

  it('a postscript belongs to the action’s time', async () => {
    const wait = 'const end = Date.now() + 1500; while (Date.now() < end);';
    const actions = [console({ timeoutMs: 1_000, postscript: wait }), result()];
    const world = await setup(planOf(actions, [{ from: 'a', to: 'end', kind: 'timeout' }]), { graceMs: 20_000 });
    const [answer] = await world.answersTo([{}]);
    expect(answer!.value).toMatchObject({ ERROR: { code: 'ActionTimeout', action: 'a' } });
    expect(world.lost).toEqual([]);
  });

  it('postscripts of awaited actions find an interpreter, whoever broke it meanwhile', async () => {
    const postscript = 'if (flowContext.get("n") % 2 === 0) JSON.parse("[".repeat(1000000)); flowContext.set("ok", 1)';
    const call: Action = { name: 'a', type: 'call', function: 'after', postscript };
    const world = await setup(planOf([call, result()]), { threads: 1 });
    const answers = await world.answersTo(numbers(20).map(n => ({ n, ms: 5 })));
    for (const [n, answer] of answers.entries()) {
      if (n % 2 === 1) expect(answer.value).toMatchObject({ n, ok: 1, RESULT: n });
      else expect(answer).toMatchObject({ kind: 'failed', killed: false });
    }
  });
});

test('another language is one that says so: its name, a check and a run', () => {
  const shouting: ScriptLanguage = {
    ready: () => null,
    check: () => null,
    run: (text, flowContext) => {
      flowContext.set('heard', text);
      return { ok: true, value: JSON.stringify(text.toUpperCase()) };
    },
  };
  const place = scriptPlacer(new Map([['shouting', shouting]]));
  const written: Record<string, unknown> = {};
  const set = (name: string, value: unknown): void => {
    written[name] = value;
  };
  const member = { variables: () => ({}), context: { set } } as unknown as ActionMember;
  expect(place({ language: 'shouting', text: 'hello' }, 'the script').run(member)).toBe('HELLO');
  expect(written).toEqual({ heard: 'hello' });
  expect(() => place({ language: 'whispering', text: '' }, 'the script').run(member)).toThrow('"whispering"');
});

describe('without leave', () => {
  it.each([script('1'), console({ prescript: '1' }), console({ postscript: '1' })])(
    '%j fails with ScriptsDisabled',
    async action => {
      const world = await setup(planOf([action]), { scripts: null });
      const [answer] = await world.answersTo([{}]);
      expect(answer).toMatchObject({ kind: 'failed', error: { code: 'ScriptsDisabled', action: 'a' } });
      expect(answer!.error!.message).toContain('--scripts');
    },
  );
});
