// The statements a connection has prepared, or has on the way.
//
// Each is prepared by a Parse with a Sync of its own, ahead of the first transaction that needs it and in the same
// message: what becomes of it depends on nothing else, and a transaction behind it need not wait to hear of it. One that
// cannot be prepared fails the transactions that name it, and is tried again by the next.
//
// Invariant: of ad-hoc statements at most `adHocMax` stay prepared.

import { adHocMax, isAdHoc } from '../ad-hoc.js';
import type { SqlStatement } from '../driver.js';
import type { ServerError } from '../wire.js';

/** A statement on this connection. */
export interface Prepared {
  readonly statement: SqlStatement;
  /** Why the server did not prepare it; `null` while it is believed to. */
  refusal: ServerError | null;
}

export class Statements {
  readonly #kept = new Map<string, Prepared>();
  /** Least recently used first. */
  readonly #adHoc = new Map<string, Prepared>();

  /**
   * The statement, and whether it must be prepared first.
   *
   * @throws {TypeError} when another statement has its name
   */
  use(statement: SqlStatement): { prepared: Prepared; isNew: boolean } {
    const { name, text } = statement;
    const known = isAdHoc(name) ? this.#adHoc : this.#kept;
    const found = known.get(name);
    if (found !== undefined && found.statement.text !== text) {
      throw new TypeError(`two statements are named "${name}"`);
    }
    const isNew = found === undefined || found.refusal !== null;
    const prepared = isNew ? { statement, refusal: null } : found;
    known.delete(name); // to its end: it is the last used
    known.set(name, prepared);
    return { prepared, isNew };
  }

  /** Names of ad-hoc statements to be closed, behind the transaction that made them too many. */
  takeExcess(): string[] {
    const excess: string[] = [];
    for (const [name, { refusal }] of this.#adHoc) {
      if (this.#adHoc.size <= adHocMax) break;
      this.#adHoc.delete(name);
      if (refusal === null) excess.push(name);
    }
    return excess;
  }
}
