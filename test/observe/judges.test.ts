// The pure judges: of the main loop, and of the store's commands.

import { describe, expect, test } from 'vitest';
import { FailureDetector } from '../../src/observe/failure-detector.js';
import { MainJudge, type MainSeen } from '../../src/observe/main-judge.js';

describe('main judge', () => {
  const everyMs = 100;
  /** A judge, and a way to let it look for a while; says what it found as `kind@ms`. */
  const setUp = (options: { blockedAfterMs?: number; heartbeatMs?: number } = {}) => {
    const judge = new MainJudge({ blockedAfterMs: 1_000, heartbeatMs: 10_000, everyMs, ...options }, 0);
    let nowMs = 0;
    let progress = 0;
    const watch = (ms: number, seen: Partial<MainSeen> & { moves?: boolean } = {}): string[] => {
      const found: string[] = [];
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += everyMs;
        if (seen.moves ?? true) progress++;
        const main: MainSeen = { progress, state: 'running', databaseFailing: false, ...seen };
        for (const finding of judge.observe(main, nowMs)) found.push(`${finding.kind}@${nowMs}`);
      }
      return found;
    };
    const suspend = (ms: number): void => {
      nowMs += ms;
    };
    return { judge, watch, suspend };
  };

  test('a main loop that moves is ok, and that is told at the frequency of the heartbeat', () => {
    const { judge, watch } = setUp();
    expect(watch(25_000)).toEqual(['ok@10000', 'ok@20000']);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['ok', false]);
  });

  test('without progress it is blocked: told at once, again at the frequency of the heartbeat, until it moves', () => {
    const { judge, watch } = setUp();
    watch(3_000);
    expect(watch(900, { moves: false })).toEqual([]);
    expect(judge.status).toBe('ok');
    expect(watch(20_100, { moves: false })).toEqual(['blocked@4000', 'blocked@14000', 'blocked@24000']);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['blocked', true]);
    expect(watch(100)).toEqual(['unblocked@24100']);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['ok', false]);
  });

  test('says for how long', () => {
    const judge = new MainJudge({ blockedAfterMs: 250, heartbeatMs: 10_000, everyMs }, 0);
    const seen = (progress: number): MainSeen => ({ progress, state: 'running', databaseFailing: false });
    judge.observe(seen(1), 100);
    judge.observe(seen(1), 200);
    judge.observe(seen(1), 300);
    expect(judge.observe(seen(1), 400)).toEqual([{ kind: 'blocked', forMs: 300 }]);
    judge.observe(seen(1), 500);
    expect(judge.observe(seen(2), 600)).toEqual([{ kind: 'unblocked', forMs: 500 }]);
  });

  test('a process that was suspended as a whole is not blocked', () => {
    const { judge, watch, suspend } = setUp();
    watch(1_000);
    suspend(3_600_000);
    watch(100, { moves: false });
    expect(judge.status).toBe('ok');
  });

  test('a main loop stopped by an error is told at once and again, and is not called blocked', () => {
    const { judge, watch } = setUp();
    watch(1_000);
    expect(watch(20_000, { state: 'failed', moves: false })).toEqual(['stopped@1100', 'stopped@11100']);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['stopped', true]);
  });

  test('stopped by an error while blocked is told as stopped', () => {
    const { watch } = setUp();
    watch(100);
    expect(watch(1_000, { moves: false })).toEqual(['blocked@1100']);
    expect(watch(200, { state: 'failed', moves: false })).toEqual(['stopped@1200']);
  });

  test('an engine that is stopped in the normal course, or starting, is told nothing of', () => {
    const { judge, watch } = setUp();
    expect(watch(15_000, { state: 'starting' })).toEqual([]);
    expect(judge.status).toBe('starting');
    expect(watch(15_000, { state: 'stopped' })).toEqual([]);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['stopped', false]);
  });

  test('while the database fails there is no Ok', () => {
    const { judge, watch } = setUp();
    expect(watch(15_000, { databaseFailing: true })).toEqual([]);
    expect([judge.status, judge.isBeyondHelp]).toEqual(['database-failing', false]);
    expect(watch(100)).toEqual(['ok@15100']);
  });
});

describe('failure detector', () => {
  test('tells the fifth closely spaced failure, and again while it lasts', () => {
    const detector = new FailureDetector({ windowMs: 1_000, repeatMs: 500 });
    expect([0, 10, 20, 30].map(ms => detector.failed(ms))).toEqual([false, false, false, false]);
    expect(detector.isFailing).toBe(false);
    expect(detector.failed(40)).toBe(true);
    expect(detector.isFailing).toBe(true);
    expect([100, 539, 540, 600, 1_100].map(ms => detector.failed(ms))).toEqual([false, false, true, false, true]);
  });

  test('a success begins anew and says that a time of failing is over', () => {
    const detector = new FailureDetector();
    for (let ms = 0; ms < 4; ms++) detector.failed(ms);
    expect(detector.succeeded()).toBe(false);
    expect([5, 6, 7, 8].map(ms => detector.failed(ms))).toEqual([false, false, false, false]);
    expect(detector.failed(9)).toBe(true);
    expect(detector.succeeded()).toBe(true);
    expect(detector.succeeded()).toBe(false);
    expect(detector.isFailing).toBe(false);
  });

  test('failures far apart are not closely spaced; the latest five decide', () => {
    const detector = new FailureDetector({ windowMs: 1_000 });
    expect([0, 400, 800, 1_200, 1_600].map(ms => detector.failed(ms))).toEqual([false, false, false, false, false]);
    expect([1_601, 1_602].map(ms => detector.failed(ms))).toEqual([false, true]);
  });
});
