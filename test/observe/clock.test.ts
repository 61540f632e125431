import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock, TestClock } from '../../src/observe/clock.js';

afterEach(() => vi.restoreAllMocks());

describe('system clock', () => {
  const passing = (delayMs: number): Promise<void> =>
    new Promise(resolve => void systemClock.setTimer(delayMs, resolve));

  test('a timer fires once its delay has passed, never before', async () => {
    for (const delayMs of [0, 1, 3.5, 20]) {
      const startedMs = systemClock.monotonicMs();
      await passing(delayMs);
      expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(delayMs);
    }
  });

  test('an alarm fires when the time of day has come, at once when it is past', async () => {
    const atMs = systemClock.nowMs() + 15;
    await new Promise<void>(resolve => void systemClock.setAlarm(atMs, resolve));
    expect(systemClock.nowMs()).toBeGreaterThanOrEqual(atMs);
    await new Promise<void>(resolve => void systemClock.setAlarm(0, resolve));
  });

  test('waits longer than Node can take do not fire at once', async () => {
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const fired: string[] = [];
    const timers = [
      systemClock.setTimer(2 ** 31, () => fired.push('2^31')),
      systemClock.setTimer(Number.POSITIVE_INFINITY, () => fired.push('infinity')),
      systemClock.setAlarm(systemClock.nowMs() + 2 ** 33, () => fired.push('alarm')),
    ];
    for (const [, waitMs] of waits.mock.calls) expect(waitMs).toBeLessThan(2 ** 31);
    expect(waits).toHaveBeenCalledTimes(3);
    await passing(20);
    expect(fired).toEqual([]);
    for (const timer of timers) timer.cancel();
  });

  test('a long wait is made of shorter ones', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    try {
      let firedCount = 0;
      const dayMs = 86_400_000;
      systemClock.setTimer(60 * dayMs, () => firedCount++);
      systemClock.setAlarm(systemClock.nowMs() + 60 * dayMs, () => firedCount++);
      vi.advanceTimersByTime(60 * dayMs - 1);
      expect(firedCount).toBe(0);
      vi.advanceTimersByTime(1);
      expect(firedCount).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a cancelled timer never fires, and cancelling again does nothing', async () => {
    const fired: string[] = [];
    const timer = systemClock.setTimer(5, () => fired.push('cancelled')).unref();
    timer.cancel();
    timer.cancel();
    await passing(15);
    expect(fired).toEqual([]);
  });
});

describe('test clock', () => {
  test('stands still until it is moved', () => {
    const clock = new TestClock(1_000);
    clock.advanceMs(250.5);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_250.5, 250.5]);
  });

  test('fires in order of time, then of setting, each at its own time', () => {
    const clock = new TestClock(0);
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.nowMs()}`);
    clock.setTimer(30, note('c'));
    clock.setTimer(10, note('a'));
    clock.setAlarm(10, note('b'));
    clock.setTimer(31, note('late'));
    clock.advanceMs(30);
    expect(fired).toEqual(['a@10', 'b@10', 'c@30']);
    expect(clock.pendingCount).toBe(1);
  });

  test('what a timer sets fires in the same advance when it is due', () => {
    const clock = new TestClock(0);
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.nowMs());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    clock.advanceMs(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.nowMs()).toBe(35);
  });

  test('a timer that cancels another in time stops it', () => {
    const clock = new TestClock(0);
    const fired: string[] = [];
    const second = clock.setTimer(10, () => fired.push('second'));
    clock.setTimer(5, () => second.cancel());
    clock.advanceMs(100);
    expect([fired, clock.pendingCount]).toEqual([[], 0]);
  });

  test('setting the time of day moves alarms, not timers', () => {
    const clock = new TestClock(0);
    const fired: string[] = [];
    clock.setTimer(100, () => fired.push('timer'));
    clock.setAlarm(100, () => fired.push('alarm'));
    clock.setNowMs(150);
    expect(fired).toEqual(['alarm']);
    clock.advanceMs(100);
    expect(fired).toEqual(['alarm', 'timer']);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([250, 100]);
  });
});
