// The life of an engine: created stopped, started and stopped as often as one likes, disposed of once.

import { EngineError } from '../observe/errors.js';
import type { Bringers } from './bringers/bringers.js';
import type { CallAudit } from './call-audit.js';
import type { Feeder } from './claims/feeder.js';
import type { EngineCluster } from './cluster/cluster.js';
import type { Failovers } from './cluster/failovers.js';
import type { Reporter } from './commit/reporter.js';
import type { Configuration } from './configuration/configuration.js';
import type { Contents } from './contents.js';
import { Deadline } from './deadline.js';
import type { InstanceDeadlines } from './deadlines/instance-deadlines.js';
import type { Repository } from './definitions/repository.js';
import type { Housekeeper } from './housekeeper.js';
import type { Operator } from './operations/operator.js';
import type { Rescheduler } from './operations/rescheduler.js';
import type { RunningWatch } from './operations/running-watch.js';
import type { Signaller } from './operations/signaller.js';
import type { EngineParts } from './parts.js';
import type { Sleepers } from './queueing/sleepers.js';
import type { Instances } from './reads/instances.js';
import type { EngineState } from './status.js';
import { withPatience } from './store-trouble.js';
import type { Submitter } from './submit/submitter.js';

/** Beyond its grace time a stop waits so long for a store or a queue that does not answer, ms. */
const tellMs = 5_000;

/** The pieces an engine is made of beside its parts; see `create-engine.ts`. */
export interface EnginePieces {
  readonly parts: EngineParts;
  readonly submitter: Submitter;
  readonly operator: Operator;
  readonly signaller: Signaller;
  readonly rescheduler: Rescheduler;
  readonly calls: CallAudit;
  readonly configuration: Configuration;
  readonly feeder: Feeder;
  readonly failovers: Failovers;
  readonly instances: Instances;
  readonly repository: Repository;
  readonly housekeeper: Housekeeper;
  readonly reporter: Reporter;
  readonly contents: Contents;
  /** `null` when this engine has its store for itself. */
  readonly cluster: EngineCluster | null;
  /** `null` when no other engine is given operations. */
  readonly runningWatch: RunningWatch;
  readonly sleepers: Sleepers;
  readonly bringers: Bringers;
  readonly deadlines: InstanceDeadlines;
  readonly defaultUser: string;
  readonly close: () => Promise<void>;
}

export class EngineLife {
  readonly #pieces: EnginePieces;
  #state: EngineState = 'stopped';
  #changing: Promise<void> = Promise.resolve();

  constructor(pieces: EnginePieces) {
    this.#pieces = pieces;
  }

  get state(): EngineState {
    return this.#state;
  }

  get name(): string {
    return this.#pieces.parts.options.name;
  }

  /** Run what is ready. Resolves when claiming has begun. Starting a started engine does nothing. */
  start(): Promise<void> {
    return this.#change(async () => {
      this.assertUsable();
      if (this.#state === 'started') return;
      this.#pieces.parts.health.assertStoreLives();
      this.#state = 'starting';
      const { parts, feeder, failovers, housekeeper, reporter, contents, cluster } = this.#pieces;
      try {
        await parts.dispatcher.start();
        await cluster?.start();
        await parts.queue.open();
        await withPatience(() => parts.configuration.look(), parts.clock);
        // It may have been open, with what another configuration said.
        await parts.queue.agree();
      } catch (error) {
        await parts.dispatcher.stop(0);
        await cluster?.stop();
        this.#state = 'stopped';
        throw error;
      }
      housekeeper.start();
      // What has only begun is not committed yet.
      if (parts.options.auditing === 'asynchronous') reporter.start();
      contents.start();
      parts.leases.start(
        (expired, atMs) => failovers.record(expired, atMs),
        error => parts.health.mainFailed(error),
      );
      this.#state = 'started';
      parts.health.started();
      this.#pieces.sleepers.start();
      this.#pieces.bringers.start();
      this.#pieces.deadlines.start();
      this.#pieces.runningWatch.start();
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
    await new Deadline(parts.clock, tellMs).meet('messages', this.#pieces.bringers.stop());
    await parts.dispatcher.stop(graceMs);
    // What ended last has its time, too.
    const graceLeftMs = Math.max(0, graceMs - (parts.clock.monotonicMs() - startedMs));
    const deadline = new Deadline(parts.clock, graceLeftMs + tellMs);
    // A dead store takes no commits: what waits for one runs again at the next start on the folder.
    if (!parts.health.storeIsDead) await deadline.meet('outcomes', parts.committer.drained());
    await deadline.meet('releases', parts.committer.releaseUnfinished());
    parts.leases.stop();
    this.#pieces.sleepers.stop();
    this.#pieces.deadlines.stop();
    this.#pieces.runningWatch.stop();
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

  /** State changes run one after another, in the order they were asked for. */
  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    // The next change must run whether or not this one failed; its caller hears of the failure.
    this.#changing = done.catch(() => undefined);
    return done;
  }

  protected assertUsable(): void {
    if (this.#state === 'disposed') throw new EngineError('ENGINE_DISPOSED', 'the engine has been disposed of');
  }
}
