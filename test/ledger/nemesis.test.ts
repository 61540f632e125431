// The nemesis on a trivial child.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { nemesis, seeded } from './nemesis.js';

const script = fileURLToPath(new URL('../fixtures/ledger/blinker.mjs', import.meta.url));

test('a child is killed as often as asked, then ends by itself', async () => {
  const heard: string[] = [];
  const report = await nemesis({
    script,
    args: ['hello'],
    kills: 4,
    minMs: 5,
    maxMs: 40,
    seed: 7,
    limitMs: 20_000,
    onLine: (line, run) => heard.push(`${run} ${line}`),
  });
  expect(report.runs.map(({ killed, wasReady, code }) => ({ killed, wasReady, code }))).toEqual([
    ...Array.from({ length: 4 }, () => ({ killed: true, wasReady: true, code: null })),
    { killed: false, wasReady: true, code: 0 },
  ]);
  expect(new Set(report.runs.map(run => run.pid)).size).toBe(5);
  expect(report.lines.filter(line => line === 'starting hello')).toHaveLength(5);
  expect(report.lines.slice(-3)).toEqual(['tick 1', 'tick 2', 'tick 3']);
  expect(heard.filter(line => line === '4 ready')).toHaveLength(1);
  for (const { pid } of report.runs) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('kills may fall on the start', async () => {
  const report = await nemesis({ script, kills: 3, minMs: 0, maxMs: 2, seed: 1, duringStartShare: 1, limitMs: 20_000 });
  expect(report.runs.map(run => run.wasReady)).toEqual([false, false, false, true]);
});

test('a last run that fails is an error that names the seed', async () => {
  const options = { script, kills: 0, minMs: 0, maxMs: 1, seed: 42, env: { BLINKER_EXIT: '3' }, limitMs: 20_000 };
  await expect(nemesis(options)).rejects.toThrow(/seed 42.*run 0: the last run exited with 3/);
});

test('a child that ends before it is killed is an error', async () => {
  const options = {
    script,
    kills: 1,
    minMs: 10_000,
    maxMs: 10_000,
    seed: 1,
    env: { NEMESIS_LAST: '1' },
    limitMs: 20_000,
  };
  await expect(nemesis(options)).rejects.toThrow(/run 0: ended by itself \(code 0\)/);
});

test('a child that never gets ready is ended when the time is over', async () => {
  const options = { script, kills: 1, minMs: 0, maxMs: 1, seed: 1, ready: /never said/, limitMs: 500 };
  await expect(nemesis(options)).rejects.toThrow(/run 0: ran out of time/);
});

test('the same seed gives the same numbers, spread over [0, 1)', () => {
  const draw = (seed: number): number[] => {
    const random = seeded(seed);
    return Array.from({ length: 1_000 }, random);
  };
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
  const numbers = draw(5);
  expect(numbers.every(number => number >= 0 && number < 1)).toBe(true);
  expect(numbers.reduce((sum, number) => sum + number, 0) / 1_000).toBeCloseTo(0.5, 1);
});
