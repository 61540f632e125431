// pg-boss at its fast settings: insert of 500, workers with a large batchSize that do not sleep between full batches
// (`notifyWorker`), no ordering by priority where the scenario has none.
//
// It completes a batch after its handler, so an instance ends when that statement has been acknowledged: pg-boss is
// given its database as an object (a documented option), which sees the statements go by.

import pg from 'pg';
import { type JobWithMetadata, PgBoss } from 'pg-boss';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import { type Actions, type FilmRecord, loadActions, loadFilms } from '../records.js';
import type { Scenario } from '../scenarios/scenario.js';
import { type PostgresServer, startPostgres } from '../servers/postgres.js';
import { Tally } from '../tally.js';
import { batches, type Payload, type Work, warmUpCount, workOf } from '../workload.js';

const queueName = 'bench';

export function createPgBoss(): Contestant {
  return new Boss();
}

interface Ending {
  readonly submittedAtMs: number;
  readonly score: number;
}

class Boss implements Contestant {
  readonly name = 'pg-boss';
  readonly #ending = new Map<string, Ending>();
  readonly #workers: string[] = [];
  #postgres: PostgresServer | undefined;
  #pool: pg.Pool | undefined;
  #boss: PgBoss | undefined;
  #actions!: Actions;
  #films!: readonly FilmRecord[];
  #tally!: Tally;
  #onEnd: () => void = () => {};

  refuses(scenario: Scenario): string | null {
    if (scenario.shape === 'split') return 'no job of this version waits for others';
    if (scenario.arrival === 'stream' || scenario.arrival === 'one-at-a-time') return null;
    return 'the scenario compares Millrace with itself';
  }

  async prepare(setting: Setting): Promise<string> {
    const { scenario } = setting;
    this.#actions = await loadActions();
    this.#films = loadFilms();
    this.#tally = new Tally(setting.size, setting.onProgress);
    this.#postgres = await startPostgres(setting.folder);
    this.#pool = new pg.Pool({ ...this.#postgres.connection, max: 10 });
    this.#pool.on('error', error => this.#tally.fail(error));
    this.#boss = new PgBoss({ db: { executeSql: (text, values) => this.#execute(text, values) }, schedule: false });
    this.#boss.on('error', error => this.#tally.fail(error));
    await this.#boss.start();
    // Its delays are whole seconds; none is the nearest to the 10 ms of the scenario.
    await this.#boss.createQueue(queueName, { retryLimit: scenario.retry.retries, retryDelay: 0 });
    const { workers, batchSize } = shapeOf(scenario);
    const options = { batchSize, priority: scenario.priorities > 1, pollingIntervalSeconds: 0.5 };
    for (let worker = 0; worker < workers; worker++) await this.#work(scenario, options);
    if (scenario.arrival === 'one-at-a-time') await this.#warmUp(setting);
    return `insert 500, ${workers} workers, batchSize ${batchSize}; ${this.#postgres.settings}`;
  }

  async run(setting: Setting): Promise<Outcome> {
    const { scenario, size } = setting;
    this.#tally.start();
    if (scenario.arrival === 'one-at-a-time') {
      for (let index = 0; index < size; index++) await this.#addAndWait(scenario, index);
    } else {
      for (const batch of batches(scenario, this.#films, size)) await this.#add(scenario, batch);
    }
    await this.#tally.finished();
    return this.#tally.outcome();
  }

  async close(): Promise<void> {
    await this.#boss?.stop({ graceful: false, close: false });
    await this.#pool?.end();
    await this.#postgres?.stop();
  }

  async #work(scenario: Scenario, options: { batchSize: number; priority: boolean }): Promise<void> {
    let id = '';
    const handler = async (jobs: JobWithMetadata<Payload>[]) => {
      // There is more: do not sleep until the next poll.
      if (jobs.length === options.batchSize || scenario.steps > 1 || scenario.action === 'refuse') {
        this.#boss!.notifyWorker(id);
      }
      if (scenario.action === 'scoreLater') await this.#performAll(scenario, jobs);
      else for (const job of jobs) this.#perform(scenario, job);
      if (scenario.steps > 1) await this.#insertNextSteps(scenario, jobs);
      if (scenario.action === 'refuse') throw new Error(`refused a batch of ${jobs.length}`);
    };
    id = await this.#boss!.work<Payload>(queueName, { ...options, includeMetadata: true }, handler);
    this.#workers.push(id);
  }

  async #performAll(scenario: Scenario, jobs: readonly JobWithMetadata<Payload>[]): Promise<void> {
    await Promise.all(
      jobs.map(async job => {
        this.#tally.action();
        const score = await this.#actions.scoreLater(job.data.record, scenario.waitMs);
        this.#ending.set(job.id, { submittedAtMs: job.data.submittedAtMs, score });
      }),
    );
  }

