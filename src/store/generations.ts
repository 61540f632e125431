// Generations: bodies, outcomes and audit are written into one of eight partitions at a time. When a generation has
// lasted its share of the retention the next one is emptied and becomes current. Deleting a week of history is one
// TRUNCATE; the tables never bloat (D12).
//
// Two rings: `history` (bodies, outcomes) and `audit`. The audit's events need the bodies, so history is kept at least
// as long as the audit.
//
// Several engines share the rings, and each may be behind the others for as long as it was stopped. What this file
// remembers of them is therefore only for knowing when something may be due:
//   G1. Whoever writes looks the current slot up in its own statement (`sql/commit.ts`).
//   G2. A table is emptied in a transaction that holds the ring's row and finds in it the slot it was decided on; the slot
//       emptied is the one after. So the current one is never emptied, nor one that somebody has entered meanwhile.
//   G3. The next slot is entered only from the one it was decided on.

import { decode, encode } from './binary.js';
import { type SqlDriver, SqlError, type SqlStatement } from './driver.js';

export type Ring = 'history' | 'audit';

/** How long rows are kept at least, milliseconds; `null`: as the store was told last, else a week. */
export interface Retention {
  readonly historyMs: number | null;
  readonly auditMs: number | null;
  /** When it is thrown away what could be from a moment on, milliseconds since 1970. Absent: at once. */
  readonly maintainedFromMs?: (dueMs: number) => number;
}

/** What has become of a step: done, or another engine has moved the ring on. */
export type Moved = 'done' | 'moved-on';

const keptByDefaultMs = 7 * 86_400_000;

export const slotsPerRing = 8;
/** One slot is being written and one is emptied ahead: the other six hold the retention. */
const slotsThatKeep = slotsPerRing - 2;

/** A TRUNCATE that waits for a reader holds up the readers behind it; then it is left for later. */
const truncateWaitMs = 500;
const movedOn = 'MR001';

const loadRings: SqlStatement = {
  name: 'generations_load',
  text: 'select ring, slot::int, started_at, is_current::int from millrace_generation',
};

/** The first slot of a ring that has none. $1 ring text, $2 started at bigint (ms). */
const enterFirst: SqlStatement = {
  name: 'generations_enter_first',
  text: `insert into millrace_generation (ring, slot, started_at, is_current) values ($1::text, 0, $2::bigint, true)
    on conflict do nothing`,
};

/** G3. $1 ring text, $2 slot int: the one that is current. Refused with MR001 when it no longer is. */
const retire: SqlStatement = {
  name: 'generations_retire',
  text: `with retired as (
    update millrace_generation set is_current = false where ring = $1::text and slot = $2::int and is_current returning 1)
  select millrace_fence((select count(*) from retired) = 1)`,
};

/** $1 ring text, $2 slot int, $3 started at bigint (ms). */
const makeCurrent: SqlStatement = {
  name: 'generations_make_current',
  text: `insert into millrace_generation (ring, slot, started_at, is_current) values ($1::text, $2::int, $3::bigint, true)
    on conflict (ring, slot) do update set started_at = excluded.started_at, is_current = true`,
};

const loadRetention: SqlStatement = {
  name: 'generations_load_retention',
  text: 'select ring, kept_ms from millrace_retention',
};

/** $1 ring text, $2 kept bigint (ms). */
const putRetention: SqlStatement = {
  name: 'generations_put_retention',
  text: `insert into millrace_retention (ring, kept_ms) values ($1::text, $2::bigint)
    on conflict (ring) do update set kept_ms = excluded.kept_ms`,
};

/** G2: empties the table's slot behind `slot`. A script, because a TRUNCATE takes no parameters. */
function emptyNext(table: string, ring: Ring, slot: number): string {
  return `do $empty$ begin
    set local lock_timeout = ${truncateWaitMs};
    perform 1 from millrace_generation where ring = '${ring}' and slot = ${slot} and is_current for update;
    perform millrace_fence(found);
    truncate ${table}_${nextSlot(slot)};
  end $empty$`;
}

function nextSlot(slot: number): number {
  return (slot + 1) % slotsPerRing;
}

interface RingState {
  /** The current one. */
  readonly slot: number;
  /** When slots were last entered. */
  readonly startedAtMs: ReadonlyMap<number, number>;
}

export class Generations {
  readonly #driver: SqlDriver;
  #rings: Record<Ring, RingState>;
  #lastsMs: Record<Ring, number>;
  readonly #maintainedFromMs: Retention['maintainedFromMs'];

  private constructor(
    driver: SqlDriver,
    rings: Record<Ring, RingState>,
    keptMs: Record<Ring, number>,
    { maintainedFromMs }: Retention,
  ) {
    this.#driver = driver;
    this.#rings = rings;
    this.#lastsMs = lastsMsOf(keptMs);
    this.#maintainedFromMs = maintainedFromMs;
  }

  static async load(driver: SqlDriver, retention: Retention, nowMs: number): Promise<Generations> {
    await driver.transaction(
      (['history', 'audit'] as const).map(ring => ({
        statement: enterFirst,
        parameters: [ring, encode.int8(nowMs)],
      })),
    );
    return new Generations(driver, await readRings(driver), await settleRetention(driver, retention), retention);
  }

