// One engine to a folder (fault 36): a second is told by whom it is held, and a dead holder does not hold it.

import { expect, test } from 'vitest';
import { standStill } from '../servers/standstill.js';
import { child, deploy, freshFolder, open } from './setup.js';

/** A second, and what a busy machine takes. */
const atOnceMs = 1_000 + 5_000;

test('a second engine in this process is refused within a second and names the pid', async () => {
  const folder = freshFolder();
  const { engine } = await open(folder);
  const startedMs = performance.now();
  const second = open(folder);
  await expect(second).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  expect(performance.now() - startedMs).toBeLessThan(atOnceMs);
  // The first is none the worse for it.
  const workflow = await deploy(engine, 'double');
  await engine.start();
  expect((await engine.result(await engine.submit({ workflow, input: { n: 1 } }))).result).toEqual({ doubled: 2 });
});

test('a second engine in another process is refused within a second and names the pid', async () => {
  const folder = freshFolder();
  await open(folder);
  const refused = child('hold.mjs', [folder]);
  const [, code, tookMs, ...message] = (await refused.line(/^refused/)).split(' ');
  expect(code).toBe('STORE_LOCKED');
  expect(message.join(' ')).toContain(`pid ${process.pid}`);
  expect(Number(tookMs)).toBeLessThan(atOnceMs);
});

test('the folder of a holder that is stopped is refused, and opens at once when the holder is killed', async () => {
  const folder = freshFolder();
  const holder = child('hold.mjs', [folder]);
  await holder.line(/^held/);
  const pid = holder.process.pid!;
  await standStill(holder.process);
  const startedMs = performance.now();
  await expect(open(folder)).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: expect.stringContaining(`pid ${pid}`),
  });
  expect(performance.now() - startedMs).toBeLessThan(atOnceMs);
  await holder.kill('SIGKILL');
  const { engine } = await open(folder);
  expect(await engine.count()).toEqual([{ workflow: '/faults/held', state: 'ready', instances: 1 }]);
});

test('an engine that could not open leaves the folder to the next', async () => {
  const folder = freshFolder();
  const other = await open(freshFolder(), { healthPort: 0 });
  await expect(open(folder, { healthPort: other.engine.healthPort })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  expect((await open(folder)).engine.state).toBe('stopped');
});
