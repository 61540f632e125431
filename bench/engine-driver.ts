// The engine of this process over a round's home, as the rounds against ourselves drive it.

import { createEngine, type Engine } from '../src/engine/index.js';
import type { Setting } from './contestant.js';
import { definitionsOf, submissionOf } from './definitions.js';
import { scoreOf } from './ended-group.js';
import type { Home } from './home.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { Driver } from './own-rounds.js';
import type { Work } from './workload.js';

/** `sustained` keeps history for so long: long enough to be history, short enough to be thrown away several times. */
const sustainedRetentionMs = 90_000;

export class EngineDriver implements Driver {
  readonly latencies = new LatencyHistogram();
  readonly #setting: Setting;
  readonly #home: Home;
  engine: Engine;
  #ended = 0;
  #checksum = 0;
  #longestCommitMs = 0;

  private constructor(setting: Setting, home: Home, engine: Engine) {
    this.#setting = setting;
    this.#home = home;
    this.engine = engine;
    this.#listen();
  }

  static async open(setting: Setting, home: Home): Promise<EngineDriver> {
    const driver = new EngineDriver(setting, home, await openEngine(setting, home));
    for (const definition of definitionsOf(setting.scenario)) await driver.engine.deploy(definition);
    return driver;
  }

  get threads(): number {
    return this.engine.threads;
  }

  async submit(batch: readonly Work[]): Promise<void> {
    await this.engine.submit(batch.map(work => submissionOf(this.#setting.scenario, work, 0)));
  }

  start(): Promise<void> {
    return this.engine.start();
  }

  async stop(): Promise<void> {
    await this.#noteLongestCommit();
    await this.engine.stop();
  }

  async reopen(): Promise<void> {
    await this.close();
    this.engine = await openEngine(this.#setting, this.#home);
    this.#listen();
  }

  ended(): number {
    return this.#ended;
  }

  checksum(): number {
    return this.#checksum;
  }

  storeBytes(): Promise<number> {
    return this.engine.diskBytes();
  }

  queueBytes(): Promise<number | null> {
    return this.#home.queueBytes();
  }

  longestCommitMs(): number {
    return this.#longestCommitMs;
  }

  async close(): Promise<void> {
    await this.#noteLongestCommit();
    await this.engine.dispose();
  }

  #listen(): void {
    this.engine.onEnded(ended => {
      const tookMs = Date.now() - ended.createdAtMs;
      for (let index = 0; index < ended.count; index++) {
        this.latencies.add(tookMs);
        this.#checksum += scoreOf(this.#setting.scenario, ended, index);
      }
      this.#ended += ended.count;
    });
  }

  async #noteLongestCommit(): Promise<void> {
    this.#longestCommitMs = Math.max(this.#longestCommitMs, (await this.engine.status()).commitMaxMs);
  }
}

function openEngine({ scenario }: Setting, home: Home): Promise<Engine> {
  const retention = scenario.arrival === 'sustained' ? { auditExpirationMs: sustainedRetentionMs } : {};
  return createEngine({ ...home.optionsOf(0), ...retention });
}
