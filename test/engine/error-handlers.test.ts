// DEFAULT_FLOW_CHART_ERROR_HANDLER: custom error handlers, workflows that say what becomes of another's errors.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, onEveryHome, signals, temporaryFolder, type World } from './setup.js';

const place = temporaryFolder();
mkdirSync(path.join(place, 'handlers'));
const runtimeConfiguration = path.join(place, 'runtime.properties');
writeFileSync(
  runtimeConfiguration,
  `/handled/DEFAULT_FLOW_CHART_ERROR_HANDLER=/handlers/mail
/handled/near/DEFAULT_FLOW_CHART_ERROR_HANDLER=handlers/near.yaml
/handled/unknown/DEFAULT_FLOW_CHART_ERROR_HANDLER=/handlers/nobody
/handled/faulty/DEFAULT_FLOW_CHART_ERROR_HANDLER=handlers/faulty.yaml
/handled/clumsy/DEFAULT_FLOW_CHART_ERROR_HANDLER=/handlers/clumsy
/handled/held/DEFAULT_FLOW_CHART_ERROR_HANDLER=/handlers/held
`,
);
writeFileSync(
  path.join(place, 'handlers', 'near.yaml'),
  `workflow: /handlers/near
module: ${path.join(here, 'handler-actions.mjs')}
actions:
  near: { type: call, function: noted }
`,
);
writeFileSync(path.join(place, 'handlers', 'faulty.yaml'), 'workflow: /handlers/faulty\nactions: {}\n');

const quick = { retries: 1, delayMs: 1 };
let flows = 0;

function failing(more: Partial<Extract<Action, { type: 'call' }>> = {}): Action {
  return { name: 'failing', type: 'call', function: 'failing', transactionBreak: true, ...more };
}

async function deploy({ engine }: World, branch: string, actions: Action[], ways: Flow[] = []): Promise<string> {
  flows += 1;
  const workflow = `${branch}flow${flows}`;
  const straight = actions.slice(1).map(({ name }, at) => ({ from: actions[at]!.name, to: name }));
  const own = { module: './handler-actions.mjs', flows: ways.length > 0 ? ways : straight };
  await engine.deploy({ name: workflow, actions, ...own }, here);
  return workflow;
}

/** Notes the error, and gives up from an attempt on that the failed instance's input names. */
async function deployMail({ engine }: World): Promise<void> {
  await engine.deploy(
    {
      name: '/handlers/mail',
      module: './handler-actions.mjs',
      actions: [
        { name: 'note', type: 'call', function: 'noted' },
        { name: 'done', type: 'null' },
        { name: 'giveUp', type: 'error', code: 'GaveUp', message: 'enough' },
      ],
      flows: [
        { from: 'note', to: 'giveUp', condition: 'ERROR.attempt >= giveUpAt' },
        { from: 'note', to: 'done', kind: 'else' },
      ],
    },
    here,
  );
}

const actionsOf = (id: string) => signals.ranBy(id).map(({ action }) => action);
const notesOf = (id: string) =>
  signals.ranBy(id).flatMap(({ tag }) => (tag === null ? [] : [JSON.parse(tag) as Record<string, unknown>]));

