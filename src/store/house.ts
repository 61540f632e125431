// Housekeeping: PGlite neither checkpoints nor vacuums by itself, so the store does, in steps short enough that no
// commit waits long (D12). What is due is decided from counters and the clock handed in; each step is timed.

import { systemClock } from '../observe/clock.js';
import { decode, encode } from './binary.js';
import type { Commit, HouseReport } from './contract.js';
import type { SqlDriver, SqlStatement } from './driver.js';
import type { Generations } from './generations.js';

/** Checkpoint after so much WAL: bounds recovery and disk, and keeps each checkpoint short. */
const checkpointWalBytes = 64 * 1_024 * 1_024;
/** Vacuum the segments after so many rows changed or went: they are few and hot. */
const vacuumAfterRows = 5_000;
/** Commit ids are kept this long: a lost reply is asked for again within seconds. */
const commitIdsKeptMs = 600_000;
const commitIdsPruneEveryMs = 60_000;

/** WAL written so far, bytes. */
const walBytes: SqlStatement = {
  name: 'house_wal_bytes',
  text: `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`,
};

/** Bodies in a slot that is about to be emptied move to the current one when somebody needs them longer: open instances,
 * and those that ended generations after they were submitted. $1 old slot, $2 new slot int.
 * COST three index probes a body and the bytes of those that move; normally none: instances rarely live that long. */
const carryBodies: SqlStatement = {
  name: 'house_carry_bodies',
  text: `with carried as (
      insert into millrace_body (generation, id, root, ordinals, offsets, bytes, submitter, created_at)
      select $2::int, id, root, ordinals, offsets, bytes, submitter, created_at from millrace_body b
      where b.generation = $1::int
        and (exists (select from millrace_segment s where s.root = b.root and b.id = b.root)
          or exists (select from millrace_segment s where s.root = b.root and s.body = b.id)
          or exists (select from millrace_outcome o where o.root = b.root and o.generation <> $1::int))
      returning 1)
    select count(*)::int from carried`,
};

/** Names of instances whose outcome is about to be emptied. $1 slot int. */
const dropNames: SqlStatement = {
  name: 'house_drop_names',
  text: `delete from millrace_name n using millrace_outcome o
    where o.generation = $1::int
      and o.root = (left(n.instance::text, 32) || '0000')::uuid
      and ('x' || right(n.instance::text, 4))::bit(16)::int < length(o.ordinals)
      and get_bit(o.ordinals, least(('x' || right(n.instance::text, 4))::bit(16)::int, length(o.ordinals) - 1)) = 1`,
};

/** $1 older than bigint (ms). */
const pruneCommits: SqlStatement = {
  name: 'house_prune_commits',
  text: 'delete from millrace_commit where at < $1::bigint',
};

export class House {
  readonly #driver: SqlDriver;
  readonly #generations: Generations;
  #rowsChanged = 0;
  #commitsMade = 0;
  #walBytesAtCheckpoint: number | null = null;
  #prunedAtMs = 0;

  constructor(driver: SqlDriver, generations: Generations) {
    this.#driver = driver;
    this.#generations = generations;
  }

  noteCommit(commit: Commit): void {
    this.#rowsChanged += commit.marks.length + commit.changes.length;
    this.#commitsMade += 1;
  }

  async keep(nowMs: number): Promise<HouseReport> {
    const rotated: string[] = [];
    let bodiesCarried = 0;
    let longestMs = 0;
    const step = async (work: () => Promise<void>): Promise<void> => {
      const startedMs = systemClock.monotonicMs();
      await work();
      longestMs = Math.max(longestMs, systemClock.monotonicMs() - startedMs);
    };
    const historySlot = this.#generations.due('history', nowMs);
    if (historySlot !== null) {
      await step(async () => {
        bodiesCarried = await this.#carry(historySlot);
        // One at a time: emptying takes 0.3 ms a MB, and commits go in between.
        await this.#driver.script(`truncate millrace_body_${historySlot}`);
        await this.#driver.script(`truncate millrace_outcome_${historySlot}`);
        await this.#generations.enter('history', historySlot, nowMs);
      });
      rotated.push('history');
    }
    const auditSlot = this.#generations.due('audit', nowMs);
    if (auditSlot !== null) {
      await step(async () => {
        await this.#driver.script(`truncate millrace_audit_${auditSlot}`);
        await this.#generations.enter('audit', auditSlot, nowMs);
      });
      rotated.push('audit');
    }
    const checkpointed = await this.#checkpointIfDue(step);
    const vacuumed = await this.#vacuumIfDue(nowMs, step);
    return { rotated, bodiesCarried, checkpointed, vacuumed, longestMs };
  }

  async #carry(slot: number): Promise<number> {
    const [rows] = await this.#driver.transaction([
      { statement: carryBodies, parameters: [encode.int4(slot), encode.int4(this.#generations.current.history)] },
      { statement: dropNames, parameters: [encode.int4(slot)] },
    ]);
    return decode.int4(rows![0]![0]!);
  }

  async #checkpointIfDue(step: (work: () => Promise<void>) => Promise<void>): Promise<boolean> {
    const [rows] = await this.#driver.transaction([{ statement: walBytes, parameters: [] }]);
    const writtenBytes = decode.int8(rows![0]![0]!);
    this.#walBytesAtCheckpoint ??= writtenBytes;
    if (writtenBytes - this.#walBytesAtCheckpoint < checkpointWalBytes) return false;
    this.#walBytesAtCheckpoint = writtenBytes;
    await step(() => this.#driver.script('checkpoint'));
    return true;
  }

  async #vacuumIfDue(nowMs: number, step: (work: () => Promise<void>) => Promise<void>): Promise<boolean> {
    if (nowMs - this.#prunedAtMs >= commitIdsPruneEveryMs && this.#commitsMade > 0) {
      this.#prunedAtMs = nowMs;
      this.#commitsMade = 0;
      await this.#driver.transaction([{ statement: pruneCommits, parameters: [encode.int8(nowMs - commitIdsKeptMs)] }]);
      await step(() => this.#driver.script('vacuum (truncate false) millrace_commit'));
    }
    if (this.#rowsChanged < vacuumAfterRows) return false;
    this.#rowsChanged = 0;
    await step(() => this.#driver.script('vacuum (truncate false) millrace_segment'));
    return true;
  }
}
