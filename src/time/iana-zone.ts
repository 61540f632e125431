// IANA zones out of what Intl knows: the changes of an offset are searched once, block by block, and kept sorted.
//
// Intl takes about a microsecond to tell an offset, so nothing asks it twice. The search steps by six days:
// no zone leaves an offset and is back at it in less than a week (checked for all of them, from 1900 on).

import { dayMs } from './civil.js';
import type { Zone } from './zone.js';

const secondMs = 1_000;
const stepMs = 6 * dayMs;
/** Six days times 61: a year and a day, so that a block has two changes of daylight saving at most, nearly always. */
const blockMs = stepMs * 61;
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

  /** Where an offset was last looked up: from and until when it holds, as far as its block goes. Questions come in order. */
  #sinceMs = 0;
  #untilMs = 0;
  #offset = 0;

  /** @throws RangeError when Intl does not know the zone */
  constructor(timeZone: string) {
    // The shortest there is: a field of the time costs 0.5 us, and without any the whole date would be there.
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, minute: 'numeric', timeZoneName: 'longOffset' });
    this.name = this.#format.resolvedOptions().timeZone;
  }

  localOf(atMs: number): number {
    return atMs + this.#offsetAt(atMs);
  }

  instantsOf(localMs: number): readonly number[] {
    // No offset is larger than a day, and none changes twice in two.
    if (localMs - dayMs >= this.#sinceMs && localMs + dayMs < this.#untilMs) return [localMs - this.#offset];
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
    if (atMs >= this.#sinceMs && atMs < this.#untilMs) return this.#offset;
    const index = blockOf(atMs);
    const { changesMs, offsets } = this.#block(index);
    let count = 0;
    while (count < changesMs.length && changesMs[count]! <= atMs) count += 1;
    this.#sinceMs = count === 0 ? index * blockMs : changesMs[count - 1]!;
    this.#untilMs = count === changesMs.length ? (index + 1) * blockMs : changesMs[count]!;
    this.#offset = offsets[count]!;
    return this.#offset;
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
    // `30 GMT-05:00`, with seconds where there were some (`GMT-00:44:30`); some versions write a bare `GMT` for none.
    const text = this.#format.format(atMs);
    const [hours = 0, minutes = 0, seconds = 0] = text
      .slice(text.indexOf('GMT') + 4)
      .split(':')
      .map(Number);
    const offset = ((hours * 60 + minutes) * 60 + seconds) * secondMs;
    return text.includes('-') ? -offset : offset;
  }
}

function blockOf(atMs: number): number {
  return Math.min(Math.max(Math.floor(atMs / blockMs), firstBlock), lastBlock);
}
