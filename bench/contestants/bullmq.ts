// BullMQ at its documented fast settings: addBulk of 500, one worker with concurrency 100 and an inline processor,
// completed jobs removed, Redis with AOF as its production guide asks.
//
// An instance ends when the worker's `completed` (storm: the last `failed`) event says so: Redis has the end by then.
// Steps are flows: each job the only child of the next, added with FlowProducer.addBulk. A split is a job that adds a flow:
// the branches, children of the job that joins them, which reads their results. A loop is one job that stores its turn
// (`updateData`), as the guide's "Process step jobs" does. In `submit` there is no
// worker, and as many calls of addBulk are under way as the client of Millrace has batches.

import { type FlowJob, FlowProducer, type Job, Queue, Worker } from 'bullmq';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import { type Actions, type FilmRecord, loadActions, loadFilms } from '../records.js';
import type { Scenario } from '../scenarios/scenario.js';
import { type RedisServer, startRedis } from '../servers/redis.js';
import { batchesUnderWay } from '../submit-round.js';
import { Tally } from '../tally.js';
import { batches, type Payload, type Work, warmUpCount, workOf } from '../workload.js';

const queueName = 'bench';
const defaultConcurrency = 100;

export function createBullmq(): Contestant {
  return new Bullmq();
}

class Bullmq implements Contestant {
  readonly name = 'bullmq';
  #redis: RedisServer | undefined;
  #queue: Queue<Payload> | undefined;
  #flows: FlowProducer | undefined;
  #worker: Worker<Payload, number> | undefined;
  #actions!: Actions;
  #films!: readonly FilmRecord[];
  #tally!: Tally;

  refuses(scenario: Scenario): string | null {
    if (['stream', 'one-at-a-time', 'submit'].includes(scenario.arrival)) return null;
    return 'the scenario compares Millrace with itself';
  }

  async prepare(setting: Setting): Promise<string> {
    this.#actions = await loadActions();
    this.#films = loadFilms();
    this.#redis = await startRedis(setting.folder, setting.redisFsync);
    const connection = { path: this.#redis.socket, maxRetriesPerRequest: null };
    this.#queue = new Queue(queueName, { connection });
    if (setting.scenario.arrival === 'submit') {
      await this.#queue.waitUntilReady();
      return `addBulk 500, ${batchesUnderWay} under way, no worker; ${this.#redis.settings}`;
    }
    this.#flows = new FlowProducer({ connection });
    const concurrency = setting.scenario.concurrency ?? defaultConcurrency;
    this.#tally = new Tally(setting.size, setting.onProgress);
    this.#worker = new Worker(queueName, job => this.#process(setting.scenario, job), { connection, concurrency });
    this.#worker.on('error', error => this.#tally.fail(error));
    await Promise.all([this.#queue.waitUntilReady(), this.#flows.waitUntilReady(), this.#worker.waitUntilReady()]);
    if (setting.scenario.arrival === 'one-at-a-time') await this.#warmUp(setting);
    this.#listen(this.#worker, setting.scenario);
    return `addBulk 500, concurrency ${concurrency}, inline, removeOnComplete; ${this.#redis.settings}`;
  }

  async run(setting: Setting): Promise<Outcome> {
    const { scenario, size } = setting;
    if (scenario.arrival === 'submit') return this.#submit(setting);
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
    await this.#worker?.close(true);
    await this.#flows?.close();
    await this.#queue?.close();
    await this.#redis?.stop();
  }

  async #process(scenario: Scenario, job: Job<Payload, number>): Promise<number> {
    this.#tally.action();
    const { record, submittedAtMs, step } = job.data;
    if (scenario.action === 'scoreLater') return this.#actions.scoreLater(record, scenario.waitMs);
    const score = this.#actions[scenario.action](record);
    for (let action = 1; action < scenario.actionsPerStep; action++) this.#act(record);
    if (scenario.shape === 'loop') {
      for (let turn = 1; turn < scenario.steps; turn++) {
        await job.updateData({ ...job.data, step: turn });
        this.#act(record);
      }
    }
    if (scenario.shape === 'split') {
      if (step === 0) await this.#flows!.add(branchesOf(scenario, { record, submittedAtMs, step }));
      if (step === 2) await job.getChildrenValues();
    }
    return score;
  }

  #act(record: FilmRecord): void {
    this.#tally.action();
    this.#actions.score(record);
  }

  #listen(worker: Worker<Payload, number>, scenario: Scenario): void {
    const lastStep = scenario.shape === 'split' ? 2 : scenario.steps - 1;
    const attempts = scenario.retry.retries + 1;
    worker.on('completed', (job, score) => {
      if (job.data.step === lastStep) this.#tally.end(job.data.submittedAtMs, score);
    });
    worker.on('failed', (job, error) => {
      if (job === undefined || scenario.action !== 'refuse') return this.#tally.fail(error);
      if (job.attemptsMade >= attempts) this.#tally.end(job.data.submittedAtMs, Number(error.message.split(' ')[1]));
    });
  }