onEveryHome(
  'error handlers',
  world => {
    test('an error for which its action has no error flow: the nearest handler runs, and the transaction is tried again', async () => {
      const own = world();
      await deployMail(own);
      const first: Action = { name: 'first', type: 'call', function: 'first' };
      const workflow = await deploy(own, '/handled/', [first, failing()]);
      const id = await own.engine.submit({ workflow, input: { fails: 2 } });
      // Nothing the failed transaction wrote is kept, nothing of the handler's RESULT either.
      const result = { attempt: 3, first: 'kept', halfDone: null };
      expect(await own.engine.result(id)).toMatchObject({ state: 'finished', result });
      await signals.until(() => actionsOf(id).length === 5);
      expect(actionsOf(id)).toEqual(['failing', 'note', 'failing', 'note', 'failing']);
      const error = { code: 'Broken', action: 'failing', stack: 'string', first: 'kept' };
      expect(notesOf(id)).toEqual([
        { ...error, message: 'attempt 1', attempt: 1 },
        { ...error, message: 'attempt 2', attempt: 2 },
      ]);
      const keys = signals.ranBy(id).filter(({ action }) => action === 'failing');
      expect(keys.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    });

    test('one that ends in an error action: the instance stands FAILED with the original error, and is recovered', async () => {
      const own = world();
      await deployMail(own);
      const workflow = await deploy(own, '/handled/', [failing()]);
      const [id, other] = await own.engine.submit([
        { workflow, input: { fails: 2, giveUpAt: 2 } },
        { workflow, input: { fails: 2, giveUpAt: 3 } },
      ]);
      const { state, error } = await own.engine.result(id!);
      expect(state).toBe('failed');
      const stack = expect.stringContaining('handler-actions.mjs') as string;
      expect(error).toEqual({
        code: 'Broken',
        message: 'attempt 2',
        action: 'failing',
        attempt: 2,
        stack,
        handler: { code: 'GaveUp', message: 'enough', action: 'giveUp' },
      });
      expect((await own.engine.result(other!)).result).toMatchObject({ attempt: 3 });
      const shown = await own.engine.show(id!);
      expect(shown).toMatchObject({ state: 'failed', action: 'failing', attempt: 2, error });
      expect(shown.contexts).toHaveLength(1);
      await own.engine.recover(id!);
      // It begins anew with its first attempt, which fails, and so on.
      expect(await own.engine.result(id!)).toMatchObject({ state: 'failed', error: { attempt: 2 } });
      await own.engine.remove(id!);
      expect(await own.engine.result(id!)).toMatchObject({ state: 'removed' });
    });

    test('the handler nearest to the workflow counts; a definition file is stored when the configuration is read', async () => {
      const own = world();
      await deployMail(own);
      const workflow = await deploy(own, '/handled/near/', [failing()]);
      const id = await own.engine.submit({ workflow, input: { fails: 1 } });
      expect(await own.engine.result(id)).toMatchObject({ state: 'finished' });
      await signals.until(() => actionsOf(id).length === 3);
      expect(actionsOf(id)).toEqual(['failing', 'near', 'failing']);
    });

    test.each(['unknown', 'faulty'])('a handler that is %s: errors take the built-in way', async branch => {
      const own = world();
      const workflow = await deploy(own, `/handled/${branch}/`, [failing({ retry: quick })]);
      const id = await own.engine.submit({ workflow, input: { fails: 2 } });
      expect(await own.engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'Broken', attempt: 2 } });
      expect(actionsOf(id)).toEqual(['failing', 'failing']);
    });

    test("an action's error flow comes before it, and its own retries", async () => {
      const own = world();
      await deployMail(own);
      const after: Action = { name: 'after', type: 'call', function: 'failing' };
      const flow = await deploy(
        own,
        '/handled/',
        [failing(), after],
        [{ from: 'failing', to: 'after', kind: 'error' }],
      );
      const retried = await deploy(own, '/handled/', [failing({ retry: quick })]);
      const withFlow = await own.engine.submit({ workflow: flow, input: { fails: 0 } });
      expect(await own.engine.result(withFlow)).toMatchObject({ state: 'finished' });
      const taken = await own.engine.submit({ workflow: flow, input: { fails: 1, giveUpAt: 1 } });
      // The flow is taken; what follows fails in the same attempt, and the handler gives up.
      expect(await own.engine.result(taken)).toMatchObject({ state: 'failed', error: { action: 'after' } });
      const id = await own.engine.submit({ workflow: retried, input: { fails: 2 } });
      expect(await own.engine.result(id)).toMatchObject({ result: { attempt: 3 } });
      await signals.until(() => actionsOf(id).length === 4);
      expect(actionsOf(id)).toEqual(['failing', 'failing', 'note', 'failing']);
    });

    test('what fails inside of a handler takes the built-in way', async () => {
      const own = world();
      const clumsy = { name: 'clumsy', type: 'call', function: 'clumsy', retry: quick } as const;
      const { engine } = own;
      await engine.deploy(
        { name: '/handlers/clumsy', module: './handler-actions.mjs', actions: [clumsy], flows: [] },
        here,
      );
      const workflow = await deploy(own, '/handled/clumsy/', [failing()]);
      const id = await engine.submit({ workflow, input: { fails: 1, clumsy: 1 } });
      expect(await engine.result(id)).toMatchObject({ state: 'finished' });
      await signals.until(() => actionsOf(id).length === 4);
      expect(actionsOf(id)).toEqual(['failing', 'clumsy', 'clumsy', 'failing']);
      const lost = await engine.submit({ workflow, input: { fails: 1, clumsy: 2 } });
      expect(await engine.result(lost)).toMatchObject({ state: 'failed', error: { code: 'Clumsy', action: 'clumsy' } });
    });

    test('"recover ... will roll back the flow context to the beginning of the transaction that caused the error condition": of the main line', async () => {
      const own = world();
      const { engine } = own;
      const clumsy = { name: 'clumsy', type: 'call', function: 'clumsy', retry: { retries: 0 } } as const;
      const held: Action = { name: 'held', type: 'call', function: 'held' };
      for (const action of [clumsy, held]) {
        const name = `/handlers/${action.name}`;
        await engine.deploy({ name, module: './handler-actions.mjs', actions: [action], flows: [] }, here);
      }
      const attempts = (id: string, action: string) =>
        signals.ranBy(id).flatMap(ran => (ran.action === action ? [ran.attempt] : []));

      // Failed inside of the handler.
      const lost = await deploy(own, '/handled/clumsy/', [failing()]);
      const id = await engine.submit({ workflow: lost, input: { fails: 1, clumsy: 9 } });
      expect(await engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'Clumsy' } });
      expect((await engine.show(id)).contexts).toHaveLength(2);
      expect(await engine.recover(id)).toEqual({ contexts: 1, segments: 1 });
      await signals.until(() => attempts(id, 'clumsy').length === 2);
      expect(attempts(id, 'failing')).toEqual([1, 1]);
      expect(await engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'Clumsy' } });
      expect(await engine.recover(lost)).toEqual({ contexts: 1, segments: 1 });
      await signals.until(() => attempts(id, 'clumsy').length === 3);
      expect(attempts(id, 'failing')).toEqual([1, 1, 1]);
      await engine.remove(id);

      // The handler is at work: it goes, and what it does still is not applied.
      const gate = `${own.home} ${own.branch} recovered`;
      const handled = await deploy(own, '/handled/held/', [failing()]);
      const other = await engine.submit({ workflow: handled, input: { fails: 1, gate } });
      await signals.atGate(gate);
      expect(await engine.recover(handled)).toEqual({ contexts: 1, segments: 1 });
      await signals.until(() => attempts(other, 'failing').length === 2);
      signals.open(gate);
      await signals.atGate(gate, 2);
      signals.open(gate);
      expect(await engine.result(other)).toMatchObject({ state: 'finished', result: { attempt: 2 } });
      expect(attempts(other, 'failing')).toEqual([1, 1, 2]);

      // It waits for one of the built-in retries.
      const retried = await deploy(own, own.branch, [failing({ retry: { delayMs: 86_400_000 } })]);
      const waits = await engine.submit({ workflow: retried, input: { fails: 1 } });
      await expect.poll(async () => (await engine.show(waits)).superState).toBe('ERROR');
      expect(await engine.recover(waits)).toEqual({ contexts: 1, segments: 1 });
      await signals.until(() => attempts(waits, 'failing').length === 2);
      expect(attempts(waits, 'failing')).toEqual([1, 1]);
      await expect.poll(async () => (await engine.show(waits)).superState).toBe('ERROR');
      await engine.remove(waits);
    });

    test('an error action outside of a handler fails at once', async () => {
      const own = world();
      await deployMail(own);
      const workflow = await deploy(own, '/handled/', [{ name: 'no', type: 'error', code: 'No' }]);
      const id = await own.engine.submit({ workflow, input: {} });
      expect(await own.engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'No', attempt: 1 } });
      expect(actionsOf(id)).toEqual([]);
    });

    test('one of several flow contexts is handled alone', async () => {
      const own = world();
      await deployMail(own);
      const begin: Action = { name: 'begin', type: 'call', function: 'first' };
      const beside: Action = { name: 'beside', type: 'call', function: 'first' };
      const join: Action = { name: 'join', type: 'null', join: 'all' };
      const workflow = await deploy(
        own,
        '/handled/',
        [begin, failing(), beside, join],
        [
          { from: 'begin', to: 'failing' },
          { from: 'begin', to: 'beside' },
          { from: 'failing', to: 'join' },
          { from: 'beside', to: 'join' },
        ],
      );
      const id = await own.engine.submit({ workflow, input: { fails: 2 } });
      const result = { beside: 1, failing: { attempt: 3, first: 'kept', halfDone: null } };
      expect(await own.engine.result(id)).toMatchObject({ state: 'finished', result });
      await signals.until(() => actionsOf(id).length === 5);
      expect(notesOf(id).map(({ attempt }) => attempt)).toEqual([1, 2]);
      const lost = await own.engine.submit({ workflow, input: { fails: 9, giveUpAt: 1 } });
      expect(await own.engine.result(lost)).toMatchObject({ state: 'failed', error: { code: 'Broken' } });
      const alone = await deploy(
        own,
        '/handled/',
        [begin, { name: 'no', type: 'error', code: 'No' }, beside],
        [
          { from: 'begin', to: 'no' },
          { from: 'begin', to: 'beside' },
        ],
      );
      const ended = await own.engine.submit({ workflow: alone, input: {} });
      expect(await own.engine.result(ended)).toMatchObject({ state: 'failed', error: { code: 'No' } });
    });

    test('a transaction that ends its thread again and again is parked, handler or not', async () => {
      const own = world();
      await deployMail(own);
      const workflow = await deploy(own, '/handled/', [failing({ function: 'exits' })]);
      const id = await own.engine.submit({ workflow, input: {} });
      expect(await own.engine.result(id)).toMatchObject({
        state: 'failed',
        error: { code: 'ActionExited', attempt: 3 },
      });
      expect(actionsOf(id).filter(action => action === 'note')).toHaveLength(2);
    });

    test('super-state and sub-state: those in error, and the others', async () => {
      const own = world();
      const { engine } = own;
      const held: Action = { name: 'held', type: 'call', function: 'held' };
      await engine.deploy(
        { name: '/handlers/held', module: './handler-actions.mjs', actions: [held], flows: [] },
        here,
      );
      const gate = (name: string) => `${own.home} ${own.branch} ${name}`;
      const statesOf = async (id: string) => {
        const { superState, subState, contexts } = await engine.show(id);
        const own = contexts?.map(each => `${each.superState} ${each.subState}`) ?? [];
        return [`${superState} ${subState}`, ...own];
      };
      const plain = await deploy(own, own.branch, [held]);
      const fires = await engine.submit({ workflow: plain, input: { gate: gate('plain') } });
      await signals.atGate(gate('plain'));
      expect(await statesOf(fires)).toEqual(['NORMAL FIRING']);
      signals.open(gate('plain'));
      await engine.result(fires);
      expect(await statesOf(fires)).toEqual(['NORMAL FINISHED']);

      const retried = await deploy(own, own.branch, [failing({ retry: { delayMs: 86_400_000 } })]);
      const waits = await engine.submit({ workflow: retried, input: { fails: 1 } });
      await expect.poll(() => statesOf(waits)).toEqual(['ERROR WAITING']);
      expect((await engine.show(waits)).error).toMatchObject({ code: 'Broken', attempt: 1 });
      const later = await engine.submit({ workflow: plain, input: {}, eligibleAtMs: Date.now() + 86_400_000 });
      expect(await statesOf(later)).toEqual(['NORMAL WAITING']);
      await engine.pause(later);
      expect(await statesOf(later)).toEqual(['NORMAL PAUSED']);

      const handled = await deploy(own, '/handled/held/', [failing()]);
      const id = await engine.submit({ workflow: handled, input: { fails: 1, gate: gate('handler') } });
      await signals.atGate(gate('handler'));
      expect(await statesOf(id)).toEqual(['ERROR FIRING', 'ERROR TRIGGERING', 'ERROR FIRING']);
      signals.open(gate('handler'));
      expect(await engine.result(id)).toMatchObject({ state: 'finished' });

      const lost = await deploy(own, own.branch, [failing({ retry: { retries: 0 } })]);
      const failed = await engine.submit({ workflow: lost, input: { fails: 1 } });
      await engine.result(failed);
      expect(await statesOf(failed)).toEqual(['ERROR FAILED']);
      for (const each of [waits, later, failed]) await engine.remove(each);
    });

    test('a retry policy by codes and with jitter: the codes it names are tried again, others fail at once', async () => {
      const own = world();
      const retry = { retries: 2, delayMs: 20, jitter: 1, codes: ['Busy'] };
      const workflow = await deploy(own, own.branch, [failing({ retry })]);
      const ids = await own.engine.submit(
        Array.from({ length: 40 }, (_, n) => ({ workflow, input: { fails: 2, code: n % 2 === 0 ? 'Busy' : 'Bad' } })),
      );
      const results = await Promise.all(ids.map(id => own.engine.result(id)));
      expect(results.map(({ state, error }) => error?.attempt ?? state)).toEqual(
        ids.map((_, n) => (n % 2 === 0 ? 'finished' : 1)),
      );
    });

    test('many of one submit, with the audit', async () => {
      const own = world();
      await deployMail(own);
      const workflow = await deploy(own, '/handled/', [failing()]);
      const ids = await own.engine.submit(
        Array.from({ length: 40 }, (_, n) => ({ workflow, input: { fails: n % 3, giveUpAt: 2, code: `C${n % 2}` } })),
      );
      const results = await Promise.all(ids.map(id => own.engine.result(id)));
      expect(results.map(({ state }) => state)).toEqual(ids.map((_, n) => (n % 3 === 2 ? 'failed' : 'finished')));
      expect(results.map(({ error }) => error?.code ?? null)).toEqual(
        ids.map((_, n) => (n % 3 === 2 ? `C${n % 2}` : null)),
      );
      const events = await own.audit(ids[2]!);
      expect(events.map(({ event, action }) => (action === null ? event : `${event} ${action}`))).toEqual([
        'StartingExecutionFlow',
        'EnteringAction failing',
        'ExecutingAction failing',
        'ExitingActionOnError failing',
        'StartingExecutionFlow',
        'DeferringExecutionFlow',
        'EnteringAction note',
        'ExecutingAction note',
        'ExitingAction note',
        'EnteringAction done',
        'ExecutingAction done',
        'ExitingAction done',
        'FinishingExecutionFlow',
        'EnteringAction failing',
        'ExecutingAction failing',
        'ExitingActionOnError failing',
        'StartingExecutionFlow',
        'DeferringExecutionFlow',
        'EnteringAction note',
        'ExecutingAction note',
        'ExitingAction note',
        'EnteringAction giveUp',
        'ExecutingAction giveUp',
        'ExitingActionOnError giveUp',
        'DeferringExecutionFlow',
      ]);
      expect(events.at(-1)).toMatchObject({ message: 'failed: waits to be recovered or removed' });
      expect(events[5]).toMatchObject({ message: 'waits for the error handler' });
    });
  },
  { runtimeConfiguration },
);
