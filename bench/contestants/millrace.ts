// Millrace as it ships: strict durability (every submit and every commit fsynced), no audit filter, actions in worker
// threads, default options. An instance ends when the commit that ends it is durable.

import { type Client, createClient } from '../../src/client/index.js';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import { definitionsOf, submissionOf } from '../definitions.js';
import { type EndedGroup, groupOf, rootLength } from '../ended-group.js';
import { EngineDriver } from '../engine-driver.js';
import { type Home, openHome } from '../home.js';
import { backlogRound, coldRound, sustainedRound } from '../own-rounds.js';
import { cpuMicrosOf } from '../process-tree.js';
import { loadFilms } from '../records.js';
import type { EngineJob } from '../servers/engine.js';
import { Forked } from '../servers/forked.js';
import { dueRound, sleepersRound } from '../sleepers-round.js';
import { oneByOne, submitRound } from '../submit-round.js';
import { Tally } from '../tally.js';
import { batchSize, warmUpCount, workOf } from '../workload.js';
import { yearRound } from '../year-round.js';

const engineScript = new URL('../servers/engine.js', import.meta.url);
/** `submit`: submits of one after the stream. */
const oneByOneCount = { usual: 2_000, toy: 25 };

export function createMillrace(): Contestant {
  return new Millrace();
}

class Millrace implements Contestant {
  readonly name = 'millrace';
  #home: Home | undefined;
  /** The engine of this process; none in `submit`. */
  #driver: EngineDriver | undefined;
  /** Engines of other processes. */
  readonly #others: Forked[] = [];
  #ended: (group: EndedGroup, engine: number) => void = () => {};
  #failed: (error: Error) => void = () => {};

  refuses(): string | null {
    return null;
  }

  async prepare(setting: Setting): Promise<string> {
    const { scenario } = setting;
    this.#home = await openHome(setting);
    const { settings } = this.#home;
    if (scenario.arrival === 'submit') {
      await this.#fork(setting, 0, 'serve');
      return `${settings}, every submit fsynced, a process of its own; the client with 4 batches of ${batchSize} under way`;
    }
    // Its engine is part of what is measured.
    if (scenario.arrival === 'year') return `${settings}, one worker thread`;
    this.#driver = await EngineDriver.open(setting, this.#home);
    for (let engine = 1; engine < scenario.engines; engine++) await this.#fork(setting, engine, 'execute');
    if (scenario.arrival === 'stream') await this.#driver.start();
    if (scenario.arrival === 'one-at-a-time') {
      await this.#driver.start();
      await this.#oneByOne(setting, warmUpCount(setting), new Tally(warmUpCount(setting), () => {}));
    }
    const { threads } = this.#driver;
    const engines = scenario.engines === 1 ? '' : `${scenario.engines} engine processes of `;
    return `${settings}; every commit fsynced, every event audited, ${engines}${threads} worker threads, batches of ${batchSize}`;
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
      case 'sleepers':
        return sleepersRound(driver, setting);
      case 'due':
        return dueRound(driver, setting);
      case 'year':
        return yearRound(setting);
      case 'submit':
        return this.#submit(setting);
      case 'micro':
      case 'time':
      case 'order':
      case 'flows':
        throw new Error(`${setting.scenario.name} has no contestants`);
    }
  }

  async close(): Promise<void> {
    this.#failed = () => {};
    for (const other of this.#others) await other.stop();
    await this.#driver?.close();
    await this.#home?.close();
  }

  async #fork({ scenario }: Setting, engine: number, role: EngineJob['role']): Promise<void> {
    const job: EngineJob = { scenario: scenario.name, role, options: this.#home!.optionsOf(engine) };
    const forked = await Forked.start(engineScript, job, {
      onEnded: group => this.#ended(group, engine),
      onFailed: error => this.#failed(error),
    });
    this.#others.push(forked);
  }

  async #stream(setting: Setting): Promise<Outcome> {
    const { scenario, size } = setting;
    const { engine } = this.#driver!;
    const films = loadFilms();
    const tally = new Tally(size, setting.onProgress);
    /** When the batch of a root was handed to submit. */
    const submittedAtMs = new Map<string, number>();
    const shares = new Array<number>(scenario.engines).fill(0);
    this.#ended = ({ root, createdAtMs, scores }, engine) => {
      shares[engine]! += scores.length;
      const at = submittedAtMs.get(root) ?? createdAtMs - performance.timeOrigin;
      for (const score of scores) tally.end(at, score);
    };
    this.#failed = error => tally.fail(error);
    engine.onEnded(ended => this.#ended(groupOf(scenario, ended), 0));
    const handedOverAtMs: number[] = [];
    function* records() {
      for (let index = 0; index < size; index++) {
        if (index % batchSize === 0) handedOverAtMs.push(performance.now());
        yield submissionOf(scenario, workOf(scenario, films, index), 0);
      }
    }
    const cpuMicros = () => {
      const { user, system } = process.cpuUsage();
      return this.#others.reduce((sum, { pid }) => sum + cpuMicrosOf(pid), user + system);
    };
    const cpuBefore = cpuMicros();
    tally.start();
    await engine.submitMany(records(), {
      onAccepted: ids => {
        const at = handedOverAtMs.shift()!;
        for (const id of ids) submittedAtMs.set(id.slice(0, rootLength), at);
      },
    });
    await tally.finished();
    const used = cpuMicros() - cpuBefore;
    const remarks: Outcome['remarks'] = shares.length === 1 ? {} : { 'ended by each engine': shares.join(' ') };
    return { ...tally.outcome({ actions: null, storeBytes: await engine.diskBytes(), remarks }), cpuMicros: used };
  }

  async #submit(setting: Setting): Promise<Outcome> {
    const { pid, url } = this.#others[0]!;
    const client = createClient({ urls: [url!] });
    for (const definition of definitionsOf(setting.scenario)) await client.deploy(definition);
    const died = new Promise<never>((_, reject) => {
      this.#failed = reject;
    });
    const outcome = await Promise.race([submitRound({ client, pid, stored: () => openIn(client) }, setting), died]);
    const count = setting.isToy ? oneByOneCount.toy : oneByOneCount.usual;
    return { ...outcome, remarks: { ...outcome.remarks, 'one by one': await oneByOne(client, setting, count) } };
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

/** Instances the store has. */
async function openIn(client: Client): Promise<number> {
  for await (const { counts } of client.list())
    return (counts ?? []).reduce((sum, { instances }) => sum + instances, 0);
  return 0;
}
