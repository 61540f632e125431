// Members that an operator has taken off while they execute: who does not heed the signal has its thread ended, and none of them
// runs again. They are answered as failed, which nobody reads.

import type { ActionError, OutcomeGroup, OutcomeMessage } from './protocol.js';
import type { MemberName, Ticket } from './ticket.js';
import type { WorkerThread } from './worker-thread.js';

interface Taken {
  readonly name: MemberName;
  /** Since when, milliseconds of uptime. */
  readonly sinceMs: number;
}

const taken: ActionError = { code: 'Removed', message: 'an operator has removed it', action: '', stack: '' };

export class TakenOff {
  /** By batch, those without an outcome. */
  readonly #batches = new Map<number, Taken[]>();

  get isEmpty(): boolean {
    return this.#batches.size === 0;
  }

  add(batch: number, members: readonly MemberName[], sinceMs: number): void {
    const known = this.#batches.get(batch) ?? [];
    const added = members.filter(name => !known.some(each => isSame(each.name, name)));
    this.#batches.set(batch, [...known, ...added.map(name => ({ name, sinceMs }))]);
  }

  answered({ batch, groups }: Pick<OutcomeMessage, 'batch' | 'groups'>): void {
    const known = this.#batches.get(batch);
    if (known === undefined) return;
    const open = known.filter(
      ({ name }) => !groups.some(({ part, members }) => part === name.part && members.includes(name.index)),
    );
    if (open.length === 0) this.#batches.delete(batch);
    else this.#batches.set(batch, open);
  }

  /** Whether one of them has been executing there for longer than its grace time. */
  holdsOn({ shared, tickets }: WorkerThread, uptimeMs: number, graceMs: number): boolean {
    if (this.isEmpty) return false;
    return shared.executing().some(({ batch, slot }) => {
      const ticket = tickets.get(batch);
      const name = ticket?.openAt(slot);
      if (ticket === undefined || name == null) return false;
      const of = this.#batches.get(ticket.batch.id)?.find(each => isSame(each.name, name));
      return of !== undefined && uptimeMs - of.sinceMs >= graceMs;
    });
  }

  /** Takes them out of tickets that no thread has (any more), and answers them. */
  takeOut(tickets: Iterable<Ticket>, nowMs: number): OutcomeMessage[] {
    if (this.isEmpty) return [];
    const outcomes: OutcomeMessage[] = [];
    for (const ticket of tickets) {
      const names = this.#batches.get(ticket.batch.id)?.map(({ name }) => name) ?? [];
      const groups = ticket.takeOut(names).map(name => groupOf(ticket, name, nowMs));
      if (groups.length > 0) outcomes.push({ batch: ticket.batch.id, groups, events: [] });
    }
    for (const outcome of outcomes) this.answered(outcome);
    return outcomes;
  }

  clear(): void {
    this.#batches.clear();
  }
}

function groupOf({ batch }: Ticket, { part, index }: MemberName, nowMs: number): OutcomeGroup {
  return {
    part,
    kind: 'failed',
    path: [],
    reached: batch.parts[part]!.place,
    members: Uint16Array.of(index),
    baseMs: Math.floor(nowMs),
    times: new Uint32Array(0),
    payload: null,
    errors: [taken],
    errorOf: Uint16Array.of(0),
  };
}

function isSame(one: MemberName, other: MemberName): boolean {
  return one.part === other.part && one.index === other.index;
}
