// The claims of the embedded queue: what each holds, and how many members of each engine.
//
// Invariants:
//   C1. A claim is known as long as it holds a member.

import type { Throttle, ThrottleState } from './contract.js';
import type { Entry, HeldClaim } from './embedded-entry.js';

/**
 * A claim that is known with the first entry it holds.
 *
 * @param tookAtMs when it took of rates, by their time; `null`: it was announced, and has taken nothing
 */
export function newClaim(
  id: string,
  engine: string,
  leaseUntilMs = 0,
  tookAtMs: HeldClaim['tookAtMs'] = null,
): HeldClaim {
  return { id, engine, leaseUntilMs, tookAtMs, count: 0, entries: [] };
}

export class Claims {
  readonly #byId = new Map<string, HeldClaim>();
  readonly #running = new Map<string, number>();
  #members = 0;

  get(id: string): HeldClaim | undefined {
    return this.#byId.get(id);
  }

  /** Let leases last until then, or as long as they do already. Returns the ids of claims that are not known. */
  extend(ids: readonly string[], leaseUntilMs: number): string[] {
    const lost: string[] = [];
    for (const id of ids) {
      const held = this.#byId.get(id);
      if (held === undefined) lost.push(id);
      else held.leaseUntilMs = Math.max(held.leaseUntilMs, leaseUntilMs);
    }
    return lost;
  }

  /** Every claim; those met may end on the way. */
  all(): Iterable<HeldClaim> {
    return this.#byId.values();
  }

  /** Members in all claims. */
  get members(): number {
    return this.#members;
  }

  /** Members by engine. */
  running(): ReadonlyMap<string, number> {
    return new Map(this.#running);
  }

  /** Members held of what is below a branch, by engine. O(entries held). */
  runningBelow(branch: string): ReadonlyMap<string, number> {
    const running = new Map<string, number>();
    for (const [{ lane, count }, engine] of this.held()) {
      if (lane.branch.startsWith(branch)) running.set(engine, (running.get(engine) ?? 0) + count);
    }
    return running;
  }

  /** Throttles, and what is held below each. */
  statesOf(throttles: ReadonlyMap<string, Throttle>): ReadonlyMap<string, ThrottleState> {
    const states = new Map<string, ThrottleState>();
    for (const [branch, throttle] of throttles) {
      const runningBy = this.runningBelow(branch);
      const running = [...runningBy.values()].reduce((sum, members) => sum + members, 0);
      states.set(branch, { ...throttle, running, runningBy });
    }
    return states;
  }

  /** Every entry held, and by whom. */
  *held(): Iterable<readonly [Entry, string]> {
    for (const held of this.#byId.values()) {
      // What came back to a claim by an announcement is among its entries twice.
      for (const entry of new Set(held.entries)) if (entry.place === held) yield [entry, held.engine];
    }
  }

  hold(entry: Entry, held: HeldClaim): void {
    entry.place = held;
    held.entries.push(entry);
    this.#byId.set(held.id, held);
    this.#change(held, entry.count);
  }

  /** The caller puts the entry somewhere. */
  unhold(entry: Entry, held: HeldClaim): void {
    this.#change(held, -entry.count);
    if (held.count === 0) this.#byId.delete(held.id);
  }

  #change(held: HeldClaim, members: number): void {
    held.count += members;
    this.#members += members;
    const running = (this.#running.get(held.engine) ?? 0) + members;
    if (running === 0) this.#running.delete(held.engine);
    else this.#running.set(held.engine, running);
  }
}
