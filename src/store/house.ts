// Housekeeping: history that has expired goes, and what PGlite does not do by itself is done (D12).
//
// What is due is decided from counters (PGlite's own, for several processes may share one) and the times handed in. Work
// that grows with the store is done in pages, and every page and every command is a message of its own: commits go in
// between, and none waits longer than for one step.
//
// Of several engines on one store one at a time does what the store needs once (`house-lease.ts`):
//
//   - Generations, when they are due, or at the next time of maintenance: what is still needed of the oldest is carried over, its
//     names are dropped, then it is emptied.
//     Carrying may be repeated after a crash and may be read in between: a body is then there twice, and alike.
//   - Working bodies that no segment names, older than history: commits of rivals leave some, and engines that show in the
//     audit what another, which does not, has written.
//   - Ids of commits that nobody will send again are dropped, and messages that have expired.
//
// PGlite neither checkpoints nor vacuums, so the store does; a PostgreSQL server does by itself:
//
//   - Checkpoints by WAL written: bounds recovery and disk, and keeps each one short.
//   - Vacuum of the tables that change row by row, all small: segments, what contexts share and working bodies by rows
//     changed, ids of commits once pruned, and after a generation was emptied (which rewrites rows of the catalogue)
//     pg_class and pg_attribute.
//   - Freezing: a transaction number is good for 2^31 further ones, a month at 800 groups a second, and nobody else
//     looks after it. One table a round whose oldest number is too old is frozen. The generations come under this only
//     in need, for they are large: emptying one makes it young, and its turn comes within 8/6 of the retention.
//
// Not done: giving back the disk of the segments' table after a great backlog (its pages are used again).

import type { Clock } from '../observe/clock.js';
import { decode, encode } from './binary.js';
import type { HouseReport } from './contract.js';
import type { SqlDriver, SqlStatement } from './driver.js';
import type { Generations, Ring } from './generations.js';
import { HouseLease } from './house-lease.js';
import { changingTables, forgetSizes } from './planner-statistics.js';
import { carryBodies, dropNames, firstIdAt, lowestId, pruneCommits, spentLongAgo } from './sql/house-pages.js';
import { dropExpired } from './sql/messages.js';

export interface HouseLimits {
  readonly checkpointWalBytes: number;
  /** Vacuum the segments, what contexts share and working bodies after so many rows changed or went: they are few and hot. */
  readonly vacuumAfterRows: number;
  /** Commit ids are kept this long: a lost reply is asked for again within seconds. */
  readonly commitIdsKeptMs: number;
  /** How often ids are pruned and the catalogue is looked after. */
  readonly minorEveryMs: number;
  /** After a rotation failed, e.g. because a long query held what was to be emptied. */
  readonly rotateAgainMs: number;
  /** A page of names or ids: a few milliseconds. */
  readonly pageRows: number;
  /** A page of bodies; if all of them are carried, with 75 kB each, 50 ms. */
  readonly bodyPageRows: number;
  readonly freezeAfterXids: number;
  /** For the generations. */
  readonly freezeLateAfterXids: number;
}

export const houseLimits: HouseLimits = {
  checkpointWalBytes: 64 * 1_024 * 1_024,
  vacuumAfterRows: 5_000,
  commitIdsKeptMs: 600_000,
  minorEveryMs: 60_000,
  rotateAgainMs: 60_000,
  pageRows: 500,
  bodyPageRows: 50,
  freezeAfterXids: 200_000_000,
  freezeLateAfterXids: 1_200_000_000,
};

/** WAL written so far, bytes. */
const walBytes: SqlStatement = {
  name: 'house_wal_bytes',
  text: `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`,
};

/** Have what has been counted until now be in the counters when this transaction is over. */
const settleCounts: SqlStatement = { name: 'house_settle_counts', text: 'select pg_stat_force_next_flush()' };

/** Rows of the small tables changed by anybody: segments, what contexts share, publishers, deadlines and runs under way, updated or deleted; working bodies
 * and messages deleted; ids of commits.
 * Counted from the last recovery on. COST none to speak of: the counters are in memory. */
