// Pages of the history of runs, the newest first. A run that is not marked is the life of its instance, and is read from
// segments and outcomes; marked ones have rows of their own. Both have an id that begins with the time at which they began,
// the root's or that of the row, which is the order.

import type { Clock } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { Store } from '../../store/contract.js';
import { instanceId } from '../../workflow/instance-id.js';
import { type DeadlineRecord, deadlineOf } from '../deadlines/shown-deadline.js';
import type { Definitions } from '../definitions/definitions.js';
import { averagesOf, HistoryLimits, noAverage } from './run-averages.js';
import { type RunRow, RunRows, type RunState, type RunsOf } from './run-row-reads.js';

export interface RunRecord {
  readonly instance: string;
  readonly workflow: string;
  readonly workflowVersion: number;
  /** `premature`: the instance left before the run was over. */
  readonly state: RunState;
  /** When the action marked as its start was reached; of a life, when it was submitted. */
  readonly startedAtMs: number;
  /** `null`: it goes on. */
  readonly endedAtMs: number | null;
  readonly runMs: number | null;
  /** Of the runs of its workflow that came to their end, whole ms; -1: of none. */
  readonly averageMs: number;
  readonly deadline: DeadlineRecord | null;
}

export interface RunPage {
  readonly runs: readonly RunRecord[];
  /** Cursor of what follows; `null`: nothing does. */
  readonly next: string | null;
}

/** What a clear of the history has taken. */
export interface ClearedRuns {
  /** Runs that were over, as the averages had counted them. */
  readonly runs: number;
}

const keysOfRead = 16;
const readsMax = 32;
const afterAll = { key: 'ffffffff-ffff-ffff-ffff-ffffffffffff', ordinal: -1 } as const;

export class RunPages {
  readonly #store: Store;
  readonly #definitions: Definitions;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(store: Store, definitions: Definitions, clock: Pick<Clock, 'nowMs'>) {
    this.#store = store;
    this.#definitions = definitions;
    this.#clock = clock;
  }

  /**
   * A page may be short, or empty, before the end: a call makes a bounded number of reads.
   *
   * @throws EngineError `CURSOR_INVALID`
   */
  async page(of: RunsOf, state: RunState | null, after: string | null, limit: number): Promise<RunPage> {
    let cursor: Cursor = after === null ? afterAll : cursorOf(after);
    await this.#definitions.load();
    const limits = await HistoryLimits.read(this.#store);
    const marked = this.#definitions
      .all()
      .flatMap(({ plan, version }) => (plan.runs === undefined ? [] : version.number));
    const rows = new RunRows(this.#store, of, state, marked);
    const found: RunRow[] = [];
    for (let reads = 0; reads < readsMax; reads++) {
      const { keys, next } = await rows.keys(cursor.key, cursor.ordinal === lastOrdinal, keysOfRead);
      for (const row of keys.length === 0 ? [] : await rows.of(keys)) {
        if (row.key === cursor.key && row.ordinal <= cursor.ordinal) continue;
        if (isHidden(row, limits)) continue;
        found.push(row);
        if (found.length === limit) return { runs: await this.#told(found), next: textOf(row) };
      }
      if (next === null) return { runs: await this.#told(found), next: null };
      cursor = { key: next, ordinal: lastOrdinal };
    }
    return { runs: await this.#told(found), next: textOf(cursor) };
  }

  async #told(rows: readonly RunRow[]): Promise<RunRecord[]> {
    await this.#definitions.ensure(rows.map(({ workflow }) => workflow));
    const averages = await averagesOf(this.#store, new Set(rows.map(({ name }) => name)));
    const nowMs = this.#clock.nowMs();
    return rows.map(({ root, ordinal, name, workflow, state, startedAtMs, endedAtMs, dueMs, isMarked }) => {
      const { version, plan } = this.#definitions.byNumber(workflow);
      const untilMs = endedAtMs ?? nowMs;
      const ofRun = dueMs === null ? null : { dueAtMs: dueMs, isExceeded: untilMs > dueMs };
      return {
        instance: instanceId(root, ordinal),
        workflow: name,
        workflowVersion: version.version,
        state,
        startedAtMs,
        endedAtMs,
        runMs: endedAtMs === null ? null : endedAtMs - startedAtMs,
        averageMs: averages.get(name) ?? noAverage,
        deadline: isMarked ? ofRun : deadlineOf(plan.deadline, startedAtMs, untilMs),
      };
    });
  }
}

function isHidden({ name, endedAtMs, isMarked }: RunRow, limits: HistoryLimits): boolean {
  if (endedAtMs === null) return false;
  return limits.isCleared(name, endedAtMs) || (!isMarked && limits.isExpired(endedAtMs));
}

interface Cursor {
  readonly key: string;
  readonly ordinal: number;
}

/** Behind all members of a key. */
const lastOrdinal = 0xffff;

function textOf({ key, ordinal }: Cursor): string {
  return `${key}.${ordinal}`;
}

function cursorOf(text: string): Cursor {
  const [, key, ordinal] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,5})$/.exec(text) ?? [];
  if (key === undefined) throw new EngineError('CURSOR_INVALID', 'the cursor is none of a list of runs');
  return { key, ordinal: Number(ordinal) };
}
