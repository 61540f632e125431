// graphile-worker with the preset of its performance page: local queue of 500, 24 jobs at once, completions and
// failures batched without delay; jobs added with addJobs, 500 a call.
//
// Its `job:success` event comes before the completion is written, so an instance ends when the statement that deletes
// its row has been acknowledged: the pool's clients are watched for it.

import {
  type JobHelpers,
  Logger,
  makeWorkerUtils,
  type Runner,
  run,
  type TaskList,
  type WorkerUtils,
} from 'graphile-worker';
import pg from 'pg';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import { type Actions, type FilmRecord, loadActions, loadFilms } from '../records.js';
import type { Scenario } from '../scenarios/scenario.js';
import { type PostgresServer, startPostgres } from '../servers/postgres.js';
import { Tally } from '../tally.js';
import { batches, type Payload, type Work, warmUpCount, workOf } from '../workload.js';

const defaultConcurrency = 24;
const poolSize = 25;
const taskName = 'score';

export function createGraphileWorker(): Contestant {
  return new GraphileWorker();
}

/** A job whose action has returned and whose completion is not yet acknowledged. */
interface Ending {
  readonly submittedAtMs: number;
  readonly score: number;
}

class GraphileWorker implements Contestant {
  readonly name = 'graphile-worker';
  readonly #ending = new Map<string, Ending>();
  #postgres: PostgresServer | undefined;
  #pool: pg.Pool | undefined;
  #utils: WorkerUtils | undefined;
  #runner: Runner | undefined;
  #actions!: Actions;
  #films!: readonly FilmRecord[];
  #tally!: Tally;
  #onEnd: () => void = () => {};

  refuses(scenario: Scenario): string | null {
    if (scenario.shape !== 'sequence' || scenario.actionsPerStep > 1)
      return 'only sequences of single actions are built';
    if (scenario.action === 'refuse') {
      return 'its back-off is exp(attempt) seconds and cannot be set: five retries take four minutes';
    }
    if (scenario.arrival === 'stream' || scenario.arrival === 'one-at-a-time') return null;
    return 'the scenario compares Millrace with itself';
  }

  async prepare(setting: Setting): Promise<string> {
    const { scenario } = setting;
    this.#actions = await loadActions();
    this.#films = loadFilms();
    this.#tally = new Tally(setting.size, setting.onProgress);
    this.#postgres = await startPostgres(setting.folder);
    this.#pool = new pg.Pool({ ...this.#postgres.connection, max: poolSize });
    this.#pool.on('error', error => this.#tally.fail(error));
    this.#pool.on('connect', client => watchCompletions(client, ids => this.#completed(ids)));
    const concurrentJobs = scenario.concurrency ?? defaultConcurrency;
    const silent = new Logger(() => () => {}); // its default logs a line a job
    const preset = {
      worker: { concurrentJobs, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    };
    this.#utils = await makeWorkerUtils({ pgPool: this.#pool, logger: silent, preset });
    await this.#utils.migrate();
    this.#runner = await run({
      pgPool: this.#pool,
      logger: silent,
      noHandleSignals: true,
      preset,
      taskList: this.#tasks(scenario),
    });
    this.#runner.promise.catch((error: Error) => this.#tally.fail(error));
    if (scenario.arrival === 'one-at-a-time') await this.#warmUp(setting);
    return `addJobs 500, ${concurrentJobs} at once, local queue 500, batch delays 0; ${this.#postgres.settings}`;
  }

  async run(setting: Setting): Promise<Outcome> {
    const { scenario, size } = setting;
    this.#tally.start();
    if (scenario.arrival === 'one-at-a-time') {
      for (let index = 0; index < size; index++) await this.#addAndWait(scenario, index);
    } else {
      for (const batch of batches(scenario, this.#films, size)) await this.#add(batch);
    }
    await this.#tally.finished();
    return this.#tally.outcome();
  }

  async close(): Promise<void> {
    await this.#runner?.stop();
    await this.#utils?.release();
    await this.#pool?.end();
    await this.#postgres?.stop();
  }

  #tasks(scenario: Scenario): TaskList {
    const perform = async (payload: unknown, helpers: JobHelpers) => {
      const { record, submittedAtMs, step } = payload as Payload;
      this.#tally.action();
      const score =
        scenario.action === 'scoreLater'
          ? await this.#actions.scoreLater(record, scenario.waitMs)
          : this.#actions[scenario.action](record);
      if (step + 1 < scenario.steps) {
        await helpers.addJob(taskName, { record, submittedAtMs, step: step + 1 } satisfies Payload);
      } else {
        this.#ending.set(helpers.job.id, { submittedAtMs, score });
      }
    };
    return { [taskName]: perform };
  }

  #completed(ids: readonly string[]): void {
    for (const id of ids) {
      const ending = this.#ending.get(id);
      if (ending === undefined) continue; // a step before the last
      this.#ending.delete(id);
      this.#tally.end(ending.submittedAtMs, ending.score);
    }
    this.#onEnd();
  }

  async #add(batch: readonly Work[]): Promise<void> {
    const submittedAtMs = performance.now();
    await this.#utils!.addJobs(
      batch.map(work => ({
        identifier: taskName,
        payload: { record: work.record, submittedAtMs, step: 0 } satisfies Payload,
        ...(work.priority === null ? {} : { priority: work.priority }),
      })),
    );
  }

  async #addAndWait(scenario: Scenario, index: number): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#onEnd = resolve;
    });
    const { record } = workOf(scenario, this.#films, index);
    const payload: Payload = { record, submittedAtMs: performance.now(), step: 0 };
    await Promise.all([this.#utils!.addJob(taskName, payload), ended]);
  }

  async #warmUp(setting: Setting): Promise<void> {
    for (let index = 0; index < warmUpCount(setting); index++) await this.#addAndWait(setting.scenario, index);
    this.#tally = new Tally(setting.size, setting.onProgress);
  }
}

/** Calls `onCompleted` with the jobs' ids whenever the statement that deletes completed jobs has been acknowledged. */
function watchCompletions(client: pg.PoolClient, onCompleted: (ids: readonly string[]) => void): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const answer = query(...args);
    const [config] = args as [{ name?: unknown; values?: unknown[] } | string | undefined];
    if (typeof config !== 'object' || typeof config.name !== 'string' || !config.name.startsWith('complete_job')) {
      return answer;
    }
    const [ids] = (config.values ?? []) as [string | string[]];
    return (answer as Promise<unknown>).then(result => {
      onCompleted(Array.isArray(ids) ? ids : [ids]);
      return result;
    });
  };
  (client as { query: unknown }).query = watched;
}
