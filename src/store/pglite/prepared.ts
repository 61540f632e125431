// The statements PostgreSQL holds prepared, and the messages of a group with those that must be prepared first.
//
// A statement is prepared once and kept, except ad-hoc ones: of these the last used are kept, and the others are closed
// at the end of a group.
//
// Invariants:
//   P1. What is believed prepared is: only what the answer confirms is noted, and preparing is not undone when the
//       transaction it stood in fails.
//   P2. After a group that succeeded at most `adHocMax` ad-hoc statements are prepared.

import { adHocMax, isAdHoc } from '../ad-hoc.js';
import type { SqlStatement } from '../driver.js';
import { closeMessage, parseMessage, type Scan, syncMessage } from '../wire.js';

/** A transaction ready to be sent: its Bind and Execute messages, and the statement of each call. */
export interface WireTransaction {
  readonly wire: Uint8Array;
  readonly statements: readonly SqlStatement[];
}

/** A group's message, and what of it prepares and closes. */
export interface Composition {
  readonly pieces: readonly Uint8Array[];
  /** In the order of their messages; with the index of the transaction that needs it. */
  readonly parses: readonly { readonly statement: SqlStatement; readonly transaction: number }[];
  readonly closes: readonly string[];
}

export class PreparedStatements {
  readonly #kept = new Set<string>();
  /** Least recently used first. */
  readonly #adHoc = new Set<string>();

  compose(group: readonly WireTransaction[]): Composition {
    const pieces: Uint8Array[] = [];
    const parses: { statement: SqlStatement; transaction: number }[] = [];
    const parsing = new Set<string>();
    group.forEach((transaction, index) => {
      for (const statement of transaction.statements) {
        if (parsing.has(statement.name) || this.#has(statement.name)) continue;
        parsing.add(statement.name);
        parses.push({ statement, transaction: index });
        pieces.push(parseMessage(statement));
      }
      pieces.push(transaction.wire);
    });
    const closes = this.#excess(parsing);
    for (const name of closes) pieces.push(closeMessage(name));
    pieces.push(syncMessage);
    return { pieces, parses, closes };
  }

  /** P1. */
  note({ parses, closes }: Composition, { parsed, closed }: Scan): void {
    for (let index = 0; index < parsed; index++) {
      const { name } = parses[index]!.statement;
      (isAdHoc(name) ? this.#adHoc : this.#kept).add(name);
    }
    for (let index = 0; index < closed; index++) this.#adHoc.delete(closes[index]!);
  }

  #has(name: string): boolean {
    if (!isAdHoc(name)) return this.#kept.has(name);
    const isPrepared = this.#adHoc.delete(name);
    if (isPrepared) this.#adHoc.add(name);
    return isPrepared;
  }

  /** P2: what is too much once these are prepared; the least recently used, and then the first of these. */
  #excess(parsing: ReadonlySet<string>): string[] {
    const adHoc = [...parsing].filter(isAdHoc);
    const count = this.#adHoc.size + adHoc.length - adHocMax;
    return count <= 0 ? [] : [...this.#adHoc, ...adHoc].slice(0, count);
  }
}
