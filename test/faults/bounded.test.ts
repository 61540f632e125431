// What user code hands back, and how much of it waits, is bounded (I12): too large a result fails alone, and a flood of slow
// actions stays in the store rather than in memory.

import { expect, test } from 'vitest';
import { child, deploy, freshFolder, module, open } from './setup.js';

test('a result of 2 MB fails its own instance, and no neighbour', async () => {
  const { engine } = await open(freshFolder());
  const large = await deploy(engine, 'large');
  const double = await deploy(engine, 'double');
  await engine.start();
  const record = (n: number) =>
    n % 20 === 7
      ? { workflow: large }
      : n % 20 === 8
        ? { workflow: large, input: { bytes: 500_000 } }
        : { workflow: double, input: { n } };
  const ids = await engine.submit(Array.from({ length: 200 }, (_, n) => record(n)));
  const ends = await Promise.all(ids.map(id => engine.result(id)));
  for (const [n, { state, result }] of ends.entries()) {
    if (n % 20 === 7) expect(state).toBe('failed');
    else
      expect({ state, result }).toEqual({
        state: 'finished',
        result: n % 20 === 8 ? 'x'.repeat(500_000) : { doubled: n * 2 },
      });
  }
  const tooLarge = ids.filter((_, n) => n % 20 === 7);
  for (const id of tooLarge)
    expect((await engine.show(id)).error).toMatchObject({ code: 'ResultTooLarge', action: 'act' });
});

test('20,000 slow actions that wait do not fill the memory', { timeout: 120_000 }, async () => {
  const flood = child('flood.mjs', [freshFolder(), '20000', module]);
  const [, finished, grownMb, claimedMost] = (await flood.line(/^grown/)).split(' ').map(Number);
  console.log(`resident memory grew by at most ${grownMb} MB; ${claimedMost} claimed at most`);
  expect(finished).toBe(20_000);
  expect(grownMb).toBeLessThan(200);
  // Two threads of a hundred, what replaces those that end within 25 ms, and what waits for its commit on a busy machine.
  expect(claimedMost).toBeLessThan(5_000);
  expect(await flood.exited).toBe(0);
});

test('a store that stands still stops the claims; when it goes on so do they', { timeout: 120_000 }, async () => {
  const instances = 120_000;
  const { engine } = await open('memory');
  const workflow = await deploy(engine, 'double');
  await engine.submitMany(Array.from({ length: instances }, (_, n) => ({ workflow, input: { n } })));
  await engine.start();
  await engine.query('select pg_sleep(3)');
  const { claimed, finished } = await engine.status();
  console.log(`${claimed} claimed, ${finished} finished when the store goes on`);
  expect(claimed).toBeLessThan(instances / 2);
  await expect.poll(async () => (await engine.status()).finished, { timeout: 60_000 }).toBe(instances);
});
