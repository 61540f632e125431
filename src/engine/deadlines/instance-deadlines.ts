// Deadlines of instances and runs are told of when they come: who leads waits for the next moment of all, reads what is due in
// pages, looks who still lives, and tells of it in the commit that takes the moment away. So a million deadlines cost rows of
// their roots and one alarm, and instances that finish write nothing.
//
// Invariants:
//   I1. Nothing is told before its moment, and everything whose moment has come is, once (L1 of `store/deadlines.ts`).
//   I2. One round is under way at a time; what begins meanwhile is waited for when it is over.

import { auditRow, dataKind, type TraceGroup } from '../../audit/trace.js';
import type { Timer } from '../../observe/clock.js';
import type { AuditRow } from '../../store/contract.js';
import type { DeadlineChanges, DeadlineRow, MetDeadline, RootLives } from '../../store/deadlines.js';
import { emptyCommit } from '../../store/empty-commit.js';
import { eventCode } from '../../workflow/events.js';
import type { EngineParts } from '../parts.js';
import { surely } from '../store-trouble.js';

/** What other engines have begun, and a clock that was set, is noticed so soon. */
const lookAgainMs = 10_000;
/** A page is up to 25,000 members. */
const pageRows = 50;
/** A run that is late is looked at so often, whether its instance has gone without ending it. */
const lateRunMs = 86_400_000;

type DeadlinesParts = Pick<EngineParts, 'store' | 'clock' | 'ids' | 'definitions' | 'filter' | 'build' | 'health'>;

export class InstanceDeadlines {
  readonly #parts: DeadlinesParts;
  readonly #leads: () => boolean;
  #timer: Timer | null = null;
  /** By `monotonicMs` of the clock. */
  #timerDueMs = 0;
  #isStarted = false;
  #isUnderWay = false;
  /** The first moment of what was begun during the round, which may have looked before that. */
  #begunMs = Number.POSITIVE_INFINITY;

  /** @param leads of several engines one does it */
  constructor(parts: DeadlinesParts, leads: () => boolean) {
    this.#parts = parts;
    this.#leads = leads;
  }

  start(): void {
    this.#isStarted = true;
    void this.#round();
  }

  /** A page under way is not waited for: a store out of reach would hold up whoever stops. */
  stop(): void {
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** A commit of this engine is durable. */
  committed(changes: DeadlineChanges | undefined): void {
    if (changes === undefined || !this.#isStarted) return;
    for (const { momentMs } of [...changes.begun, ...changes.passed]) {
      if (this.#isUnderWay) this.#begunMs = Math.min(this.#begunMs, momentMs);
      else this.#waitUntil(momentMs);
    }
  }

  #waitUntil(momentMs: number): void {
    const { clock } = this.#parts;
    const waitMs = Math.min(Math.max(momentMs - clock.nowMs(), 0), lookAgainMs);
    const dueMs = clock.monotonicMs() + waitMs;
    if (this.#timer !== null && this.#timerDueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = clock
      .setTimer(waitMs, () => {
        this.#timer = null;
        void this.#round();
      })
      .unref();
  }

  async #round(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#begunMs = Number.POSITIVE_INFINITY;
    const { store, clock, health } = this.#parts;
    let nextMs: number | null = null;
    try {
      while (this.#isStarted && this.#leads()) {
        const rows = await store.deadlines.due(clock.nowMs(), pageRows);
        if (rows.length > 0) {
          await this.#meet(rows);
          continue;
        }
        nextMs = await store.deadlines.next();
        if (nextMs === null || nextMs > clock.nowMs()) break;
      }
    } catch (error) {
      health.storeFailed(error);
    }
    this.#isUnderWay = false;
    if (this.#isStarted) this.#waitUntil(Math.min(nextMs ?? Number.POSITIVE_INFINITY, this.#begunMs));
  }

  /** A commit that is refused has met nothing: it is read again. */
  async #meet(rows: readonly DeadlineRow[]): Promise<void> {
    const { store, clock, ids, definitions } = this.#parts;
    await definitions.ensure(rows.map(({ workflow }) => workflow));
    const lives = await store.deadlines.livesOf(rows.map(({ root }) => root));
    const atMs = clock.nowMs();
    const met = rows.map(row => metOf(row, lives.get(row.root)!, atMs));
    const commit = {
      ...emptyCommit(ids.next(), atMs),
      audit: this.#audit(rows, lives, atMs),
      deadlines: { met, passed: [], ended: [], begun: [] },
    };
    await surely(() => store.commit(commit), this.#parts);
  }

  #audit(rows: readonly DeadlineRow[], lives: ReadonlyMap<string, RootLives>, atMs: number): AuditRow[] {
    const groups = new Map<string, TraceGroup[]>();
    for (const row of rows) {
      const ordinals = toldOf(row, lives.get(row.root)!);
      const group = this.#group(row, ordinals, atMs);
      if (group !== null) groups.set(row.root, [...(groups.get(row.root) ?? []), group]);
    }
    return [...groups].map(([root, some]) => auditRow(root, atMs, some));
  }

  /** `null`: nothing is to be told. */
  #group({ kind, workflow, dueMs }: DeadlineRow, ordinals: Uint16Array, atMs: number): TraceGroup | null {
    const { filter, build } = this.#parts;
    const code = eventCode(kind === 'approaching' ? 'DeadlineApproaching' : 'DeadlineExceeded');
    if (ordinals.length === 0 || !filter.allows(code)) return null;
    return {
      workflow,
      ordinals,
      path: [],
      baseMs: atMs,
      times: [],
      timesPerMember: 0,
      engine: build.engine,
      user: build.runsAs(workflow),
      attempt: 0,
      bodyBefore: null,
      bodyAfter: null,
      events: [[code, -1, -1, dataKind.none]],
      message: `deadline ${new Date(dueMs).toISOString()}`,
    };
  }
}

/** Members of which the moment is told. */
function toldOf({ kind, ordinals, momentMs }: DeadlineRow, { living, leftAtMs }: RootLives): Uint16Array {
  switch (kind) {
    case 'approaching':
    case 'exceeded':
      return ordinals.filter(ordinal => living.has(ordinal) || (leftAtMs.get(ordinal) ?? 0) > momentMs);
    case 'past':
      return ordinals;
    case 'late':
      return new Uint16Array();
  }
}

function metOf(row: DeadlineRow, { living }: RootLives, atMs: number): MetDeadline {
  const goesOn =
    row.isRun && (row.kind === 'exceeded' || row.kind === 'late') && row.ordinals.some(each => living.has(each));
  return { row, againMs: goesOn ? atMs + lateRunMs : null };
}
