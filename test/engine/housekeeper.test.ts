// Rounds of housekeeping (R1, R2 of `src/engine/rounds.ts`), and an engine that is disposed of during one.

import { expect, onTestFinished, test } from 'vitest';
import { EngineMetrics } from '../../src/engine/engine-metrics.js';
import { Housekeeper } from '../../src/engine/housekeeper.js';
import { TestClock } from '../../src/observe/clock.js';
import { LogEvents } from '../../src/observe/log-events.js';
import { type LogEntry, loggersTo, nullLoggers } from '../../src/observe/loggers.js';
import type { HouseReport, Store } from '../../src/store/contract.js';
import { openEngine, temporaryFolder } from './setup.js';

/** A round that ends when it is told to; no real one can be held. */
class HeldStore implements Pick<Store, 'keepHouse'> {
  rounds = 0;
  #end: (report: HouseReport) => void = () => {};

  keepHouse(): Promise<HouseReport> {
    this.rounds++;
    return new Promise(resolve => {
      this.#end = resolve;
    });
  }

  endRound(): void {
    this.#end({ rotated: [], bodiesCarried: 0, checkpointed: false, vacuumed: false, longestMs: 1 });
  }
}

test('a stop waits for the round under way, and a start after it has one chain of timers', async () => {
  const clock = new TestClock();
  const store = new HeldStore();
  const fail = (error: unknown): never => {
    throw error;
  };
  const log = new LogEvents(nullLoggers);
  const housekeeper = new Housekeeper(store as unknown as Store, clock, log, new EngineMetrics(), fail);
  housekeeper.start();
  clock.advanceMs(2_000);
  expect(store.rounds).toBe(1);
  const order: string[] = [];
  const stopped = Promise.resolve(housekeeper.stop()).then(() => order.push('stopped'));
  await new Promise(setImmediate);
  order.push('round over');
  store.endRound();
  await stopped;
  expect(order).toEqual(['round over', 'stopped']);
  expect(clock.pendingCount).toBe(0);
  housekeeper.start();
  await new Promise(setImmediate);
  expect(clock.pendingCount).toBe(1);
});

test('the old chain ends also when the start did not wait for the stop', async () => {
  const clock = new TestClock();
  const store = new HeldStore();
  const log = new LogEvents(nullLoggers);
  const housekeeper = new Housekeeper(store as unknown as Store, clock, log, new EngineMetrics(), () => {});
  housekeeper.start();
  clock.advanceMs(2_000);
  const stopped = housekeeper.stop();
  housekeeper.start();
  store.endRound();
  await stopped;
  await new Promise(setImmediate);
  expect(clock.pendingCount).toBe(1);
});

test('an engine that is disposed of during a round lets it end, and no failure is logged', async () => {
  const clock = new TestClock(Date.now());
  const entries: LogEntry[] = [];
  const engine = await openEngine('memory', temporaryFolder(), {
    clock,
    auditExpirationMs: 6_000,
    historyExpirationMs: 6_000,
    loggers: loggersTo(entry => entries.push(entry)),
  });
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  clock.advanceMs(2_000);
  await engine.dispose(0);
  expect(entries.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  expect(entries.map(({ message }) => message)).toContain('store kept house');
});
