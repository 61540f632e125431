// Who waits for an instance, and who listens: what they are told.

import { expect, test } from 'vitest';
import { type LogEntry, loggersTo, nullLoggers } from '../../src/observe/loggers.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { CommitWorld } from './commit-world.js';
import { noRetry, ownWorld } from './setup.js';

test('one that was recovered alone has not failed, whatever is found of its neighbour', async () => {
  const { results, ...world } = new CommitWorld();
  const root = world.ids.nextRoot();
  const [recovered, failed] = [instanceId(root, 0), instanceId(root, 1)];
  results.submitted(root, 2);
  const waiting = results.of(recovered);
  const neighbour = results.of(failed);
  const { segment } = await new CommitWorld().submit(2);
  results.stood([{ ...segment, root, state: 'failed', open: 1, gone: Uint8Array.of(0b1000_0000) }]);
  expect((await neighbour).state).toBe('failed');
  const outcome = { root, workflow: 1, name: '/f', state: 'removed', finishedAtMs: 1, body: null } as const;
  results.left([{ ...outcome, ordinals: Uint16Array.of(0) }], []);
  expect((await waiting).state).toBe('removed');
});

test('what a listener or a logger throws keeps nobody from being told, and is logged once', async () => {
  const logged: LogEntry[] = [];
  const refuse = (): void => {
    throw new Error('the application is broken');
  };
  const loggers = {
    ...nullLoggers,
    flowChart: loggersTo(refuse).flowChart,
    system: loggersTo(entry => void logged.push(entry)).system,
  };
  const { engine, deploy } = await ownWorld('memory', { loggers });
  const told: string[] = [];
  engine.onEnded(refuse);
  engine.onEnded(({ state, count }) => void told.push(...Array<string>(count).fill(state)));
  const good = await deploy(['echo'], 'good');
  const bad = await deploy([{ function: 'alwaysFails', retry: noRetry }], 'bad');
  for (let round = 0; round < 2; round++) {
    const ids = await engine.submit([{ workflow: bad }, { workflow: good }, { workflow: bad }]);
    const states = (await Promise.all(ids.map(id => engine.result(id)))).map(({ state }) => state);
    expect(states).toEqual(['failed', 'finished', 'failed']);
  }
  expect(told.sort()).toEqual([...Array(4).fill('failed'), ...Array(2).fill('finished')]);
  const errors = logged.filter(({ level }) => level === 'error');
  expect(errors.map(({ message }) => message)).toEqual(['a listener of ended instances threw']);
});
