// The first files of however many, in an order: no more than twice as many are held as are wanted.

import { ActionFault } from '../dispatch/action.js';

export interface FoundFile {
  readonly path: string;
  /** `null`: not known, and not needed for the order. */
  readonly size: number | null;
  readonly modifiedMs: number | null;
}

export type FileOrder = 'name' | 'modified' | 'size';

export class FirstFiles {
  /** Of all that were added. */
  count = 0;
  readonly #max: number;
  readonly #compare: (left: FoundFile, right: FoundFile) => number;
  #held: FoundFile[] = [];

  constructor(max: number, order: FileOrder, isDescending: boolean) {
    this.#max = max;
    const sign = isDescending ? -1 : 1;
    this.#compare = (left, right) => sign * (byOrder(order, left, right) || byPath(left, right));
  }

  add(file: FoundFile): void {
    this.count += 1;
    this.#held.push(file);
    if (this.#held.length >= this.#max * 2) this.#held = this.files();
  }

  /** In order. */
  files(): FoundFile[] {
    return this.#held.sort(this.#compare).slice(0, this.#max);
  }
}

function byOrder(order: FileOrder, left: FoundFile, right: FoundFile): number {
  switch (order) {
    case 'name':
      return 0;
    case 'modified':
      return known(left.modifiedMs) - known(right.modifiedMs);
    case 'size':
      return known(left.size) - known(right.size);
  }
}

function known(value: number | null): number {
  if (value === null) throw new ActionFault('ActionFailed', 'a file was ordered by what is not known of it');
  return value;
}

/** By code units, the same everywhere. */
function byPath({ path: left }: FoundFile, { path: right }: FoundFile): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