const rowCounts: SqlStatement = {
  name: 'house_row_counts',
  text: `select (pg_stat_get_tuples_updated(s) + pg_stat_get_tuples_deleted(s)
        + pg_stat_get_tuples_updated(h) + pg_stat_get_tuples_deleted(h) + pg_stat_get_tuples_deleted(b)
        + pg_stat_get_tuples_deleted(m) + pg_stat_get_tuples_updated(p)
        + pg_stat_get_tuples_updated(d) + pg_stat_get_tuples_deleted(d)
        + pg_stat_get_tuples_updated(r) + pg_stat_get_tuples_deleted(r))::bigint,
      pg_stat_get_tuples_inserted(c)::bigint
    from (select 'millrace_segment'::regclass::oid, 'millrace_commit'::regclass::oid,
      'millrace_shared'::regclass::oid, 'millrace_body_working'::regclass::oid, 'millrace_message'::regclass::oid,
      'millrace_publisher'::regclass::oid, 'millrace_deadline'::regclass::oid,
      'millrace_open_run'::regclass::oid) as t(s, c, h, b, m, p, d, r)`,
};

/** The table that most needs freezing, by a name SQL takes. $1 age in transactions int, $2 the same for generations. */
const agedTable: SqlStatement = {
  name: 'house_aged_table',
  text: `select c.oid::regclass::text from pg_class c left join pg_class t on t.oid = c.reltoastrelid
    where c.relkind = 'r'
      and greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0))
        > case when c.relname ~ '^millrace_(body|outcome|audit|run|run_average)_[0-7]$' then $2::int else $1::int end
    order by greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0)) desc limit 1`,
};

/** A counter begins anew when the database has recovered. */
function sinceThen(now: number, then: number): number {
  return now >= then ? now - then : now;
}

type Step = <T>(work: () => Promise<T>) => Promise<T>;

/** What expires with the audit. */
const auditTables = ['millrace_audit', 'millrace_run', 'millrace_run_average'] as const;

const nothingShared = { rotated: [], bodiesCarried: 0 };
const nothingOwn = { checkpointed: false, vacuumed: false };

export class House {
  readonly #driver: SqlDriver;
  readonly #generations: Generations;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #limits: HouseLimits;
  readonly #lease: HouseLease;
  #rowsChanged = 0;
  #commitsMade = 0;
  /** PGlite's counters at the last look. */
  #counted = { segments: 0, commits: 0 };
  #walBytesAtCheckpoint: number | null = null;
  #prunedAtMs = 0;
  #minorAtMs = 0;
  #rotateNotBeforeMs = 0;
  #hasPruned = false;
  #hasRotated = false;
  #underWay: Promise<HouseReport> | null = null;

  constructor(
    driver: SqlDriver,
    generations: Generations,
    clock: Pick<Clock, 'monotonicMs'>,
    limits: HouseLimits = houseLimits,
  ) {
    this.#driver = driver;
    this.#generations = generations;
    this.#clock = clock;
    this.#limits = limits;
    this.#lease = new HouseLease(driver, clock);
  }

  noteCommit(): void {
    this.#commitsMade += 1;
  }

