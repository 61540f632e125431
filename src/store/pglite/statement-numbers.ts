// The numbers under which a client and the store thread know statements, so that a name and a text cross once.
//
// Ad-hoc statements beyond the last used ones lose their number, and it is given to others. A number changes hands only
// between messages: the thread learns a message's new numbers before it reads the message.

import { adHocMax, isAdHoc } from '../ad-hoc.js';
import type { SqlStatement } from '../driver.js';
import type { NumberedStatement } from './thread-protocol.js';

export class StatementNumbers {
  readonly #kept = new Map<string, NumberedStatement>();
  /** Least recently used first. */
  readonly #adHoc = new Map<string, NumberedStatement>();
  readonly #free: number[] = [];
  #introduced: NumberedStatement[] = [];

  /** Statements that have a number. */
  get size(): number {
    return this.#kept.size + this.#adHoc.size;
  }

  /** @throws {TypeError} when another statement has its name */
  of(statement: SqlStatement): number {
    const { name, text } = statement;
    const known = isAdHoc(name) ? this.#adHoc : this.#kept;
    const found = known.get(name);
    if (found === undefined) {
      const numbered = { number: this.#free.pop() ?? this.size, name, text };
      known.set(name, numbered);
      this.#introduced.push(numbered);
      return numbered.number;
    }
    if (found.text !== text) throw new TypeError(`two statements are named "${name}"`);
    if (known === this.#adHoc) {
      known.delete(name);
      known.set(name, found);
    }
    return found.number;
  }

  /** What the message now to be sent introduces. After it numbers may change hands. */
  takeIntroduced(): NumberedStatement[] {
    const introduced = this.#introduced;
    this.#introduced = [];
    for (const [name, { number }] of this.#adHoc) {
      if (this.#adHoc.size <= adHocMax) break;
      this.#adHoc.delete(name);
      this.#free.push(number);
    }
    return introduced;
  }
}
