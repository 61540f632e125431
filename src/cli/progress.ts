// Progress of many instances, on standard error: a bar on a terminal, a line every few seconds otherwise.

import type { Clock } from '../observe/clock.js';
import { counted, figure } from './output.js';

export interface ProgressState {
  /** How many there will be; `null` when that is not known. */
  readonly total: number | null;
  readonly submitted: number;
  readonly ended: number;
  readonly failed: number;
  /** Failed attempts that wait for their next. */
  readonly retrying: number;
}

const barMs = 100;
const lineMs = 3_000;
const barWidth = 30;

/** A state in words, after so many seconds. */
type Words = (state: ProgressState, seconds: number) => string;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #isQuiet: boolean;
  readonly #words: Words;
  readonly #startedMs: number;
  #shownMs: number;
  #hasBar = false;

  constructor(stream: NodeJS.WriteStream, clock: Clock, isQuiet: boolean, words: Words = wordsOfRun) {
    this.#stream = stream;
    this.#clock = clock;
    this.#isQuiet = isQuiet;
    this.#words = words;
    this.#startedMs = clock.monotonicMs();
    // A run that is over at once shows none.
    this.#shownMs = this.#startedMs;
  }

  show(state: ProgressState): void {
    if (this.#isQuiet) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownMs < (this.#stream.isTTY ? barMs : lineMs)) return;
    this.#shownMs = nowMs;
    const words = this.#words(state, (nowMs - this.#startedMs) / 1_000);
    if (!this.#stream.isTTY) {
      this.#stream.write(`${words}\n`);
      return;
    }
    const line = state.total === null ? words : `${barOf(state, state.total)} ${words}`;
    // Back to the line's start, the new text, and away with what is left of the old.
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns || 80) - 1)}\u001b[K`);
    this.#hasBar = true;
  }

  /** Take the bar away, before something else is printed. */
  clear(): void {
    if (this.#hasBar) this.#stream.write('\r\u001b[K');
    this.#hasBar = false;
  }
}

function wordsOfRun({ total, submitted, ended, failed, retrying }: ProgressState, seconds: number): string {
  const words = [`${figure(ended)} of ${counted(total ?? submitted, 'instance')} ended`];
  words.push(`${figure(ended / Math.max(seconds, 0.001))} a second`);
  if (submitted !== total) words.push(`${figure(submitted)} submitted`);
  if (failed > 0) words.push(`${figure(failed)} failed`);
  if (retrying > 0) words.push(`${figure(retrying)} waiting to retry`);
  return words.join(', ');
}

/** Ended, submitted, still to come. */
function barOf({ submitted, ended }: ProgressState, total: number): string {
  const cells = (count: number): number =>
    total === 0 ? barWidth : Math.min(barWidth, Math.floor((count / total) * barWidth));
  const full = cells(ended);
  const half = Math.max(0, cells(submitted) - full);
  return `${'█'.repeat(full)}${'▒'.repeat(half)}${'░'.repeat(barWidth - full - half)}`;
}
