// Files that are waited for, and programs that are run for them, in an engine.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, ownWorld, temporaryFolder } from './setup.js';

const chain = (...names: string[]): Flow[] => names.slice(1).map((to, at) => ({ from: names[at]!, to }));

test('a file that comes is waited for, and given to a program; what that wrote is not stored unless asked for', async () => {
  const world = await ownWorld('memory', { programs: true });
  const folder = temporaryFolder();
  const name = `${world.branch}files`;
  const actions: Action[] = [
    { name: 'wait', type: 'fileExist', files: ['${folder}/*.csv'], pollEvery: '+100ms' },
    { name: 'count', type: 'process', command: 'wc', arguments: ['-l', '${RESULT.files[0]}'] },
    { name: 'tell', type: 'process', command: 'printf', arguments: ['%s', '${RESULT.stdout}'], keepOutput: true },
  ];
  await world.engine.deploy({ name, actions, flows: chain('wait', 'count', 'tell') }, here);
  const id = await world.engine.submit({ workflow: name, input: { folder } });
  await world.until(async () => (await world.eventNames(id)).includes('ExitingTriggerWithoutFiring wait'));
  // In one step: a poll could come upon half a file.
  const [half, whole] = [path.join(folder, 'a.tmp'), path.join(folder, 'a.csv')];
  writeFileSync(half, 'one\ntwo\n');
  renameSync(half, whole);
  const { result } = await world.engine.result(id);
  expect(result).toMatchObject({ exitCode: 0, stdout: `2 ${whole}\n` });
  const exits = (await world.audit(id)).filter(({ event }) => event === 'ExitingAction');
  expect(exits.map(({ action, data }) => [action, Object.keys(data as object).sort()])).toEqual([
    ['count', ['exitCode', 'signal', 'truncated']],
    ['tell', ['exitCode', 'signal', 'stderr', 'stdout', 'truncated']],
  ]);
});

test('a process that fails is an error like any other, and an engine that was not told to runs none', async () => {
  const world = await ownWorld('memory', { programs: true });
  const off = await ownWorld('memory');
  const flows: Flow[] = [{ from: 'run', to: 'notify', kind: 'error' }];
  const actions: Action[] = [
    { name: 'run', type: 'process', command: 'false', errorExitCodes: ['1-255'] },
    { name: 'notify', type: 'process', command: 'echo', arguments: ['${ERROR.code}'], keepOutput: true },
  ];
  for (const each of [world, off]) {
    const name = `${each.branch}errors`;
    await each.engine.deploy({ name, actions, flows }, here);
    const id = await each.engine.submit({ workflow: name, input: {} });
    if (each === world) expect((await each.engine.result(id)).result).toMatchObject({ stdout: 'ProcessFailed\n' });
    else
      await each.until(async () =>
        (await each.audit(id)).some(({ data }) => /ProgramsDisabled/.test(JSON.stringify(data))),
      );
  }
});