  async #submit({ scenario, size, onProgress }: Setting): Promise<Outcome> {
    const tally = new Tally(size, onProgress);
    const source = batches(scenario, this.#films, size);
    const addNext = async (): Promise<void> => {
      for (const batch of source) {
        const submittedAtMs = performance.now();
        await this.#add(scenario, batch);
        for (const _ of batch) tally.end(submittedAtMs, 0);
      }
    };
    tally.start();
    await Promise.all(Array.from({ length: batchesUnderWay }, addNext));
    const memory = `${((await this.#redis!.usedBytes()) / 1e6).toFixed(0)} MB`;
    const outcome = tally.outcome({ actions: null, remarks: { 'Redis with all': memory } });
    return { ...outcome, completed: await this.#queue!.getWaitingCount() };
  }

  async #add(scenario: Scenario, batch: readonly Work[]): Promise<void> {
    const submittedAtMs = performance.now();
    if (scenario.shape === 'sequence' && scenario.steps > 1) {
      await this.#flows!.addBulk(batch.map(work => flowOf(scenario, work, submittedAtMs, scenario.steps - 1)));
      return;
    }
    await this.#queue!.addBulk(
      batch.map(work => ({
        name: `branch-${work.branch}`,
        data: { record: work.record, submittedAtMs, step: 0 },
        opts: jobOptions(scenario, work),
      })),
    );
  }

  async #addAndWait(scenario: Scenario, index: number): Promise<void> {
    const work = workOf(scenario, this.#films, index);
    const ended = new Promise<void>(resolve => this.#worker!.once('completed', () => resolve()));
    const data = { record: work.record, submittedAtMs: performance.now(), step: 0 };
    await Promise.all([this.#queue!.add('one', data, jobOptions(scenario, work)), ended]);
  }

  async #warmUp(setting: Setting): Promise<void> {
    for (let index = 0; index < warmUpCount(setting); index++) await this.#addAndWait(setting.scenario, index);
    this.#tally = new Tally(setting.size, setting.onProgress);
  }
}

function jobOptions(scenario: Scenario, work: Work) {
  return {
    removeOnComplete: true,
    ...(work.priority === null ? {} : { priority: work.priority }),
    ...(scenario.action === 'refuse'
      ? {
          attempts: scenario.retry.retries + 1,
          backoff: { type: 'exponential', delay: scenario.retry.delayMs },
        }
      : {}),
  };
}

/** The job of `step` with those before it as its only descendants: the first step is the leaf. */
function flowOf(scenario: Scenario, work: Work, submittedAtMs: number, step: number): FlowJob {
  return {
    name: `step-${step}`,
    queueName,
    data: { record: work.record, submittedAtMs, step },
    opts: jobOptions(scenario, work),
    ...(step === 0 ? {} : { children: [flowOf(scenario, work, submittedAtMs, step - 1)] }),
  };
}

/** What the job of a split adds: step 1 its branches, step 2 the job that joins them. */
function branchesOf({ steps }: Scenario, data: Payload): FlowJob {
  const opts = { removeOnComplete: true };
  const branch = { name: 'branch', queueName, data: { ...data, step: 1 }, opts };
  return {
    name: 'join',
    queueName,
    data: { ...data, step: 2 },
    opts,
    children: new Array<FlowJob>(steps).fill(branch),
  };
}
