// IANA zones out of what Intl knows: the changes of an offset are searched once, block by block, and kept sorted.
//
// Intl takes about two microseconds to say what a clock shows, so nothing asks it twice. The search steps by three days:
// no zone since 1900 left an offset and came back to it faster (checked for all of them).

import type { Zone } from './zone.js';

const secondMs = 1_000;
const dayMs = 86_400_000;
const stepMs = 3 * dayMs;
/** Three days times 122: a year and a day, so that a block has two changes of daylight saving at most, nearly always. */
const blockMs = stepMs * 122;
/** Blocks from 1900 to 3099; outside, the offsets of the outermost ones hold. */
const firstBlock = Math.floor(Date.UTC(1900, 0) / blockMs);
const lastBlock = Math.floor(Date.UTC(3100, 0) / blockMs) - 1;
/** From here on, zones follow yearly rules or none: two blocks without a change are followed by no other. */
const settledBlock = Math.floor(Date.UTC(2090, 0) / blockMs);

/** `changesMs[i]` is when `offsets[i + 1]` begins to hold; `offsets[0]` holds at the start of the block. */
interface Block {
  readonly changesMs: readonly number[];
  readonly offsets: readonly number[];
}

/** A zone as Intl's formatter for it. */
export class IanaZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #blocks = new Array<Block | undefined>(lastBlock - firstBlock + 1);

  /** @throws RangeError when Intl does not know the zone */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.name = this.#format.resolvedOptions().timeZone;
  }

  localOf(atMs: number): number {
    return atMs + this.#offsetAt(atMs);
  }

  instantsOf(localMs: number): readonly number[] {
    // No offset is larger than a day, and none changes twice in two.
    const before = this.#offsetAt(localMs - dayMs);
    const after = this.#offsetAt(localMs + dayMs);
    if (before === after) return [localMs - before];
    const instants = [localMs - Math.max(before, after), localMs - Math.min(before, after)];
    return instants.filter(atMs => this.localOf(atMs) === localMs);
  }

  nextChange(atMs: number): number | undefined {
    const start = blockOf(atMs);
    let still = 0;
    for (let index = start; index <= lastBlock; index += 1) {
      const { changesMs } = this.#block(index);
      for (const changeMs of changesMs) if (changeMs > atMs) return changeMs;
      still = changesMs.length === 0 && index >= settledBlock ? still + 1 : 0;
      if (still === 2) return undefined;
    }
    return undefined;
  }

  #offsetAt(atMs: number): number {
    const { changesMs, offsets } = this.#block(blockOf(atMs));
    let count = 0;
    while (count < changesMs.length && changesMs[count]! <= atMs) count += 1;
    return offsets[count]!;
  }

  #block(index: number): Block {
    const known = this.#blocks[index - firstBlock];
    if (known !== undefined) return known;
    const searched = this.#searchBlock(index * blockMs);
    this.#blocks[index - firstBlock] = searched;
    return searched;
  }

  #searchBlock(startMs: number): Block {
    const changesMs: number[] = [];
    const offsets = [this.#askOffset(startMs)];
    for (let fromMs = startMs; fromMs < startMs + blockMs; fromMs += stepMs) {
      // A change at the very start of the next block belongs to it: that is the offset it begins with.
      const toMs = Math.min(fromMs + stepMs, startMs + blockMs - secondMs);
      const offset = this.#askOffset(toMs);
      let sinceMs = fromMs;
      while (offsets.at(-1) !== offset) {
        sinceMs = this.#searchChange(sinceMs, toMs, offsets.at(-1)!);
        changesMs.push(sinceMs);
        offsets.push(this.#askOffset(sinceMs));
      }
    }
    return { changesMs, offsets };
  }

  /** The first second after `fromMs` at which the offset is not `offset`; at `toMs` it is not. */
  #searchChange(fromMs: number, toMs: number, offset: number): number {
    let same = fromMs / secondMs;
    let other = toMs / secondMs;
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2);
      if (this.#askOffset(middle * secondMs) === offset) same = middle;
      else other = middle;
    }
    return other * secondMs;
  }

  #askOffset(atMs: number): number {
    const [month, day, year, hour, minute, second] = this.#format.format(atMs).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - atMs;
  }
}

function blockOf(atMs: number): number {
  return Math.min(Math.max(Math.floor(atMs / blockMs), firstBlock), lastBlock);
}
