// The rounds of Millrace against itself, on a model of an engine that needs no store.

import { describe, expect, it } from 'vitest';
import type { Setting } from '../../bench/contestant.js';
import { definitionsOf, submissionOf } from '../../bench/definitions.js';
import { LatencyHistogram } from '../../bench/latency-histogram.js';
import { backlogRound, coldRound, type Driver, sustainedRound } from '../../bench/own-rounds.js';
import { loadFilms } from '../../bench/records.js';
import { scenarioNamed, scenarios } from '../../bench/scenarios/index.js';
import { workOf } from '../../bench/workload.js';
import { compilePlan } from '../../src/workflow/plan.js';

/** Ends 100 instances a millisecond while it runs; a tenth as many after `reopen`. */
class ModelEngine implements Driver {
  readonly latencies = new LatencyHistogram();
  #ready = 0;
  #ended = 0;
  #perTick = 100;
  #timer: NodeJS.Timeout | undefined;
  readonly calls = { reopened: 0, mostReady: 0 };

  async submit(batch: readonly unknown[]): Promise<void> {
    this.#ready += batch.length;
    this.calls.mostReady = Math.max(this.calls.mostReady, this.#ready);
    await new Promise(resolve => setImmediate(resolve));
  }
  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      const count = Math.min(this.#ready, this.#perTick);
      this.#ready -= count;
      this.#ended += count;
      if (count > 0) this.latencies.add(1);
    }, 1);
  }
  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }
  async reopen(): Promise<void> {
    this.calls.reopened++;
    this.#perTick = 10;
  }
  ended = () => this.#ended;
  checksum = () => 0;
  storeBytes = async () => this.#ready * 400;
  queueBytes = async () => null;
  longestCommitMs = () => 3;
}

function settingOf(name: string): Setting {
  const scenario = scenarioNamed(name);
  return { scenario, size: scenario.toySize, isToy: true, folder: '', redisFsync: 'everysec', onProgress: () => {} };
}

describe('rounds of Millrace against itself', () => {
  it('backlog drains and submits with few and with many ready', async () => {
    const engine = new ModelEngine();
    const outcome = await backlogRound(engine, settingOf('backlog'));
    expect(engine.calls.mostReady).toBe(scenarioNamed('backlog').toySize);
    expect(outcome.ratio).toBeGreaterThan(0);
    expect(Object.keys(outcome.remarks)).toHaveLength(2);
  });

  it('cold restarts once, between two drains of the same size', async () => {
    const engine = new ModelEngine();
    const outcome = await coldRound(engine, settingOf('cold'));
    expect(engine.calls.reopened).toBe(1);
    expect(outcome.completed).toBe(2 * scenarioNamed('cold').toySize);
    expect(outcome.ratio).toBeLessThan(1);
  });

  it('sustained never has more open than its size, and everything ends', async () => {
    const engine = new ModelEngine();
    const outcome = await sustainedRound(engine, settingOf('sustained'));
    expect(engine.calls.mostReady).toBeLessThanOrEqual(scenarioNamed('sustained').toySize);
    expect(outcome.completed).toBeGreaterThan(0);
    expect(outcome.remarks['longest commit']).toBe('3.0 ms');
  });
});

describe('the scenarios as workflows', () => {
  it('compile, with a break before each step but the first', () => {
    for (const scenario of scenarios) {
      const definitions = definitionsOf(scenario);
      expect(definitions).toHaveLength(scenario.branches);
      for (const definition of definitions) {
        const plan = compilePlan(definition, '/');
        expect(plan.actions.map(action => action.isBreak)).toEqual(
          Array.from({ length: scenario.steps }, (_, step) => step > 0),
        );
      }
    }
  });

  it('take the record, its branch and its priority from the workload', () => {
    const scenario = scenarioNamed('mixed');
    const work = workOf(scenario, loadFilms(), 37);
    expect(submissionOf(scenario, work, 5)).toEqual({
      workflow: '/bench/mixed/branch-03/films',
      input: { record: loadFilms()[37], submittedAtMs: 5, waitMs: 0 },
      priority: 8,
    });
  });
});
