// What becomes of a start that is interrupted.

import { expect, test } from 'vitest';
import { startedUnless } from '../../src/cli/start-outcome.js';
import { EngineError } from '../../src/observe/errors.js';

const never = new Promise<void>(() => undefined);

/** A start that is under way until the test says how it ends. */
function underWay() {
  let fail: (error: unknown) => void = () => undefined;
  let end: () => void = () => undefined;
  const start = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { start: () => start, fail, end };
}

test('a start that ends has ended with nothing', async () => {
  const { isStarted, ended } = await startedUnless(() => Promise.resolve(), never);
  expect([isStarted, await ended]).toEqual([true, null]);
});

test('a start that fails before a stop is asked for fails', async () => {
  await expect(startedUnless(() => Promise.reject(new Error('no store')), never)).rejects.toThrow('no store');
});

test('what a start fails with after a stop was asked for is told, but for that it was stopped', async () => {
  const failing = underWay();
  const failed = await startedUnless(failing.start, Promise.resolve());
  expect(failed.isStarted).toBe(false);
  failing.fail(new Error('disk full'));
  expect(await failed.ended).toMatchObject({ message: 'disk full' });

  const stopped = underWay();
  const asked = await startedUnless(stopped.start, Promise.resolve());
  stopped.fail(new EngineError('ENGINE_STOPPED', 'the engine was stopped before its queue was found'));
  expect(await asked.ended).toBeNull();

  const late = underWay();
  const overtaken = await startedUnless(late.start, Promise.resolve());
  late.end();
  expect(await overtaken.ended).toBeNull();
});
