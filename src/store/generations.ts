// Generations: bodies, outcomes and audit are written into one of eight partitions at a time. When a generation has
// lasted its share of the retention the next one is emptied and becomes current. Deleting a week of history is one
// TRUNCATE; the tables never bloat (D12).
//
// Two rings: `history` (bodies, outcomes) and `audit`. The audit's events need the bodies, so history is kept at least
// as long as the audit.

import { decode, encode } from './binary.js';
import type { SqlDriver, SqlStatement } from './driver.js';

export type Ring = 'history' | 'audit';

/** How long rows are kept at least, milliseconds; `null`: as the store was told last, else a week. */
export interface Retention {
  readonly historyMs: number | null;
  readonly auditMs: number | null;
}

const keptByDefaultMs = 7 * 86_400_000;

export const slotsPerRing = 8;
/** One slot is being written and one is emptied ahead: the other six hold the retention. */
const slotsThatKeep = slotsPerRing - 2;

const loadRings: SqlStatement = {
  name: 'generations_load',
  text: 'select ring, slot::int, started_at from millrace_generation where is_current',
};

/** $1 ring text, $2 slot int, $3 at bigint. */
const makeCurrent: SqlStatement = {
  name: 'generations_make_current',
  text: `insert into millrace_generation (ring, slot, started_at, is_current) values ($1::text, $2::int, $3::bigint, true)
    on conflict (ring, slot) do update set started_at = excluded.started_at, is_current = true`,
};

/** $1 ring text, $2 slot int: the one that is current. */
const retireOthers: SqlStatement = {
  name: 'generations_retire_others',
  text: 'update millrace_generation set is_current = false where ring = $1::text and slot <> $2::int',
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

interface RingState {
  slot: number;
  startedAtMs: number;
}

export class Generations {
  readonly #driver: SqlDriver;
  readonly #rings: Record<Ring, RingState>;
  readonly #lastsMs: Record<Ring, number>;

  private constructor(driver: SqlDriver, rings: Record<Ring, RingState>, keptMs: Record<Ring, number>) {
    this.#driver = driver;
    this.#rings = rings;
    this.#lastsMs = {
      history: Math.max(keptMs.history, keptMs.audit) / slotsThatKeep,
      audit: keptMs.audit / slotsThatKeep,
    };
  }

  static async load(driver: SqlDriver, retention: Retention, nowMs: number): Promise<Generations> {
    const [rows] = await driver.transaction([{ statement: loadRings, parameters: [] }]);
    const stored = new Map(
      rows!.map(row => [decode.text(row[0]!), { slot: decode.int4(row[1]!), startedAtMs: decode.int8(row[2]!) }]),
    );
    const rings = {
      history: stored.get('history') ?? { slot: 0, startedAtMs: nowMs },
      audit: stored.get('audit') ?? { slot: 0, startedAtMs: nowMs },
    };
    const generations = new Generations(driver, rings, await settleRetention(driver, retention));
    for (const ring of ['history', 'audit'] as const) {
      if (!stored.has(ring)) await generations.enter(ring, rings[ring].slot, nowMs);
    }
    return generations;
  }

  /** Slots that are written now. */
  get current(): { history: number; audit: number } {
    return { history: this.#rings.history.slot, audit: this.#rings.audit.slot };
  }

  /** The slot to be emptied and entered next, or `null` while the current one has time left. */
  due(ring: Ring, nowMs: number): number | null {
    const { slot, startedAtMs } = this.#rings[ring];
    return nowMs - startedAtMs >= this.#lastsMs[ring] ? (slot + 1) % slotsPerRing : null;
  }

  /** Make an emptied slot the current one. */
  async enter(ring: Ring, slot: number, nowMs: number): Promise<void> {
    await this.#driver.transaction([
      { statement: makeCurrent, parameters: [ring, encode.int4(slot), encode.int8(nowMs)] },
      { statement: retireOthers, parameters: [ring, encode.int4(slot)] },
    ]);
    this.#rings[ring] = { slot, startedAtMs: nowMs };
  }
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
