// A module that is replaced on disk runs in its new form a moment later, without a restart.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deploy, freshFolder, open } from './setup.js';

/** A thread looks at the file once a second; half a second more for a busy machine. */
const noticedMs = 1_500;

test('replaced code is picked up by every thread; a version that does not load fails its instances until it is repaired', async () => {
  const module = join(freshFolder(), 'replaced.mjs');
  const write = (text: string): void => {
    // As a deployment does it: whole, in one step.
    writeFileSync(`${module}.new`, text);
    renameSync(`${module}.new`, module);
  };
  const answers = (answer: string): string => `export const act = async () => { await null; return '${answer}'; };`;
  write(answers('first'));
  const { engine } = await open('memory');
  const workflow = await deploy(engine, 'act', { of: module });
  await engine.start();
  const answersNow = async (): Promise<unknown[]> => {
    const ids = await engine.submit(Array.from({ length: 200 }, () => ({ workflow })));
    const ends = await Promise.all(ids.map(id => engine.result(id)));
    const answers = new Set<unknown>();
    for (const { instance, state, result } of ends) {
      answers.add(
        state === 'finished' ? result : ((await engine.show(instance)).error as { code: string; message: string }).code,
      );
    }
    return [...answers];
  };
  expect(await answersNow()).toEqual(['first']);
  for (const next of ['second', 'third']) {
    write(answers(next));
    await pause(noticedMs);
    expect(await answersNow()).toEqual([next]);
  }
  write('export const act = ;');
  await pause(noticedMs);
  expect(await answersNow()).toEqual(['ActionModuleFailed']);
  write(answers('repaired'));
  await pause(noticedMs);
  expect(await answersNow()).toEqual(['repaired']);
  expect(await engine.recover(workflow)).toMatchObject({ contexts: 200 });
  await expect.poll(async () => (await engine.status()).finished).toBe(1_000);
});
