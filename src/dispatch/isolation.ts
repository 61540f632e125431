// Suspects run again one a thread, until one of them ends its thread and is named (P3).
//
// At most half of the threads are reserved for them, so that others go on; a reserved thread takes its first suspect
// when what it held before has ended.
//
// Invariant: the suspects of an incident leave either one by one, each to a thread of its own, or all at once as
// innocents when one was named.

import type { Batch } from './protocol.js';
import { type Remainder, remaindersOf } from './settlement.js';
import type { MemberName, Ticket } from './ticket.js';
import type { WorkerThread } from './worker-thread.js';

export interface Suspect {
  readonly incident: number;
  readonly batch: Batch;
  readonly name: MemberName;
}

export class Isolation {
  #pending: Suspect[] = [];
  #incidents = 0;
  /** Tickets that run a suspect alone, and its incident. */
  readonly #running = new Map<Ticket, number>();

  /** Suspects of a new incident. */
  add(suspects: readonly Omit<Suspect, 'incident'>[]): void {
    this.#incidents += 1;
    for (const suspect of suspects) this.#pending.push({ ...suspect, incident: this.#incidents });
  }

  /** Reserve threads for waiting suspects, and let those go that are not needed. @returns who goes where now */
  assign(threads: readonly WorkerThread[]): { thread: WorkerThread; suspect: Suspect }[] {
    if (this.#pending.length === 0 && this.#running.size === 0) {
      for (const thread of threads) thread.isReserved = false;
      return [];
    }
    const reservedMax = Math.min(this.#pending.length, Math.max(1, Math.floor(threads.length / 2)));
    const open = threads.filter(({ isReserved }) => !isReserved).sort((a, b) => a.members - b.members);
    for (let reserved = threads.length - open.length; reserved < reservedMax && open.length > 0; reserved++) {
      open.shift()!.isReserved = true;
    }
    return threads.flatMap(thread => {
      if (!thread.isReserved || thread.members > 0) return [];
      const suspect = this.#pending.shift();
      if (suspect !== undefined) return [{ thread, suspect }];
      thread.isReserved = false;
      return [];
    });
  }

  started(ticket: Ticket, suspect: Suspect): void {
    this.#running.set(ticket, suspect.incident);
  }

  ended(ticket: Ticket): void {
    this.#running.delete(ticket);
  }

  /** A thread with these tickets was lost. @returns the innocent, when it ran a suspect alone and that one was named */
  lost(tickets: Iterable<Ticket>, isNamed: boolean): Remainder[] {
    const innocent: Suspect[] = [];
    for (const ticket of tickets) {
      const incident = this.#running.get(ticket);
      this.#running.delete(ticket);
      if (incident === undefined || !isNamed) continue;
      innocent.push(...this.#pending.filter(suspect => suspect.incident === incident));
      this.#pending = this.#pending.filter(suspect => suspect.incident !== incident);
    }
    return remaindersOf(innocent);
  }

  clear(): void {
    this.#pending = [];
    this.#running.clear();
  }
}
