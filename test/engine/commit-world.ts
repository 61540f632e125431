// A committer of a test's own, on the model of the store: the real commit builder, queue and holdings, nothing to wait for.

import { GroupEvents } from '../../src/audit/events-of.js';
import type { Batch, OutcomeGroup } from '../../src/dispatch/protocol.js';
import { Holdings } from '../../src/engine/claims/holdings.js';
import { positionsBetween } from '../../src/engine/claims/running.js';
import type { BuildWorld, CommitItem } from '../../src/engine/commit/commit-builder.js';
import { Committer } from '../../src/engine/commit/committer.js';
import { Results } from '../../src/engine/commit/results.js';
import { EngineMetrics } from '../../src/engine/engine-metrics.js';
import { IdSource } from '../../src/engine/ids.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { offerOf } from '../../src/engine/queueing/offers.js';
import { TestClock } from '../../src/observe/clock.js';
import { EngineError } from '../../src/observe/errors.js';
import { LogEvents } from '../../src/observe/log-events.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { emptyBitmap } from '../../src/store/bitmap.js';
import type { Commit, CommitAnswer, RootBody, Segment, Store } from '../../src/store/contract.js';
import { emptyCommit } from '../../src/store/empty-commit.js';
import { auditFilter } from '../../src/workflow/filter.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';
import { claimOf } from '../queue/queue-world.js';
import { StoreModel } from '../store/store-model.js';

export const plan: Plan = compilePlan(
  {
    name: '/model/flow',
    actions: [
      { name: 'a', type: 'console', message: '', retry: { retries: 1, delayMs: 0 } },
      { name: 'b', type: 'null' },
    ],
    flows: [{ from: 'a', to: 'b' }],
  },
  '/',
);

/** The model as a store; `before` may refuse a commit by throwing, or do something in between. */
class ModelStore {
  readonly model = new StoreModel();
  readonly commits: Commit[] = [];
  before: (commit: Commit) => void = () => undefined;
  refused = 0;
  beforeRead: () => void = () => undefined;

  async commit(commit: Commit): Promise<CommitAnswer> {
    await Promise.resolve();
    this.before(commit);
    const isKnown = this.model.commits.has(commit.id);
    const [kind] = this.model.apply(commit);
    if (kind === 'committed' && !isKnown) this.commits.push(commit);
    else this.refused += 1;
    return isKnown ? { kind: 'committed', isRepeat: true } : { kind: kind! };
  }

  /** The next commit is applied, and its answer lost. */
  loseAnswer(): void {
    this.before = commit => {
      this.before = () => undefined;
      this.model.apply(commit);
      throw new EngineError('STORE_UNAVAILABLE', 'the connection broke after the commit');
    };
  }

  async segments(ids: readonly string[]): Promise<Segment[]> {
    this.beforeRead();
    return ids.flatMap(id => this.model.segments.get(id) ?? []);
  }
}

export class CommitWorld {
  readonly clock = new TestClock();
  readonly ids = new IdSource(this.clock);
  readonly store = new ModelStore();
  readonly queue = new EmbeddedQueue(() => this.clock.nowMs());
  readonly holdings = new Holdings(1_000_000);
  readonly results: Results;
  readonly failures: unknown[] = [];
  readonly build: BuildWorld;
  readonly committer: Committer;
  readonly parts: EngineParts;
  readonly metrics = new EngineMetrics();
  #batches = 0;
  /** What tests that expect no such thing do. */
  mainFailed = (error: unknown): void => {
    throw error;
  };

  constructor() {
    // The embedded queue does at once what it is asked.
    void this.queue.attach('e', 1_000);
    void this.queue.open();
    const filter = auditFilter(undefined);
    if (!filter.ok) throw new Error('no filter');
    this.build = {
      engine: 'e',
      ids: this.ids,
      events: new GroupEvents(filter.value),
      memberTrace: () => null,
      showsVariables: true,
      runs: { isMarked: () => false, mayBeMarked: () => false, tellsActions: true },
      runsAs: () => null,
    };
    const store = this.store as unknown as Store;
    const health = {
      storeIsDead: false,
      storeSucceeded() {},
      storeFailed: (error: unknown) => this.failures.push(error),
      mainFailed: (error: unknown) => this.mainFailed(error),
    };
    const log = new LogEvents(nullLoggers);
    this.results = new Results(store, log);
    const { clock, queue, holdings, ids, build, results } = this;
    this.parts = {
      clock,
      queue,
      holdings,
      ids,
      build,
      failing: { handlerOf: () => null, random: () => 0 },
      store,
      health,
      results,
      log,
      metrics: this.metrics,
      filter: filter.value,
      committed: () => undefined,
      wake: () => undefined,
    } as unknown as EngineParts;
    this.committer = new Committer(this.parts);
  }

  /** Members of a new root in one segment, in the store and in the queue. */
  async submit(members: number): Promise<{ root: RootBody; segment: Segment }> {
    const id = this.ids.nextRoot();
    const ordinals = Uint16Array.from({ length: members }, (_, at) => at);
    const root: RootBody = {
      id,
      root: id,
      ordinals,
      offsets: new Int32Array(members + 1),
      bytes: new Uint8Array(),
      submitter: 's',
      createdAtMs: 1,
    };
    const segment: Segment = {
      id: instanceId(id, 0xf000),
      root: id,
      body: null,
      workflow: 1,
      name: plan.name,
      priority: null,
      key: null,
      place: 0,
      hasRun: false,
      context: 0,
      waitsFor: null,
      scope: 0,
      transaction: 0,
      attempt: 0,
      kills: 0,
      state: 'ready',
      eligibleAtMs: 1,
      createdAtMs: 1,
      ordinals,
      open: members,
      gone: emptyBitmap(members),
      requests: 0,
      memberRequests: null,
      failures: null,
      revision: 0,
    };
    await this.store.commit({
      ...emptyCommit(this.ids.next(), 1),
      segments: [segment],
      roots: [root],
    });
    this.holdings.holdSegment(segment);
    await this.queue.offer([offerOf(segment, 0, members)]);
    return { root, segment };
  }

  /** Claim everything of a segment and tell the committer that it runs; the batch's id. */
  async run(segment: Segment): Promise<number> {
    const claim = await claimOf(this.queue, { engine: 'e', limit: 10_000, leaseMs: 1_000 });
    const held = this.holdings.segment(segment.id)!;
    const positions = positionsBetween(0, segment.ordinals.length);
    this.#batches += 1;
    const batch = { id: this.#batches } as Batch;
    this.committer.expect(batch, {
      parts: [
        { held, plan, claim: claim!.id, runsAs: null, positions, reported: null, reporting: null, withdrawn: null },
      ],
      remaining: positions.length,
    });
    return batch.id;
  }

  /** Outcomes of some members of the one part. */
  answer(batch: number, members: readonly number[], more: Partial<OutcomeGroup>): void {
    this.committer.accept({ batch, events: [], groups: [groupOf(members, more)] });
  }
}

export function groupOf(members: readonly number[], more: Partial<OutcomeGroup>): OutcomeGroup {
  return {
    part: 0,
    kind: 'completed',
    path: [0],
    reached: 1,
    members: Uint16Array.from(members),
    baseMs: 1_000,
    times: new Uint32Array(members.length * 2),
    payload: null,
    ...more,
  };
}

export type { CommitItem };
