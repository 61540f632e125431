// Rates of branches and of keys as an engine carries them out, on the test clock: never more than a rate lets begin in any window, and
// nearly all that it does while there is work.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestClock } from '../../src/observe/clock.js';
import { seed } from '../seed.js';
import { ownWorld, signals } from './setup.js';

interface Began {
  readonly atMs: number;
  readonly count: number;
}

interface Written {
  readonly value: string;
  readonly members: number;
  readonly perMs: number;
  readonly burst: number;
}

const first: Written = { value: '600 per +1m burst 40', members: 600, perMs: 60_000, burst: 40 };
const slower: Written = { value: '3 per +1s', members: 3, perMs: 1_000, burst: 3 };

test('a rate is kept in every window and used up while work waits; changed and taken away it holds so at once', async () => {
  signals.forget();
  const clock = new TestClock();
  const world = await ownWorld('memory', { clock, concurrency: 20 });
  const { engine, branch, until } = world;
  const rate = { branch, property: 'RATE' } as const;
  const workflow = await world.deploy(['echo']);
  const beganAt: Began[] = [];

  /** Until all that may begin now has begun and ended. */
  const settled = async (expected: number): Promise<void> => {
    await signals.until(() => signals.ran.length >= expected);
    await until(async () => {
      const { throttles } = await engine.configuration.show({ branch });
      return throttles!.every(({ running }) => running === 0);
    });
    const before = beganAt.reduce((sum, { count }) => sum + count, 0);
    beganAt.push({ atMs: clock.nowMs(), count: signals.ran.length - before });
    expect(signals.ran.length).toBe(expected);
  };

  /** Time passes in steps that are shorter than the bucket takes to fill, work waiting all the while. @returns how many began */
  const passing = async ({ members, perMs }: Written, lengths: readonly number[], had: number): Promise<number> => {
    const fromMs = clock.nowMs();
    let came = 0;
    for (const ms of lengths) {
      clock.advanceMs(ms);
      came = Math.floor((members * (clock.nowMs() - fromMs)) / perMs);
      await settled(had + came);
    }
    return came;
  };

  /** In each window of those that began since. */
  const keeps = ({ members, perMs, burst }: Written, since: number): void => {
    for (let from = since; from < beganAt.length; from++) {
      let sum = 0;
      for (let to = from; to < beganAt.length; to++) {
        sum += beganAt[to]!.count;
        expect(sum).toBeLessThanOrEqual((members * (beganAt[to]!.atMs - beganAt[from]!.atMs)) / perMs + burst);
      }
    }
  };

  const lengths = (count: number, mostMs: number): number[] =>
    fc.sample(fc.oneof(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: mostMs })), {
      seed,
      numRuns: count,
    });

  await engine.configuration.set({ ...rate, value: first.value });
  const ids = await engine.submit(Array.from({ length: 1_500 }, (_, n) => ({ workflow, input: { n } })));
  const began = await passing(first, lengths(16, 3_900), 0);
  keeps(first, 0);
  // Nobody looked for as long as it takes to fill: the burst is there, and no more.
  clock.advanceMs(60_000);
  await settled(began + first.burst);
  keeps(first, 0);

  // The bucket is empty but for a part of a token, which stays a part at whole seconds.
  const changedAt = beganAt.length;
  await engine.configuration.set({ ...rate, value: slower.value });
  expect((await engine.configuration.show({ branch })).throttles).toMatchObject([
    { branch, rate: { members: 3, perMs: 1_000, burst: 3 } },
  ]);
  const later = await passing(slower, Array(8).fill(1_000), began + first.burst);
  expect(later).toBe(24);
  keeps(slower, changedAt);

  await engine.configuration.unset(rate);
  const ended = await Promise.all(ids.map(id => engine.result(id)));
  expect(ended.every(({ state }) => state === 'finished')).toBe(true);
  expect(signals.ran).toHaveLength(ids.length);
}, 120_000);

test('a rate of each key lets each begin by itself, and is lifted by an operation', async () => {
  signals.forget();
  const clock = new TestClock();
  const world = await ownWorld('memory', { clock, concurrency: 20 });
  const { engine, branch } = world;
  const workflow = await world.deploy(['echo']);
  await engine.configuration.set({ branch, property: 'KEY_RATE', value: '1 per +1s burst 2' });
  const keys = ['a', 'a', 'a', 'a', 'b', 'b'];
  const ids = await engine.submit([...keys.map(key => ({ workflow, key })), { workflow }]);
  const until = async (began: number): Promise<void> => {
    await signals.until(() => signals.ran.length >= began);
    expect(signals.ran.length).toBe(began);
  };
  await until(1);
  for (const began of [3, 5, 6]) {
    clock.advanceMs(1_000);
    await until(began);
  }
  await engine.configuration.unset({ branch, property: 'KEY_RATE' });
  const ended = await Promise.all(ids.map(id => engine.result(id)));
  expect(ended.every(({ state }) => state === 'finished')).toBe(true);
}, 120_000);
