// The engine as applications see it. It is created stopped; a stopped engine still takes submits and operations.
//
// Whatever returns a promise tells of its faults by rejecting it, never by throwing.

import { resolve } from 'node:path';
import { EngineError } from '../observe/errors.js';
import type { TextRow } from '../store/contract.js';
import type { WorkflowDefinition } from '../workflow/model.js';
import type { CheckedBatch } from './batch-key.js';
import type { CallAudit } from './call-audit.js';
import type { EngineCluster } from './cluster.js';
import type { Contents } from './contents.js';
import { Deadline } from './deadline.js';
import type { EndedListener } from './ended.js';
import type { Failovers } from './failovers.js';
import type { Feeder } from './feeder.js';
import type { Housekeeper } from './housekeeper.js';
import type { InstanceRecord, Instances, WorkflowCount } from './instances.js';
import type { Operation } from './operation-changes.js';
import type { OperationResult, Operator } from './operator.js';
import type { EngineParts } from './parts.js';
import { Reads } from './reads.js';
import type { Reporter } from './reporter.js';
import type { DeployedWorkflow, Repository, WorkflowCopy } from './repository.js';
import type { InstanceResult } from './results.js';
import type { Snapshot } from './snapshot.js';
import { type EngineState, type EngineStatus, statusOf } from './status.js';
import type { SubmitRecord } from './submit-record.js';
import { type SubmitManyOptions, submitStream } from './submit-stream.js';
import type { Submitter } from './submitter.js';
import { scopeOf, targetOf } from './target.js';

/** Beyond its grace time a stop waits so long for a store or a queue that does not answer, ms. */
const tellMs = 5_000;

/** The pieces an engine is made of beside its parts; see `create-engine.ts`. */
export interface EnginePieces {
  readonly parts: EngineParts;
  readonly submitter: Submitter;
  readonly operator: Operator;
  readonly calls: CallAudit;
  readonly feeder: Feeder;
  readonly failovers: Failovers;
  readonly instances: Instances;
  readonly repository: Repository;
  readonly housekeeper: Housekeeper;
  readonly reporter: Reporter;
  readonly contents: Contents;
  /** `null` when this engine has its store for itself. */
  readonly cluster: EngineCluster | null;
  readonly defaultUser: string;
  readonly close: () => Promise<void>;
}

export class Engine {
  readonly #pieces: EnginePieces;
  #state: EngineState = 'stopped';
  #changing: Promise<void> = Promise.resolve();
  readonly #reads: Reads;

  /** Use `createEngine`. */
  constructor(pieces: EnginePieces) {
    this.#pieces = pieces;
    this.#reads = new Reads(pieces.parts, pieces.instances, pieces.repository);
  }

  get state(): EngineState {
    return this.#state;
  }

  get name(): string {
    return this.#pieces.parts.options.name;
  }

  /** Worker threads that run actions. */
  get threads(): number {
    return this.#pieces.parts.options.threads;
  }

  /** Port of `/health`, or `null`. */
  get healthPort(): number | null {
    return this.#pieces.parts.health.port;
  }

  /** Pages of instances, audit and workflows, and metrics. */
  get reads(): Reads {
    this.#assertUsable();
    return this.#reads;
  }

  /** So many submitted instances are not durable yet: whoever can wait should, once it is thousands. */
  get submitBacklog(): number {
    return this.#pieces.submitter.unanswered;
  }

