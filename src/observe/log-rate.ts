// Bounds how fast log entries are written, so that a failure in a loop costs neither the disk nor the event loop.
//
// Time is cut in windows of a second. Within one, the same message passes `sameMessagePerSecond` times; the rest are
// counted, and when the window ends one entry with the count, the fields of the last of them, and `repeated` is written.
// The engine's messages are constant texts (what varies is in the fields), so few are different. Actions put data into
// theirs: no more than `differentMessagesMax` pass in a window and the others are counted together. The two are counted
// apart, so that whatever actions log, the engine's own words are written.

import type { Clock, Timer } from './clock.js';
import type { LogEntry, LogFields } from './loggers.js';

const windowMs = 1_000;
const differentMessagesMax = 1_000;

/** A field of what actions log: its text is anybody's. */
export const ofActions = { source: 'action' } as const;

interface Seen {
  count: number;
  last: LogEntry;
}

/** What was seen in this window. */
interface Tally {
  readonly byMessage: Map<string, Seen>;
  /** Those past `differentMessagesMax`. */
  otherCount: number;
  /** Fields of the entry that tells of those. */
  readonly fields: LogFields;
}

export class LogRate {
  readonly #write: (entry: LogEntry) => void;
  readonly #sameMessagePerSecond: number;
  readonly #clock: Clock;
  readonly #ofEngine: Tally = { byMessage: new Map(), otherCount: 0, fields: {} };
  readonly #ofActions: Tally = { byMessage: new Map(), otherCount: 0, fields: ofActions };
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(write: (entry: LogEntry) => void, options: { sameMessagePerSecond: number; clock: Clock }) {
    this.#write = write;
    this.#sameMessagePerSecond = options.sameMessagePerSecond;
    this.#clock = options.clock;
  }

  write(entry: LogEntry): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#windowEndsMs) {
      this.#endWindow();
      this.#windowEndsMs = nowMs + windowMs;
    }
    const tally = entry.fields.source === ofActions.source ? this.#ofActions : this.#ofEngine;
    const seen = tally.byMessage.get(entry.message);
    if (seen === undefined) {
      if (tally.byMessage.size >= differentMessagesMax) this.#holdBack(() => tally.otherCount++);
      else {
        tally.byMessage.set(entry.message, { count: 1, last: entry });
        this.#write(entry);
      }
    } else if (++seen.count <= this.#sameMessagePerSecond) this.#write(entry);
    else this.#holdBack(() => (seen.last = entry));
  }

  /** Write the counts; nothing is written afterwards. */
  close(): void {
    this.#endWindow();
    this.#isClosed = true;
  }

  /** Remember by a timer too: the last entry of a burst may be the last for hours. */
  #holdBack(remember: () => void): void {
    remember();
    this.#timer ??= this.#clock
      .setTimer(this.#windowEndsMs - this.#clock.monotonicMs(), () => this.#endWindow())
      .unref();
  }

  #endWindow(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const tally of [this.#ofEngine, this.#ofActions]) this.#writeCounts(tally);
  }

  #writeCounts(tally: Tally): void {
    for (const { count, last } of tally.byMessage.values()) {
      const repeated = count - this.#sameMessagePerSecond;
      if (repeated > 0) this.#write({ ...last, fields: { ...last.fields, repeated } });
    }
    if (tally.otherCount > 0) {
      const fields = { count: tally.otherCount, ...tally.fields };
      this.#write({ logger: 'system', level: 'warn', message: 'too many different log messages in a second', fields });
    }
    tally.byMessage.clear();
    tally.otherCount = 0;
  }
}
