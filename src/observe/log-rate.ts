// Bounds how fast log entries are written, so that a failure in a loop costs neither the disk nor the event loop.
//
// Time is cut in windows of a second. Within one, the same message passes `sameMessagePerSecond` times; the rest are
// counted, and when the window ends one entry with the count, the fields of the last of them, and `repeated` is written.
// Messages are constant texts (what varies is in the fields), so few are different; should somebody put data into them,
// no more than `differentMessagesMax` pass in a window and the others are counted together.

import type { Clock, Timer } from './clock.js';
import type { LogEntry } from './loggers.js';

const windowMs = 1_000;
const differentMessagesMax = 1_000;

interface Seen {
  count: number;
  last: LogEntry;
}

export class LogRate {
  readonly #write: (entry: LogEntry) => void;
  readonly #sameMessagePerSecond: number;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #otherCount = 0;
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
    const seen = this.#seen.get(entry.message);
    if (seen === undefined) {
      if (this.#seen.size >= differentMessagesMax) this.#holdBack(() => this.#otherCount++);
      else {
        this.#seen.set(entry.message, { count: 1, last: entry });
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
    for (const { count, last } of this.#seen.values()) {
      const repeated = count - this.#sameMessagePerSecond;
      if (repeated > 0) this.#write({ ...last, fields: { ...last.fields, repeated } });
    }
    if (this.#otherCount > 0) {
      const fields = { count: this.#otherCount };
      this.#write({ logger: 'system', level: 'warn', message: 'too many different log messages in a second', fields });
    }
    this.#seen.clear();
    this.#otherCount = 0;
  }
}
