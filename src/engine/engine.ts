// The engine as applications see it. It is created stopped; a stopped engine still takes submits and operations.
//
// Whatever returns a promise tells of its faults by rejecting it, never by throwing.

import { resolve } from 'node:path';
import { EngineError } from '../observe/errors.js';
import type { TextRow } from '../store/contract.js';
import type { WorkflowDefinition } from '../workflow/model.js';
import { type OutsideMessage, publish } from './bringers/publish.js';
import type { EndedListener } from './commit/ended.js';
import type { InstanceResult } from './commit/results.js';
import type { Configuration } from './configuration/configuration.js';
import type { DeployedWorkflow, WorkflowCopy } from './definitions/repository.js';
import { EngineLife, type EnginePieces } from './engine-life.js';
import { renameInstance } from './operations/given-name.js';
import { newTimesOf } from './operations/new-times.js';
import type { Operation } from './operations/operation-changes.js';
import type {
  OperationOptions,
  OperationResult,
  RecoverOptions,
  RemoveOptions,
  RenameOptions,
  RescheduleOptions,
  RestartOptions,
} from './operations/operation-options.js';
import type { Target } from './operations/operator.js';
import type { SignalOptions, SignalResult } from './operations/signaller.js';
import type { InstanceRecord, WorkflowCount } from './reads/instances.js';
import { Reads } from './reads/reads.js';
import type { Snapshot } from './reads/snapshot.js';
import type { ClearedRuns } from './runs/run-pages.js';
import { type EngineStatus, statusOf } from './status.js';
import type { CheckedBatch } from './submit/batch-key.js';
import { isList, type SubmitRecord } from './submit/submit-record.js';
import { type SubmitManyOptions, submitStream } from './submit/submit-stream.js';
import { scopeOf, targetOf } from './target.js';
import type { Why } from './why/reasons.js';

export class Engine extends EngineLife {
  readonly #pieces: EnginePieces;
  readonly #reads: Reads;

  /** Use `createEngine`. */
  constructor(pieces: EnginePieces) {
    super(pieces);
    this.#pieces = pieces;
    this.#reads = new Reads(pieces, () => this.state);
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
    this.assertUsable();
    return this.#reads;
  }

  /** The runtime configuration: what holds, and what is set by operation. */
  get configuration(): Configuration {
    this.assertUsable();
    return this.#pieces.configuration;
  }

  /** So many submitted instances are not durable yet: whoever can wait should, once it is thousands. */
  get submitBacklog(): number {
    return this.#pieces.submitter.unanswered;
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
    this.assertUsable();
    return this.#pieces.repository.deploy(definition, resolve(baseFolder), user);
  }

  /**
   * Store a stored version under another name, as its newest version; or, under its own name, as the newest again.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `NAMESPACE_INVALID`
   */
  async copyWorkflow(copy: WorkflowCopy, user = this.#pieces.defaultUser): Promise<DeployedWorkflow> {
    this.assertUsable();
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
    this.assertUsable();
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
    this.assertUsable();
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
    this.assertUsable();
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
    this.assertUsable();
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
    this.assertUsable();
    return this.#pieces.parts.results.of((await this.#pieces.instances.idOf(instance)) ?? instance, signal);
  }

  /**
   * Be told of instances as they end, in groups, after the commit that ends them is durable. A listener must be quick and
   * must not throw: it runs on the engine's main loop. Returns what stops it.
   */
  onEnded(listener: EndedListener): () => void {
    this.assertUsable();
    return this.#pieces.parts.results.listen(listener);
  }

  /** Everything known of an instance. @throws EngineError `INSTANCE_UNKNOWN` */
  async show(instance: string): Promise<InstanceRecord> {
    this.assertUsable();
    return this.#pieces.instances.show(instance);
  }

  /** Why an instance does not run, or where it does, since when. @throws EngineError `INSTANCE_UNKNOWN` */
  async why(instance: string): Promise<Why> {
    return this.reads.why(instance);
  }

  /** An instance as it stands at one moment, with its workflow. Nothing is left out or hidden. @throws EngineError `INSTANCE_UNKNOWN` */
  async export(instance: string): Promise<Snapshot> {
    return this.reads.snapshot(instance);
  }

