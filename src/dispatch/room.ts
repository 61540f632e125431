// How much may be handed over now: what `costs.ts` knows, applied to what the threads hold.

import type { DispatcherOptions } from './contract.js';
import { type Cost, CostBook, roomFor, trustIn } from './costs.js';
import { openMember } from './settlement.js';
import { type ExecutingRow, uptimeMs } from './shared-state.js';
import type { Ticket } from './ticket.js';
import { costKey, type WorkerThread } from './worker-thread.js';

/** What a member is taken to cost before anything was measured. */
const guess: Cost = { members: 0, occupiedUs: 1_000, elapsedUs: 1_000, measured: 0 };
/** The same for its thread time, once it has been seen to wait for something. */
const awaitedUs = 100;

export class Room {
  readonly #options: DispatcherOptions;
  readonly #book = new CostBook();
  #wasRefused = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Whether nothing could be handed over since this was last asked. */
  takeRefusal(): boolean {
    const wasRefused = this.#wasRefused;
    this.#wasRefused = false;
    return wasRefused;
  }

  learn(key: number, members: number, occupiedUs: number, elapsedUs: number): void {
    this.#book.learn(key, members, occupiedUs, elapsedUs);
  }

  /** Members of one workflow and place, in one batch. */
  capacity(key: number, threads: readonly WorkerThread[]): number {
    const cost = this.#book.of(key);
    const room = threads.reduce((most, thread) => Math.max(most, this.#roomIn(thread, cost ?? guess)), 0);
    return this.#noted(Math.min(room, trustIn(cost, membersOf(key, threads))));
  }

  /** Members of whatever comes. Before anything was measured: one a thread. */
  appetite(threads: readonly WorkerThread[]): number {
    const cost = this.#book.overall;
    if (cost === null) return this.#noted(threads.filter(({ members }) => members === 0).length);
    return this.#noted(threads.reduce((sum, thread) => sum + this.#roomIn(thread, cost), 0));
  }

  /** The thread with most room for a ticket, and of several the one with fewest members. */
  roomiest(ticket: Ticket, threads: readonly WorkerThread[]): WorkerThread | null {
    const { workflow, place } = ticket.batch.parts[0]!;
    const cost = this.#book.of(costKey(workflow, place)) ?? guess;
    let best: WorkerThread | null = null;
    let bestRoom = -1;
    for (const thread of threads) {
      const room = this.#roomIn(thread, cost);
      if (best !== null && (room < bestRoom || (room === bestRoom && thread.members >= best.members))) continue;
      best = thread;
      bestRoom = room;
    }
    return best;
  }

  /**
   * An action that waits long for something need not end before it may run beside itself: members that execute
   * without holding their thread count as measured once they have taken longer than anything may wait.
   *
   * @returns whether there is more room now
   */
  learnFromExecuting(thread: WorkerThread, rows: readonly ExecutingRow[], threads: readonly WorkerThread[]): boolean {
    const nowMs = uptimeMs();
    const { holder } = thread.shared;
    const waiting = new Map<number, { members: number; ageMs: number }>();
    for (const row of rows) {
      const ageMs = nowMs - row.startedAtMs;
      if (row.row === holder?.row || row.isLoading || ageMs < this.#options.waitingMs) continue;
      const open = openMember(thread, row);
      if (open === null) continue;
      const { workflow, place } = open.ticket.batch.parts[open.name.part]!;
      const key = costKey(workflow, place);
      const { members, ageMs: sumMs } = waiting.get(key) ?? { members: 0, ageMs: 0 };
      waiting.set(key, { members: members + 1, ageMs: sumMs + ageMs });
    }
    let hasLearnt = false;
    for (const [key, { members, ageMs }] of waiting) {
      const cost = this.#book.of(key);
      if (trustIn(cost, membersOf(key, threads)) > 0) continue;
      this.#book.learn(key, members, members * (cost?.occupiedUs ?? awaitedUs), ageMs * 1_000);
      hasLearnt = true;
    }
    return hasLearnt;
  }

  #roomIn(thread: WorkerThread, cost: Cost): number {
    return roomFor(cost, thread.load(this.#book, guess), this.#options);
  }

  #noted(room: number): number {
    if (room === 0) this.#wasRefused = true;
    return room;
  }
}

function membersOf(key: number, threads: readonly WorkerThread[]): number {
  return threads.reduce((sum, thread) => sum + thread.membersOf(key), 0);
}
