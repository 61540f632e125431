// Items that wait to be committed: those that go together, those that go alone because the store has refused a commit they
// were in, and, apart from both, those that concern instances with several contexts.

import { isShared } from '../shared/decide.js';
import type { CommitItem } from './commit-builder.js';
import { parted } from './narrowed.js';

/** Members in one commit; bounds how long a commit takes and what a refused one costs. */
const commitMembersMax = 4_096;

export class CommitBacklog {
  readonly #plain = new Line();
  readonly #shared = new Line();

  get isEmpty(): boolean {
    return !this.hasPlain && !this.hasShared;
  }

  get hasPlain(): boolean {
    return !this.#plain.isEmpty;
  }

  get hasShared(): boolean {
    return !this.#shared.isEmpty;
  }

  add(items: readonly CommitItem[]): void {
    for (const item of items) (isShared(item) ? this.#shared : this.#plain).together.push(item);
  }

  /** What must be decided again goes first: it is the oldest. */
  addFirst(items: readonly CommitItem[]): void {
    this.#shared.together.unshift(...items.filter(isShared));
    this.#plain.together.unshift(...items.filter(item => !isShared(item)));
  }

  /** Items of a commit of their own. */
  addAlone(items: CommitItem[]): void {
    (items.some(isShared) ? this.#shared : this.#plain).alone.push(items);
  }

  /** Take members out of what concerns several contexts. */
  takeGone(isGone: (item: CommitItem, position: number) => boolean): CommitItem[] {
    return this.#shared.takeGone(isGone);
  }

  /** What goes in the next commit. */
  takePlain(): CommitItem[] {
    return this.#plain.take();
  }

  takeShared(): CommitItem[] {
    return this.#shared.take();
  }

  /** Every list of what waits. */
  lists(): readonly (readonly CommitItem[])[] {
    return [this.#plain, this.#shared].flatMap(({ together, alone }) => [together, ...alone]);
  }
}

class Line {
  readonly together: CommitItem[] = [];
  readonly alone: CommitItem[][] = [];

  get isEmpty(): boolean {
    return this.together.length === 0 && this.alone.length === 0;
  }

  takeGone(isGone: (item: CommitItem, position: number) => boolean): CommitItem[] {
    const taken: CommitItem[] = [];
    for (const list of [this.together, ...this.alone]) {
      const { kept, gone } = parted(list, isGone);
      if (gone.length > 0) list.splice(0, list.length, ...kept);
      taken.push(...gone);
    }
    // Nobody builds a commit of nothing.
    this.alone.splice(0, this.alone.length, ...this.alone.filter(list => list.length > 0));
    return taken;
  }

  take(): CommitItem[] {
    const alone = this.alone.shift();
    if (alone !== undefined) return alone;
    let members = 0;
    let count = 0;
    while (
      count < this.together.length &&
      (count === 0 || members + this.together[count]!.positions.length <= commitMembersMax)
    ) {
      members += this.together[count]!.positions.length;
      count += 1;
    }
    return this.together.splice(0, count);
  }
}
