// Scripts in an engine that was told to run them, and in one that was not.

import { expect, test } from 'vitest';
import { resolveOptions } from '../../src/engine/options.js';
import type { Action } from '../../src/workflow/model.js';
import { noRetry, onEveryHome, ownWorld, type World } from './setup.js';

async function deploy(world: World, actions: readonly Action[]): Promise<string> {
  const name = `${world.branch}scripts`;
  const flows = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
  await world.engine.deploy({ name, actions: [...actions], flows });
  return name;
}

/** Nothing here is meant to run out of time. */
const scripts = { timeoutMs: 20_000 };

onEveryHome(
  'scripts',
  world => {
    test('compute, write variables over transaction breaks, and are audited', async () => {
      const own = world();
      const workflow = await deploy(own, [
        {
          name: 'total',
          type: 'script',
          script: 'flowContext.get("prices").reduce((sum, price) => sum + price, 0)',
          postscript:
            'flowContext.set("total", flowContext.get("RESULT")); flowContext.sendToAuditTrail("summed", "once")',
        },
        { name: 'break', type: 'null', prescript: 'flowContext.set("tax", flowContext.get("total") / 5)' },
        {
          name: 'bill',
          type: 'script',
          transactionBreak: true,
          script: 'const { total, tax, RESULT } = flowContext.variables; ({ total, tax, last: RESULT })',
        },
      ]);
      const id = await own.engine.submit({ workflow, input: { prices: [12, 30, 58] } });
      expect(await own.engine.result(id)).toMatchObject({
        state: 'finished',
        result: { total: 100, tax: 20, last: 100 },
      });
      const events = await own.eventNames(id);
      expect(events.filter(event => event.startsWith('ExecutingAction'))).toEqual([
        'ExecutingAction total',
        'ExecutingAction break',
        'ExecutingAction bill',
      ]);
      expect((await own.audit(id)).some(({ message }) => message === 'once')).toBe(true);
    });

    test('fail with code and line, and leave nothing of the attempt', async () => {
      const own = world();
      const workflow = await deploy(own, [
        {
          name: 'a',
          type: 'script',
          script:
            'flowContext.set("n", 1);\nif (flowContext.attempt < 3) throw new Error("again");\n[flowContext.attempt]',
          retry: { retries: 2, delayMs: 0 },
        },
        { name: 'b', type: 'script', script: '\nnull.x', retry: noRetry, transactionBreak: true },
      ]);
      const id = await own.engine.submit({ workflow, input: {} });
      await own.untilCounts({ failed: 1 });
      const { state, error } = await own.engine.result(id);
      expect([state, error]).toMatchObject([
        'failed',
        {
          code: 'ScriptFailed',
          action: 'b',
          message: "the script, line 2, column 5: TypeError: cannot read property 'x' of null",
        },
      ]);
    });
  },
  { scripts },
);

test('an engine that was not told to runs none, and takes the definition all the same', async () => {
  const own = await ownWorld('memory');
  const workflow = await deploy(own, [{ name: 'a', type: 'script', script: '1', retry: noRetry }]);
  const id = await own.engine.submit({ workflow, input: {} });
  await own.untilCounts({ failed: 1 });
  expect((await own.engine.result(id)).error).toMatchObject({ code: 'ScriptsDisabled', action: 'a' });
});

test('what is no script is refused when it is deployed, whether the engine runs scripts or not', async () => {
  const own = await ownWorld('memory');
  await expect(deploy(own, [{ name: 'a', type: 'script', script: 'let =' }])).rejects.toMatchObject({
    code: 'WORKFLOW_INVALID',
    faults: [{ code: 'SCRIPT_INVALID', path: 'actions[0].script' }],
  });
});

test('options: off by default, limits by name', () => {
  expect(resolveOptions({}).scripts).toBeNull();
  expect(resolveOptions({ scripts: true }).scripts).toEqual({ timeoutMs: 1_000, memoryMb: 16 });
  expect(resolveOptions({ scripts: { memoryMb: 32 } }).scripts).toEqual({ timeoutMs: 1_000, memoryMb: 32 });
  expect(() => resolveOptions({ scripts: { timeoutMs: 0 } })).toThrow('OPTION_INVALID: scripts.timeoutMs: 0');
  expect(() => resolveOptions({ scripts: { memoryMb: 8 } })).toThrow('OPTION_INVALID: scripts.memoryMb: 8');
  expect(() => resolveOptions({ scripts: 'yes' as unknown as boolean })).toThrow('OPTION_INVALID: scripts: yes');
});