  #perform(scenario: Scenario, job: JobWithMetadata<Payload>): void {
    const { record, submittedAtMs, step } = job.data;
    this.#tally.action();
    const score = scenario.action === 'refuse' ? this.#refusedScore(record) : this.#actions.score(record);
    for (let action = 1; action < scenario.actionsPerStep; action++) {
      this.#tally.action();
      this.#actions.score(record);
    }
    const isLast = scenario.action === 'refuse' ? job.retryCount === job.retryLimit : step === scenario.steps - 1;
    if (isLast) this.#ending.set(job.id, { submittedAtMs, score });
  }

  #refusedScore(record: FilmRecord): number {
    try {
      return this.#actions.refuse(record);
    } catch (error) {
      return Number((error as Error).message.split(' ')[1]);
    }
  }

  async #insertNextSteps(scenario: Scenario, jobs: readonly JobWithMetadata<Payload>[]): Promise<void> {
    const next = jobs.filter(job => job.data.step < scenario.steps - 1);
    if (next.length === 0) return;
    await this.#boss!.insert(
      queueName,
      next.map(job => ({ data: { ...job.data, step: job.data.step + 1 } })),
    );
  }

  async #execute(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    const result = await this.#pool!.query(text, values);
    const ids = values?.[1];
    if (Array.isArray(ids) && values?.[0] === queueName) this.#ended(ids as string[]);
    return result;
  }

  /** A `complete` or `fail` of these jobs has been acknowledged. */
  #ended(ids: readonly string[]): void {
    for (const id of ids) {
      const ending = this.#ending.get(id);
      if (ending === undefined) continue; // not its last step or attempt
      this.#ending.delete(id);
      this.#tally.end(ending.submittedAtMs, ending.score);
    }
    this.#onEnd();
  }

  async #add(scenario: Scenario, batch: readonly Work[]): Promise<void> {
    const submittedAtMs = performance.now();
    await this.#boss!.insert(
      queueName,
      batch.map(work => ({
        data: { record: work.record, submittedAtMs, step: 0 } satisfies Payload,
        // Its highest number goes first.
        ...(work.priority === null ? {} : { priority: scenario.priorities - work.priority }),
      })),
    );
    for (const worker of this.#workers) this.#boss!.notifyWorker(worker);
  }

  async #addAndWait(scenario: Scenario, index: number): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#onEnd = resolve;
    });
    const { record } = workOf(scenario, this.#films, index);
    await this.#boss!.send(queueName, { record, submittedAtMs: performance.now(), step: 0 } satisfies Payload);
    this.#boss!.notifyWorker(this.#workers[0]!);
    await ended;
  }

  async #warmUp(setting: Setting): Promise<void> {
    for (let index = 0; index < warmUpCount(setting); index++) await this.#addAndWait(setting.scenario, index);
    this.#tally = new Tally(setting.size, setting.onProgress);
  }
}

/** Workers and the jobs each takes at once; the product is how many are under way. */
function shapeOf(scenario: Scenario): { workers: number; batchSize: number } {
  if (scenario.arrival === 'one-at-a-time') return { workers: 1, batchSize: 1 };
  if (scenario.concurrency !== null) return { workers: 4, batchSize: scenario.concurrency / 4 };
  return { workers: 2, batchSize: 500 };
}