  /** Run what is ready. Resolves when claiming has begun. Starting a started engine does nothing. */
  start(): Promise<void> {
    return this.#change(async () => {
      this.#assertUsable();
      if (this.#state === 'started') return;
      this.#pieces.parts.health.assertStoreLives();
      this.#state = 'starting';
      const { parts, feeder, failovers, housekeeper, reporter, contents, cluster } = this.#pieces;
      try {
        await parts.dispatcher.start();
        await cluster?.start();
        await parts.queue.open();
        // It may have been open, with what another configuration said.
        await parts.queue.agree();
      } catch (error) {
        await parts.dispatcher.stop(0);
        await cluster?.stop();
        this.#state = 'stopped';
        throw error;
      }
      housekeeper.start();
      reporter.start();
      contents.start();
      parts.leases.start(
        (expired, atMs) => failovers.record(expired, atMs),
        error => parts.health.mainFailed(error),
      );
      this.#state = 'started';
      parts.health.started();
      feeder.start();
      parts.log.engineStarted({ engine: this.name, store: parts.store.info.location });
    });
  }

  /**
   * Stop claiming, let what is executing end, then stop the threads. What was claimed and did not end stays ready.
   *
   * @param graceMs how long executing actions may go on before their signals are aborted. Default 30,000. A store or a
   *   queue in trouble is waited for as long, and 5 s more; what it could not be told runs again on whoever starts next
   */
  stop(graceMs = 30_000): Promise<void> {
    this.#interruptStart();
    return this.#change(() => this.#stop(graceMs));
  }

  /** A start that waits for its queue would hold up whoever wants the opposite. */
  #interruptStart(): void {
    if (this.#state !== 'starting') return;
    this.#pieces.cluster?.interrupt();
    this.#pieces.parts.queue.interrupt();
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#state !== 'started') return;
    this.#state = 'stopping';
    const { parts, feeder, failovers, housekeeper, reporter } = this.#pieces;
    const startedMs = parts.clock.monotonicMs();
    await new Deadline(parts.clock, tellMs).meet('claims', feeder.stop());
    await parts.dispatcher.stop(graceMs);
    // What ended last has its time, too.
    const graceLeftMs = Math.max(0, graceMs - (parts.clock.monotonicMs() - startedMs));
    const deadline = new Deadline(parts.clock, graceLeftMs + tellMs);
    // A dead store takes no commits: what waits for one runs again at the next start on the folder.
    if (!parts.health.storeIsDead) await deadline.meet('outcomes', parts.committer.drained());
    await deadline.meet('releases', parts.committer.releaseUnfinished());
    parts.leases.stop();
    await deadline.meet('failovers', failovers.recorded());
    await deadline.meet('leaving the cluster', this.#pieces.cluster?.stop() ?? Promise.resolve());
    await deadline.meet('housekeeping', housekeeper.stop());
    if (deadline.missed.length > 0) parts.log.stopLeft({ left: deadline.missed });
    reporter.stop();
    this.#pieces.contents.stop();
    parts.health.stopped();
    this.#state = 'stopped';
    parts.log.engineStopped({ engine: this.name });
  }

  /** Stop and close everything. The engine cannot be used afterwards; doing it twice does nothing. */
  dispose(graceMs = 30_000): Promise<void> {
    this.#interruptStart();
    return this.#change(async () => {
      if (this.#state === 'disposed') return;
      await this.#stop(graceMs);
      this.#state = 'disposed';
      this.#pieces.parts.results.close();
      this.#pieces.parts.log.engineDisposed({ engine: this.name });
      await this.#pieces.close();
    });
  }

  /**
   * Verify a definition and store it as the newest version of its name, unless it is that already.
   *
   * @param baseFolder folder its module paths are relative to, itself relative to the current one, which is the default
   * @throws DefinitionError with every fault (`WORKFLOW_INVALID`)
   */
  async deploy(
    definition: WorkflowDefinition,
    baseFolder: string = process.cwd(),
    user = this.#pieces.defaultUser,
  ): Promise<DeployedWorkflow> {
    this.#assertUsable();
    return this.#pieces.repository.deploy(definition, resolve(baseFolder), user);
  }

  /**
   * Store a stored version under another name, as its newest version; or, under its own name, as the newest again.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `NAMESPACE_INVALID`
   */
  async copyWorkflow(copy: WorkflowCopy, user = this.#pieces.defaultUser): Promise<DeployedWorkflow> {
    this.#assertUsable();
    return this.#pieces.repository.copy(copy, user);
  }

  /**
   * Submit one instance or several; resolves with their ids, in order, when they are durable.
   *
   * @throws EngineError `INPUT_INVALID`, `WORKFLOW_UNKNOWN`, `NAME_TAKEN`: nothing of the call was stored
   */
  async submit(records: readonly SubmitRecord[], submitter?: string): Promise<string[]>;
  async submit(record: SubmitRecord, submitter?: string): Promise<string>;
  async submit(
    records: SubmitRecord | readonly SubmitRecord[],
    submitter = this.#pieces.defaultUser,
  ): Promise<string | string[]> {
    this.#assertUsable();
    if (isList(records)) return this.#submit(records, submitter);
    const [id] = await this.#submit([records], submitter);
    return id!;
  }

  /**
   * Submit up to 500 instances as one batch under a key: submitted again it answers the same ids and stores nothing, as
   * long as history is kept.
   *
   * @param key a UUIDv7 whose last four hex digits are 0000; instance `i` has it with `i` there
   * @throws EngineError `INPUT_INVALID` (also for a record with a `name`), `WORKFLOW_UNKNOWN`, `KEY_REUSED`: nothing of
   *   the call was stored
   */
  async submitBatch(
    key: string,
    records: readonly SubmitRecord[],
    submitter = this.#pieces.defaultUser,
  ): Promise<string[]> {
    return this.submitChecked(await this.checkAnew(records, key), submitter);
  }

  /** The first half of a submit, at once: `submitChecked` does the rest, or tells the fault. */
  check(records: readonly SubmitRecord[], key: string | null = null): CheckedBatch {
    this.#assertUsable();
    return this.#pieces.submitter.check(records, key);
  }

  /** The same; a workflow that is not known here may have been deployed by another engine just now: the store is asked. */
  async checkAnew(records: readonly SubmitRecord[], key: string | null = null): Promise<CheckedBatch> {
    const checked = this.check(records, key);
    if (checked.fault?.code !== 'WORKFLOW_UNKNOWN') return checked;
    await this.#pieces.parts.definitions.load();
    return this.check(records, key);
  }

  async submitChecked(batch: CheckedBatch, submitter = this.#pieces.defaultUser): Promise<string[]> {
    this.#assertUsable();
    try {
      // A submit that succeeds records itself, in the commit that stores it.
      return await this.#pieces.submitter.store(batch, submitter);
    } catch (error) {
      // A submit may be the first to hear that the store has failed; health must know.
      if (error instanceof EngineError && error.code === 'STORE_FAILED') this.#pieces.parts.health.storeFailed(error);
      await this.#pieces.calls.failed('submit', submitter, error);
      throw error;
    }
  }

  /**
   * Submit a stream in durable batches, no faster than the store takes them. Resolves with how many were stored. When the
   * stream fails, the signal is aborted or a batch is refused it rejects, after all that was taken has been answered.
   */
  async submitMany(
    records: Iterable<SubmitRecord> | AsyncIterable<SubmitRecord>,
    options: SubmitManyOptions = {},
  ): Promise<number> {
    this.#assertUsable();
    const { submitter = this.#pieces.defaultUser } = options;
    return submitStream(records, options, batch => this.#submit(batch, submitter));
  }

  /**
   * Wait for an instance: resolves when it has finished or been removed, or stands FAILED.
   *
   * @param instance an id, `<workflow>/<id>`, or a given name
   * @param signal stops waiting; what is thrown then is its reason
   * @throws EngineError `INSTANCE_UNKNOWN`; `ENGINE_STOPPED` when the engine is disposed of first
   */
  async result(instance: string, signal?: AbortSignal): Promise<InstanceResult> {
    this.#assertUsable();
    return this.#pieces.parts.results.of((await this.#pieces.instances.idOf(instance)) ?? instance, signal);
  }

  /**
   * Be told of instances as they end, in groups, after the commit that ends them is durable. A listener must be quick and
   * must not throw: it runs on the engine's main loop. Returns what stops it.
   */
  onEnded(listener: EndedListener): () => void {
    this.#assertUsable();
    return this.#pieces.parts.results.listen(listener);
  }

  /** Everything known of an instance. @throws EngineError `INSTANCE_UNKNOWN` */
  async show(instance: string): Promise<InstanceRecord> {
    this.#assertUsable();
    return this.#pieces.instances.show(instance);
  }

  /** An instance as it stands at one moment, with its workflow. Nothing is left out or hidden. @throws EngineError `INSTANCE_UNKNOWN` */
  async export(instance: string): Promise<Snapshot> {
    return this.reads.snapshot(instance);
  }

  /** How many instances of each workflow are in which state. @param scope a workflow, or a branch with trailing `/` */
  async count(scope = '/'): Promise<WorkflowCount[]> {
    this.#assertUsable();
    const { instances } = this.#pieces;
    return instances.count(await scopeOf(scope, instances));
  }

  /** Hold instances at their next transaction break until they are resumed. Later submits are not touched. */
  pause(target: string, user?: string): Promise<OperationResult> {
    return this.#operate('pause', target, user);
  }

  /** Let paused instances go on. */
  resume(target: string, user?: string): Promise<OperationResult> {
    return this.#operate('resume', target, user);
  }

  /** Take instances away: at once where they wait, at their next transaction break where they execute. */
  remove(target: string, user?: string): Promise<OperationResult> {
    return this.#operate('remove', target, user);
  }

  /** Begin what has failed again: FAILED flow contexts, those that wait to be tried again, and those whose error handler is at
   * work, which is withdrawn. From the transaction of the main line that failed, as if for the first time. */
  recover(target: string, user?: string): Promise<OperationResult> {
    return this.#operate('recover', target, user);
  }

  /** A read-only SQL query over the views `millrace_audit_event`, `millrace_history`, `millrace_instances` and
   * `millrace_contexts`. */
  async query(text: string, parameters: readonly (string | null)[] = []): Promise<TextRow[]> {
    this.#assertUsable();
    return this.#pieces.parts.store.query(text, parameters);
  }

  /** Whoever serves this engine met a fault of its own: it goes into the log, under the id that its client was told. */
  serviceFailed(error: unknown, id: string): void {
    this.#pieces.parts.log.serviceFailed({ id, error });
  }

  async status(): Promise<EngineStatus> {
    this.#assertUsable();
    return statusOf(this.#pieces.parts, this.#state);
  }

  /** Bytes the store occupies on disk. */
  async diskBytes(): Promise<number> {
    this.#assertUsable();
    return this.#pieces.parts.store.diskBytes();
  }

  async #submit(records: readonly SubmitRecord[], submitter: string): Promise<string[]> {
    return this.submitChecked(await this.checkAnew(records), submitter);
  }

  async #operate(operation: Operation, target: string, user = this.#pieces.defaultUser): Promise<OperationResult> {
    this.#assertUsable();
    const { calls, operator, instances } = this.#pieces;
    const run = async (): Promise<OperationResult> => operator.run(operation, await targetOf(target, instances), user);
    return calls.around(operation, user, run, ({ contexts }) => `${target}, ${contexts} flow contexts`);
  }

  /** State changes run one after another, in the order they were asked for. */
  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    // The next change must run whether or not this one failed; its caller hears of the failure.
    this.#changing = done.catch(() => undefined);
    return done;
  }

  #assertUsable(): void {
    if (this.#state === 'disposed') throw new EngineError('ENGINE_DISPOSED', 'the engine has been disposed of');
  }
}

function isList(records: SubmitRecord | readonly SubmitRecord[]): records is readonly SubmitRecord[] {
  return Array.isArray(records);
}
