// Log lines of user code, bounded: a thousand a second a thread, the rest is counted and the count logged.

import type { LogLine } from '../protocol.js';
import { storableText } from './error-as-data.js';
import { RateLimit } from './rate-limit.js';

const lineLengthMax = 4_096;

export class LogLines {
  readonly #limit = new RateLimit(1_000);
  #lines: LogLine[] = [];

  get length(): number {
    return this.#lines.length;
  }

  /** @param nowMs `performance.now()` */
  add(line: LogLine, nowMs: number): void {
    if (!this.#limit.allows(nowMs)) return;
    this.#lines.push({ ...line, message: storableText(String(line.message), lineLengthMax) });
  }

  /** Not when none wait: what was dropped is said beside others. */
  take(): LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    const dropped = this.#limit.takeDropped();
    if (dropped > 0) {
      const message = `${dropped} log lines were dropped: a thread may log ${this.#limit.perSecondMax} a second`;
      lines.push({ level: 'warn', message, instance: '' });
    }
    return lines;
  }
}
