// What became of the instances this process submitted, told apart from what else the folder holds.
//
// Not one by one: instances submitted together share a root, and a root's segments say in one row how many of them are
// where. Roots with nothing left to do are not asked about again.

import type { Engine } from '../engine/engine.js';

const rootsPerQuery = 500;
/** Events are unfolded from their traces, some thousands a root. */
const rootsPerEventQuery = 40;

export interface OwnTotals {
  readonly finished: number;
  readonly failed: number;
  readonly removed: number;
}

export class OwnInstances {
  readonly #engine: Engine;
  readonly #roots: string[] = [];
  /** Roots before this one have nothing left to do. */
  #settled = 0;
  #accepted = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Ids as the engine gives them, durable. */
  accept(ids: readonly string[]): void {
    this.#accepted += ids.length;
    for (const id of ids) {
      const root = `${id.slice(0, 32)}0000`;
      if (this.#roots.at(-1) !== root) this.#roots.push(root);
    }
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Whether none of those accepted so far has anything left to do: all have left, or stand FAILED. */
  async areSettled(): Promise<boolean> {
    while (this.#settled < this.#roots.length) {
      const page = this.#roots.slice(this.#settled, this.#settled + rootsPerQuery);
      const [busy] = await this.#engine.query(
        `select root from millrace_instances where root = any($1::uuid[]) and state = 'ready' limit 1`,
        [arrayOf(page)],
      );
      if (busy !== undefined) return false;
      this.#settled += page.length;
    }
    return true;
  }

  async totals(): Promise<OwnTotals> {
    const gone = await this.#sum(
      rootsPerQuery,
      `select state, count(*) from millrace_history where root = any($1::uuid[]) group by state`,
    );
    const failed = await this.#sum(
      rootsPerQuery,
      `select state, count(*) from millrace_instances where root = any($1::uuid[]) and state = 'failed' group by state`,
    );
    return {
      finished: gone.get('finished') ?? 0,
      removed: gone.get('removed') ?? 0,
      failed: failed.get('failed') ?? 0,
    };
  }

  async events(): Promise<number> {
    const text = `select 'events', count(*) from millrace_audit_event where root = any($1::uuid[])`;
    return (await this.#sum(rootsPerEventQuery, text)).get('events') ?? 0;
  }

  /** Ids of some that stand FAILED. */
  async failedIds(limit: number): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < this.#roots.length && ids.length < limit; at += rootsPerQuery) {
      const rows = await this.#engine.query(
        `select instance::text from millrace_instances where root = any($1::uuid[]) and state = 'failed'
         order by instance limit $2::int`,
        [arrayOf(this.#roots.slice(at, at + rootsPerQuery)), String(limit)],
      );
      ids.push(...rows.map(([instance]) => instance!));
    }
    return ids.slice(0, limit);
  }

  async #sum(rootsPerPage: number, text: string): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    for (let at = 0; at < this.#roots.length; at += rootsPerPage) {
      for (const [key, count] of await this.#engine.query(text, [arrayOf(this.#roots.slice(at, at + rootsPerPage))])) {
        sums.set(key!, (sums.get(key!) ?? 0) + Number(count));
      }
    }
    return sums;
  }
}

function arrayOf(roots: readonly string[]): string {
  return `{${roots.join(',')}}`;
}
