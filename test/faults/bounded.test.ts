// What user code hands back, and how much of it waits, is bounded (I12): too large a result fails alone, and a flood of slow
// actions stays in the store rather than in memory.

import { expect, test } from 'vitest';
import { child, deploy, freshFolder, module, open } from './setup.js';

test('a result of 2 MB fails its own instance, and no neighbour', { timeout: 60_000 }, async () => {
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
  const [, finished, grownMb, executingMost] = (await flood.line(/^grown/)).split(' ').map(Number);
  console.log(`resident memory grew by at most ${grownMb} MB; ${executingMost} claimed at most`);
  expect(finished).toBe(20_000);
  expect(grownMb).toBeLessThan(200);
  // Two threads of a hundred, and what replaces those that end within 25 ms.
  expect(executingMost).toBeLessThan(1_000);
  expect(await flood.exited).toBe(0);
});