  /** Slots that were current when this engine last looked. */
  get current(): { history: number; audit: number } {
    return { history: this.#rings.history.slot, audit: this.#rings.audit.slot };
  }

  /** How long history is kept at least. */
  get historyKeptMs(): number {
    return this.#lastsMs.history * slotsThatKeep;
  }

  /** The slot to be emptied and entered next, or `null` while the current one has time left, or that one holds what has not expired. */
  due(ring: Ring, nowMs: number): number | null {
    const { slot, startedAtMs } = this.#rings[ring];
    const dueMs = startedAtMs.get(slot)! + this.#lastsMs[ring];
    if (nowMs < dueMs || nowMs < (this.#maintainedFromMs?.(dueMs) ?? dueMs)) return null;
    const next = nextSlot(slot);
    return this.#holds(ring, next, nowMs) === 'kept' ? null : next;
  }

  /**
   * The slot to be emptied and entered behind one that was due, where times of maintenance are rare, and slots long: as long as
   * there is one of which all has expired. `null`: there is none.
   */
  expired(ring: Ring, nowMs: number): number | null {
    if (this.#maintainedFromMs === undefined) return null;
    const { slot, startedAtMs } = this.#rings[ring];
    const isExpired = (other: number): boolean => other !== slot && this.#holds(ring, other, nowMs) === 'expired';
    return [...startedAtMs.keys()].some(isExpired) ? nextSlot(slot) : null;
  }

  /** A slot was written until the one behind it was entered; one that was entered with that has nothing. */
  #holds(ring: Ring, slot: number, nowMs: number): 'nothing' | 'expired' | 'kept' {
    const { startedAtMs } = this.#rings[ring];
    const [fromMs, untilMs] = [startedAtMs.get(slot), startedAtMs.get(nextSlot(slot))];
    if (fromMs === undefined || untilMs === undefined || fromMs >= untilMs) return 'nothing';
    return untilMs <= nowMs - this.#lastsMs[ring] * slotsThatKeep ? 'expired' : 'kept';
  }

  /** Look again: others may have moved a ring on, or been told another retention. */
  async reload(): Promise<void> {
    this.#rings = await readRings(this.#driver);
    this.#lastsMs = lastsMsOf(await settleRetention(this.#driver, { historyMs: null, auditMs: null }));
  }

  /**
   * Empty a table's next slot (G2).
   *
   * @throws {SqlError} 55P03 when readers were in the way for half a second: nothing was done
   */
  empty(table: string, ring: Ring): Promise<Moved> {
    return unlessMovedOn(this.#driver.script(emptyNext(table, ring, this.#rings[ring].slot)));
  }

  /** Make the next slot, which has been emptied, the current one (G3). */
  async enterNext(ring: Ring, nowMs: number): Promise<Moved> {
    const { slot } = this.#rings[ring];
    const next = nextSlot(slot);
    const moved = await unlessMovedOn(
      this.#driver.transaction([
        { statement: retire, parameters: [ring, encode.int4(slot)] },
        { statement: makeCurrent, parameters: [ring, encode.int4(next), encode.int8(nowMs)] },
      ]),
    );
    if (moved === 'done') {
      const startedAtMs = new Map(this.#rings[ring].startedAtMs).set(next, nowMs);
      this.#rings[ring] = { slot: next, startedAtMs };
    }
    return moved;
  }
}

async function unlessMovedOn(step: Promise<unknown>): Promise<Moved> {
  try {
    await step;
    return 'done';
  } catch (error) {
    if (error instanceof SqlError && error.code === movedOn) return 'moved-on';
    throw error;
  }
}

async function readRings(driver: SqlDriver): Promise<Record<Ring, RingState>> {
  const [rows] = await driver.transaction([{ statement: loadRings, parameters: [] }]);
  const stateOf = (ring: Ring): RingState => {
    const own = rows!.filter(row => decode.text(row[0]!) === ring);
    const current = own.find(row => decode.int4(row[3]!) === 1)!;
    const startedAtMs = new Map(own.map(row => [decode.int4(row[1]!), decode.int8(row[2]!)]));
    return { slot: decode.int4(current[1]!), startedAtMs };
  };
  return { history: stateOf('history'), audit: stateOf('audit') };
}

function lastsMsOf(keptMs: Record<Ring, number>): Record<Ring, number> {
  return {
    history: Math.max(keptMs.history, keptMs.audit) / slotsThatKeep,
    audit: keptMs.audit / slotsThatKeep,
  };
}

/** What holds from now on: what this engine was told, else what the store was told before. */
async function settleRetention(driver: SqlDriver, told: Retention): Promise<Record<Ring, number>> {
  const [rows] = await driver.transaction([{ statement: loadRetention, parameters: [] }]);
  const before = new Map(rows!.map(row => [decode.text(row[0]!), decode.int8(row[1]!)]));
  const keptMs = {
    audit: told.auditMs ?? before.get('audit') ?? keptByDefaultMs,
    history: told.historyMs ?? before.get('history') ?? told.auditMs ?? keptByDefaultMs,
  };
  for (const [ring, ms] of Object.entries({ audit: told.auditMs, history: told.historyMs })) {
    if (ms === null || ms === before.get(ring)) continue;
    await driver.transaction([{ statement: putRetention, parameters: [ring, encode.int8(ms)] }]);
  }
  return keptMs;
}
