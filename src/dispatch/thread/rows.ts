// Who executes in this thread: a member has a row of the shared memory from its beginning to its outcome.

import type { Withdrawn } from '../protocol.js';
import type { Member } from './member.js';

export class Rows {
  readonly #free: number[];
  /** By row. */
  readonly #members: (Member | null)[];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, at) => count - 1 - at);
    this.#members = this.#free.map(() => null);
  }

  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  /** While there is room. */
  take(member: Member): void {
    member.row = this.#free.pop()!;
    this.#members[member.row] = member;
  }

  release({ row }: Member): void {
    this.#members[row] = null;
    this.#free.push(row);
  }

  /** The engine stops. */
  interrupt(): void {
    for (const member of this.#members) member?.interrupt(new Error('the engine is stopping'));
  }

  /** Members of a batch have been withdrawn. */
  withdraw(batch: number, slots: readonly number[], why: Withdrawn): void {
    for (const member of this.#members) {
      if (member?.part.batch.id === batch && slots.includes(member.slot)) member.withdraw(why);
    }
  }
}
