// Millrace as it ships: PGlite on disk, strict durability (every submit and every commit fsynced), no audit filter,
// actions in worker threads, default options. An instance ends when the commit that ends it is durable.

import { join } from 'node:path';
import { createEngine, type EndedInstances, type Engine } from '../../src/engine/index.js';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import { definitionsOf, submissionOf } from '../definitions.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { backlogRound, coldRound, type Driver, sustainedRound } from '../own-rounds.js';
import { loadFilms } from '../records.js';
import type { Scenario } from '../scenarios/scenario.js';
import { Tally } from '../tally.js';
import { batchSize, type Work, warmUpCount, workOf } from '../workload.js';

/** `sustained` keeps history for so long: long enough to be history, short enough to be thrown away several times. */
const sustainedRetentionMs = 90_000;

export function createMillrace(): Contestant {
  return new Millrace();
}

class Millrace implements Contestant {
  readonly name = 'millrace';
  #driver: EngineDriver | undefined;

  refuses(): string | null {
    return null;
  }

  async prepare(setting: Setting): Promise<string> {
    this.#driver = await EngineDriver.open(setting);
    if (setting.scenario.arrival === 'stream') await this.#driver.start();
    if (setting.scenario.arrival === 'one-at-a-time') {
      await this.#driver.start();
      await this.#oneByOne(setting, warmUpCount(setting), new Tally(warmUpCount(setting), () => {}));
    }
    const { threads } = this.#driver;
    return `PGlite on disk, every commit fsynced, every event audited, ${threads} worker threads, batches of ${batchSize}`;
  }

  async run(setting: Setting): Promise<Outcome> {
    const driver = this.#driver!;
    switch (setting.scenario.arrival) {
      case 'stream':
        return this.#stream(setting);
      case 'one-at-a-time': {
        const tally = new Tally(setting.size, setting.onProgress);
        tally.start();
        await this.#oneByOne(setting, setting.size, tally);
        return tally.outcome({ actions: null });
      }
      case 'backlog':
        return backlogRound(driver, setting);
      case 'restart':
        return coldRound(driver, setting);
      case 'sustained':
        return sustainedRound(driver, setting);
      case 'micro':
        throw new Error('micro has no contestants');
    }
  }

  async close(): Promise<void> {
    await this.#driver?.close();
  }

  async #stream(setting: Setting): Promise<Outcome> {
    const { scenario, size } = setting;
    const { engine } = this.#driver!;
    const films = loadFilms();
    const tally = new Tally(size, setting.onProgress);
    /** When the batch of a root was handed to submit, by the part of the id its instances share. */
    const submittedAtMs = new Map<string, number>();
    engine.onEnded(ended => {
      const at = submittedAtMs.get(rootOf(ended)) ?? ended.createdAtMs - performance.timeOrigin;
      for (let index = 0; index < ended.count; index++) tally.end(at, scoreOf(scenario, ended, index));
    });
    const handedOverAtMs: number[] = [];
    function* records() {
      for (let index = 0; index < size; index++) {
        if (index % batchSize === 0) handedOverAtMs.push(performance.now());
        yield submissionOf(scenario, workOf(scenario, films, index), 0);
      }
    }
    tally.start();
    await engine.submitMany(records(), {
      onAccepted: ids => {
        const at = handedOverAtMs.shift()!;
        for (const id of ids) submittedAtMs.set(id.slice(0, 32), at);
      },
    });
    await tally.finished();
    return tally.outcome({ actions: null, storeBytes: await engine.diskBytes() });
  }

  async #oneByOne(setting: Setting, count: number, tally: Tally): Promise<void> {
    const { engine } = this.#driver!;
    const films = loadFilms();
    for (let index = 0; index < count; index++) {
      const submittedAtMs = performance.now();
      const id = await engine.submit(submissionOf(setting.scenario, workOf(setting.scenario, films, index), 0));
      const { result } = await engine.result(id);
      tally.end(submittedAtMs, Number(result));
    }
  }
}

/** The engine over one folder, as the rounds against ourselves drive it. */
class EngineDriver implements Driver {
  readonly latencies = new LatencyHistogram();
  readonly #setting: Setting;
  engine: Engine;
  #ended = 0;
  #checksum = 0;
  #longestCommitMs = 0;

  private constructor(setting: Setting, engine: Engine) {
    this.#setting = setting;
    this.engine = engine;
    this.#listen();
  }

  static async open(setting: Setting): Promise<EngineDriver> {
    const driver = new EngineDriver(setting, await openEngine(setting));
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
    this.engine = await openEngine(this.#setting);
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

function openEngine({ folder, scenario }: Setting): Promise<Engine> {
  const retention = scenario.arrival === 'sustained' ? { auditExpirationMs: sustainedRetentionMs } : {};
  return createEngine({ dataFolder: join(folder, 'millrace'), ...retention });
}

function rootOf(ended: EndedInstances): string {
  return ended.instance(0).slice(0, 32);
}

function scoreOf(scenario: Scenario, ended: EndedInstances, index: number): number {
  if (scenario.action === 'refuse') return Number(ended.error(index)!.message.split(' ')[1]);
  return Number(ended.resultText(index));
}
