// Log lines of user code, bounded: a thousand a second a thread, the rest is counted and the count logged.

import type { LogLine } from '../protocol.js';
import { storableText } from './error-as-data.js';

const linesPerSecondMax = 1_000;
const lineLengthMax = 4_096;

export class LogLines {
  #lines: LogLine[] = [];
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;
  #dropped = 0;

  get length(): number {
    return this.#lines.length;
  }

  /** @param nowMs `performance.now()` */
  add(line: LogLine, nowMs: number): void {
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    if (this.#inWindow === linesPerSecondMax) {
      this.#dropped += 1;
      return;
    }
    this.#inWindow += 1;
    this.#lines.push({ ...line, message: storableText(String(line.message), lineLengthMax) });
  }

  take(): LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    if (this.#dropped > 0 && lines.length > 0) {
      const message = `${this.#dropped} log lines were dropped: a thread may log ${linesPerSecondMax} a second`;
      lines.push({ level: 'warn', message, instance: '' });
      this.#dropped = 0;
    }
    return lines;
  }
}