  /** One round at a time: whoever asks during a round is answered by it. */
  keep(nowMs: number): Promise<HouseReport> {
    this.#underWay ??= this.#round(nowMs).finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #round(nowMs: number): Promise<HouseReport> {
    if (this.#driver.isKeeper === false) return { ...nothingShared, ...nothingOwn, longestMs: 0 };
    if (this.#driver.isServer !== true) await this.#noteOthers();
    let longestMs = 0;
    const step: Step = async work => {
      const startedMs = this.#clock.monotonicMs();
      const done = await work();
      longestMs = Math.max(longestMs, this.#clock.monotonicMs() - startedMs);
      return done;
    };
    const shared = await this.#sharedIfDue(nowMs, step);
    const own = this.#driver.isServer === true ? nothingOwn : await this.#ownIfDue(nowMs, step);
    return { ...shared, ...own, longestMs };
  }

  /** What everybody who has this PGlite has changed since the last look. */
  async #noteOthers(): Promise<void> {
    await this.#driver.transaction([{ statement: settleCounts, parameters: [] }]);
    const [rows] = await this.#driver.transaction([{ statement: rowCounts, parameters: [] }]);
    const [segments, commits] = rows![0]!.map(column => decode.int8(column!)) as [number, number];
    this.#rowsChanged += sinceThen(segments, this.#counted.segments);
    this.#commitsMade += sinceThen(commits, this.#counted.commits);
    this.#counted = { segments, commits };
  }

  /** What the store needs once, by one engine at a time. */
  async #sharedIfDue(nowMs: number, step: Step): Promise<Pick<HouseReport, 'rotated' | 'bodiesCarried'>> {
    const isPruneDue = this.#commitsMade > 0 && nowMs - this.#prunedAtMs >= this.#limits.minorEveryMs;
    if (isPruneDue) this.#prunedAtMs = nowMs; // or somebody else does it
    if ((!this.#isRotationDue(nowMs) && !isPruneDue) || !(await this.#lease.take())) return nothingShared;
    try {
      if (isPruneDue) {
        await this.#pruneCommits(nowMs - this.#limits.commitIdsKeptMs, step);
        await this.#dropExpired(nowMs, step);
        this.#hasPruned = true;
        this.#commitsMade = 0;
      }
      return await this.#rotateIfDue(nowMs, step);
    } finally {
      await this.#lease.giveUp();
    }
  }

  #isRotationDue(nowMs: number): boolean {
    if (nowMs < this.#rotateNotBeforeMs) return false;
    return this.#generations.due('history', nowMs) !== null || this.#generations.due('audit', nowMs) !== null;
  }

  async #rotateIfDue(nowMs: number, step: Step): Promise<Pick<HouseReport, 'rotated' | 'bodiesCarried'>> {
    if (!this.#isRotationDue(nowMs)) return nothingShared;
    this.#rotateNotBeforeMs = nowMs + this.#limits.rotateAgainMs;
    // Another engine may have done it since this one last looked.
    await this.#generations.reload();
    const rotated = new Set<Ring>();
    let bodiesCarried = 0;
    for (let slot = this.#generations.due('history', nowMs); slot !== null; ) {
      bodiesCarried += await this.#carry(slot, step);
      await this.#dropNames(slot, step);
      await this.#dropSpent(nowMs - this.#generations.historyKeptMs, step);
      if (!(await this.#move('history', ['millrace_body', 'millrace_outcome'], nowMs, step))) break;
      rotated.add('history');
      slot = this.#generations.expired('history', nowMs);
    }
    for (let slot = this.#generations.due('audit', nowMs); slot !== null; ) {
      if (!(await this.#move('audit', auditTables, nowMs, step))) break;
      rotated.add('audit');
      slot = this.#generations.expired('audit', nowMs);
    }
    this.#rotateNotBeforeMs = 0;
    this.#hasRotated ||= rotated.size > 0;
    return { rotated: [...rotated], bodiesCarried };
  }

  /** Empty the next slot of a ring and enter it. Returns false when another engine has been quicker. */
  async #move(ring: Ring, tables: readonly string[], nowMs: number, step: Step): Promise<boolean> {
    for (const table of tables) {
      if ((await step(() => this.#generations.empty(table, ring))) === 'moved-on') return false;
    }
    return (await step(() => this.#generations.enterNext(ring, nowMs))) === 'done';
  }

  /** What PGlite must be told to do. */
  async #ownIfDue(nowMs: number, step: Step): Promise<Pick<HouseReport, 'checkpointed' | 'vacuumed'>> {
    const checkpointed = await this.#checkpointIfDue(step);
    const segmentsVacuumed = await this.#vacuumSegmentsIfDue(step);
    const minorDone = await this.#minorIfDue(nowMs, step);
    return { checkpointed, vacuumed: segmentsVacuumed || minorDone };
  }

  async #carry(slot: number, step: Step): Promise<number> {
    const slots = [encode.int4(slot), encode.int4(this.#generations.current.history)];
    let carried = 0;
    for (let after: string | null = lowestId; after !== null; ) {
      const row = await this.#page(carryBodies, [...slots, encode.uuid(after)], this.#limits.bodyPageRows, step);
      carried += decode.int4(row[0]!);
      after = row[1] ? decode.uuid(row[1]) : null;
    }
    return carried;
  }

  async #dropNames(slot: number, step: Step): Promise<void> {
    for (let after: string | null = ''; after !== null; ) {
      const row = await this.#page(dropNames, [encode.int4(slot), after], this.#limits.pageRows, step);
      after = row[1] ? decode.text(row[1]) : null;
    }
  }

  async #dropSpent(madeBeforeMs: number, step: Step): Promise<void> {
    const before = encode.uuid(firstIdAt(madeBeforeMs));
    for (let after: string | null = lowestId; after !== null; ) {
      const row = await this.#page(spentLongAgo, [before, encode.uuid(after)], this.#limits.pageRows, step);
      after = row[1] ? decode.uuid(row[1]) : null;
    }
  }

  /** Ids begin with the time they were made at, so the old ones come first. That holds only while ids and `at` come from
   * one clock that is never set back: the walk ends at a page without an old one, and an old one behind it stays until
   * what is before it has gone. */
  async #pruneCommits(olderThanMs: number, step: Step): Promise<void> {
    for (let after: string | null = lowestId; after !== null; ) {
      const row = await this.#page(
        pruneCommits,
        [encode.int8(olderThanMs), encode.uuid(after)],
        this.#limits.pageRows,
        step,
      );
      after = row[1] && decode.int4(row[0]!) > 0 ? decode.uuid(row[1]) : null;
    }
  }

  async #dropExpired(nowMs: number, step: Step): Promise<void> {
    for (let gone = 1; gone > 0; ) {
      const row = await this.#page(dropExpired, [encode.int8(nowMs)], this.#limits.pageRows, step);
      gone = decode.int4(row[0]!);
    }
  }

  /** One page; its row is how many it concerned, and the last key it looked at, null behind the end. */
  async #page(
    statement: SqlStatement,
    parameters: readonly (Uint8Array | string)[],
    limit: number,
    step: Step,
  ): Promise<(Uint8Array | null)[]> {
    const call = { statement, parameters: [...parameters, encode.int4(limit)] };
    const [rows] = await step(() => this.#driver.transaction([call]));
    await this.#lease.keep();
    return rows![0]!;
  }

  async #checkpointIfDue(step: Step): Promise<boolean> {
    const [rows] = await this.#driver.transaction([{ statement: walBytes, parameters: [] }]);
    const writtenBytes = decode.int8(rows![0]![0]!);
    this.#walBytesAtCheckpoint ??= writtenBytes;
    if (writtenBytes - this.#walBytesAtCheckpoint < this.#limits.checkpointWalBytes) return false;
    this.#walBytesAtCheckpoint = writtenBytes;
    await step(() => this.#driver.script('checkpoint'));
    return true;
  }

  async #vacuumSegmentsIfDue(step: Step): Promise<boolean> {
    if (this.#rowsChanged < this.#limits.vacuumAfterRows) return false;
    this.#rowsChanged = 0;
    await step(() => this.#driver.script(`vacuum (truncate false) ${changingTables.join(', ')}`));
    await step(() => this.#driver.script(forgetSizes));
    return true;
  }

  async #minorIfDue(nowMs: number, step: Step): Promise<boolean> {
    if (nowMs - this.#minorAtMs < this.#limits.minorEveryMs) return false;
    this.#minorAtMs = nowMs;
    const tables: string[] = [];
    if (this.#hasPruned) {
      this.#hasPruned = false;
      tables.push('millrace_commit');
    }
    if (this.#hasRotated) {
      this.#hasRotated = false;
      tables.push('pg_class', 'pg_attribute', 'millrace_generation', 'millrace_name', 'millrace_housekeeper');
      tables.push('millrace_setting', 'millrace_settings_version');
    }
    for (const table of tables) await step(() => this.#driver.script(`vacuum (truncate false) ${table}`));
    const aged = await this.#agedTable();
    if (aged !== null) await step(() => this.#driver.script(`vacuum (freeze, truncate false) ${aged}`));
    return tables.length > 0 || aged !== null;
  }

  async #agedTable(): Promise<string | null> {
    const parameters = [encode.int4(this.#limits.freezeAfterXids), encode.int4(this.#limits.freezeLateAfterXids)];
    const [rows] = await this.#driver.transaction([{ statement: agedTable, parameters }]);
    const [row] = rows!;
    return row === undefined ? null : decode.text(row[0]!);
  }
}