  /** How many instances of each workflow are in which state. @param scope a workflow, or a branch with trailing `/` */
  async count(scope = '/'): Promise<WorkflowCount[]> {
    return this.reads.count(scope);
  }

  /**
   * Publish a message; resolves when it is durable. Who waits for it, on whatever engine, gets it.
   *
   * @throws EngineError `INPUT_INVALID`, `NAMESPACE_INVALID`, `PUBLISHER_STYLE`, `PUBLISHER_FULL`: nothing was published
   */
  async publish(message: OutsideMessage, user = this.#pieces.defaultUser): Promise<void> {
    this.assertUsable();
    const { calls, parts } = this.#pieces;
    await calls.around(
      'publish',
      user,
      () => publish(message, parts),
      () => message.publisher,
    );
  }

  /** Hold instances at their next transaction break until they are resumed. Later submits are not touched. */
  pause(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('pause', target, options);
  }

  /** Let paused instances go on. */
  resume(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('resume', target, options);
  }

  /** Take instances away: at once where they wait, at their next transaction break where they execute, unless that is forced. */
  remove(target: string, options: RemoveOptions = {}): Promise<OperationResult> {
    const operation = options.force === true ? 'takeOff' : 'remove';
    const call = options.force === true ? 'remove with force' : 'remove';
    return this.#operated(call, target, options, (named, user) =>
      this.#pieces.operator.run(operation, named, user, options),
    );
  }

  /** Begin what has failed again: FAILED flow contexts, those that wait to be tried again, and those whose error handler is at
   * work, which is withdrawn. From the transaction of the main line that failed, or `onto` another version. @throws as `onto` says */
  recover(target: string, options: RecoverOptions = {}): Promise<OperationResult> {
    const told = options.onto === undefined ? target : `${target} onto version ${options.onto}`;
    const work = (named: Target, user: string) => this.#pieces.operator.recover(named, user, options);
    return this.#operated('recover', target, options, work, told);
  }

  /** Have triggers that wait fire at once, neither counted nor rescheduled; what runs does so at the next it reaches. */
  expedite(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('expedite', target, options);
  }

  /** Roll what executes back to its last transaction break when it comes to the next; it begins again at once. Its action's
   * signal is aborted. What waits is not touched: it stands at its break. */
  interrupt(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('interrupt', target, options);
  }

  /**
   * Remove instances and submit them again, each in one commit: with the same input, priority, key and given name, of the newest
   * version of their workflow. The ids are new. What executes leaves at its next transaction break, beside its successor.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `OPTION_INVALID`: what of a workflow or branch was restarted before stays so
   */
  restart(target: string, options: RestartOptions = {}): Promise<OperationResult> {
    const { workflowVersion: version = null, from = null } = options;
    return this.#operated('restart', target, options, (named, user) =>
      this.#pieces.operator.restart(named, user, { version, from }, options),
    );
  }

  /**
   * Give an instance another name of its own; or what lives in a workflow or branch another workflow name or branch, under which
   * its definitions are stored, too. Ids stay, and what has ended before keeps its name.
   *
   * @throws EngineError `NAME_TAKEN`, `INPUT_INVALID`, `NAMESPACE_INVALID`, `WORKFLOW_UNKNOWN`, `INSTANCE_UNKNOWN`: nothing was
   *   renamed
   */
  rename(target: string, options: RenameOptions): Promise<OperationResult> {
    const { to, dryRun = false } = options;
    const { operator, parts } = this.#pieces;
    const told = `${target} to ${to}`;
    const work = (named: Target, user: string) =>
      named.kind === 'instance'
        ? renameInstance(named.instance, to, dryRun, parts)
        : operator.rename(named, to, user, options);
    return this.#operated('rename', target, options, work, told);
  }

  /**
   * Give what waits at timers and delays another time to fire, or at timers another schedule, paused or not. It counts as a
   * scheduled firing, and a `timeout` stays as it was.
   *
   * @throws EngineError `OPTION_INVALID` when the time is none, or a timer of what is named cannot have the schedule: what came
   *   before it has
   */
  reschedule(target: string, options: RescheduleOptions): Promise<OperationResult> {
    const { rescheduler, parts } = this.#pieces;
    const work = (named: Target, user: string): Promise<OperationResult> =>
      rescheduler.run(newTimesOf(options, parts.clock.nowMs()), named, user, options);
    const { at, expression, cron } = options;
    return this.#operated('reschedule', target, options, work, `${target} to ${at ?? expression ?? cron}`);
  }

  /** Raise a signal in instances in which it is monitored: what waits for it goes over its signal flow at once, what executes
   * when it has ended. One that is active stays as it is. @throws EngineError `INPUT_INVALID` when it is no name,
   * `SIGNAL_UNKNOWN` when no workflow that runs in the instance, or in those of a workflow, monitors it */
  raiseSignal(target: string, name: string, options?: SignalOptions): Promise<SignalResult> {
    return this.#signal('raise', target, name, options);
  }

  /** Clear a signal where it is active. @throws as `raiseSignal` */
  clearSignal(target: string, name: string, options?: SignalOptions): Promise<SignalResult> {
    return this.#signal('clear', target, name, options);
  }

  /**
   * Tell no more of runs that are over, and of their actions, and begin the averages anew. What is under way stays, and so does
   * the audit. @param scope a workflow, or a branch with trailing `/`
   * @throws EngineError `NAMESPACE_INVALID`
   */
  async clearRunHistory(scope: string, user = this.#pieces.defaultUser): Promise<ClearedRuns> {
    this.assertUsable();
    const { calls, parts, instances } = this.#pieces;
    const { store, clock } = parts;
    const run = async () => ({ runs: await store.runs.clear(await scopeOf(scope, instances), clock.nowMs()) });
    return calls.around('clearRunHistory', user, run, ({ runs }) => `${scope}, ${runs} runs`);
  }

  /** A read-only SQL query over the views `millrace_audit_event`, `millrace_history`, `millrace_instances` and
   * `millrace_contexts`. */
  async query(text: string, parameters: readonly (string | null)[] = []): Promise<TextRow[]> {
    this.assertUsable();
    return this.#pieces.parts.store.query(text, parameters);
  }

  /** Whoever serves this engine met a fault of its own: it goes into the log, under the id that its client was told. */
  serviceFailed(error: unknown, id: string): void {
    this.#pieces.parts.log.serviceFailed({ id, error });
  }

  async status(): Promise<EngineStatus> {
    this.assertUsable();
    return statusOf(this.#pieces.parts, this.state);
  }

  /** Bytes the store occupies on disk. */
  async diskBytes(): Promise<number> {
    this.assertUsable();
    return this.#pieces.parts.store.diskBytes();
  }

  async #submit(records: readonly SubmitRecord[], submitter: string): Promise<string[]> {
    return this.submitChecked(await this.checkAnew(records), submitter);
  }

  async #signal(change: 'raise' | 'clear', target: string, name: string, options: SignalOptions = {}) {
    this.assertUsable();
    const { calls, signaller, instances, defaultUser } = this.#pieces;
    const { user = defaultUser, dryRun = false } = options;
    const run = async (): Promise<SignalResult> =>
      signaller.run(name, change === 'raise', await targetOf(target, instances), user, options);
    if (dryRun) return run();
    return calls.around(`${change}Signal`, user, run, told => `${name}, ${target}, ${told.instances} instances`);
  }

  #operate(operation: Operation, target: string, options: OperationOptions = {}): Promise<OperationResult> {
    return this.#operated(operation, target, options, (named, user) =>
      this.#pieces.operator.run(operation, named, user, options),
    );
  }

  async #operated(
    call: string,
    target: string,
    { user = this.#pieces.defaultUser, dryRun = false }: OperationOptions,
    work: (target: Target, user: string) => Promise<OperationResult>,
    told = target,
  ): Promise<OperationResult> {
    this.assertUsable();
    const { calls, instances } = this.#pieces;
    const run = async (): Promise<OperationResult> => work(await targetOf(target, instances), user);
    // What changes nothing is not recorded.
    if (dryRun) return run();
    return calls.around(call, user, run, ({ contexts }) => `${told}, ${contexts} flow contexts`);
  }
}
