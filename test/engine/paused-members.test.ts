// What is asked of paused members, by signals and by operators, is there when they are resumed.

import { expect, test } from 'vitest';
import type { Flow } from '../../src/workflow/model.js';
import { deferred, deployActions, mark, waits } from './deploy-flows.js';
import { onEveryHome } from './setup.js';

const flows: Flow[] = [
  { from: 'wait', to: 'fired' },
  { from: 'wait', to: 'stopped', kind: 'signal', signal: 'stop' },
];

onEveryHome('paused members', world => {
  test.each([
    ['a trigger', waits('wait', { monitor: ['stop'] })],
    ['a retry', mark('wait', { monitor: ['stop'], retry: { retries: 5, delayMs: 86_400_000 } })],
  ])('%s that is paused when its signal is raised takes the signal flow when it is resumed', async (_, wait) => {
    const own = world();
    const workflow = await deployActions(own, [wait, mark('fired'), mark('stopped')], flows);
    const ids = await Promise.all([1, 2].map(n => own.engine.submit({ workflow, input: { n, fails: ['wait'] } })));
    for (const id of ids) await deferred(own, id);
    expect(await own.engine.pause(workflow)).toMatchObject({ contexts: 2 });
    expect(await own.engine.raiseSignal(workflow, 'stop')).toMatchObject({ instances: 2 });
    expect((await own.engine.show(ids[0]!)).state).toBe('paused');
    expect((await own.engine.show(ids[1]!)).state).toBe('paused');
    await own.engine.resume(ids[0]!);
    expect((await own.engine.result(ids[0]!)).result).toMatchObject({ way: ['stopped'] });
    await own.engine.resume(workflow);
    expect((await own.engine.result(ids[1]!)).result).toMatchObject({ way: ['stopped'] });
  });

  test('contexts that are expedited while they are paused stay so, and fire when they are resumed', async () => {
    const own = world();
    const sides = ['one', 'two'].flatMap((to): Flow[] => [
      { from: 'head', to },
      { from: to, to: 'done' },
    ]);
    const workflow = await deployActions(
      own,
      [mark('head'), waits('one'), waits('two'), mark('done', { join: 'all' })],
      sides,
    );
    const id = await own.engine.submit({ workflow, input: {} });
    const hasBoth = async () =>
      (await own.audit(id)).filter(({ event }) => event === 'DeferringExecutionFlow').length === 2;
    await own.until(hasBoth);
    await own.engine.pause(id);
    expect(await own.engine.expedite(id)).toMatchObject({ contexts: 2 });
    const { contexts } = await own.engine.show(id);
    expect(contexts!.map(({ state }) => state)).toEqual(['paused', 'paused']);
    await own.engine.resume(id);
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['head', 'done'] });
  });
});
