// A log file that is rotated by size: `name` is written, `name.1` is the youngest of those kept, `name.<n>` the oldest.
//
// Lines are gathered and written together with one system call, at the latest after 50 ms. The call is synchronous: it
// goes to the page cache (some 20 us for 64 kB), lines stay in order, nothing is in flight when the process exits, and
// memory is bounded without a rule for what to drop.
//
// Invariants:
//   R1. A line is in one file, whole. No file exceeds `rotationBytes`, except by a single line that is larger.
//   R2. Others may add lines to the file (the watchdog, from its thread) or rotate it (another process): it is opened for
//       appending, and only whoever still has the current file renames it.

import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Timer } from './clock.js';

const waitMs = 50;
const gatheredBytesMax = 64 * 1_024;

export interface RotatingFileOptions {
  readonly path: string;
  readonly rotationBytes: number;
  /** How many rotated files are kept. */
  readonly rotations: number;
  readonly clock: Clock;
  /** Lines were lost. Called for the first failure, and again only after a success. */
  readonly failed: (error: unknown) => void;
}

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #descriptor: number | null = null;
  #sizeBytes = 0;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #timer: Timer | null = null;
  #isFailing = false;
  #isClosed = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true });
    this.#open();
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#isClosed) return;
    const bytes = Buffer.from(line);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= gatheredBytesMax) this.flush();
    else this.#timer ??= this.#options.clock.setTimer(waitMs, () => this.flush()).unref();
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const lines = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    try {
      this.#writeAll(lines);
      if (lines.length > 0) this.#isFailing = false;
    } catch (error) {
      // A log that cannot be written must not stop the work it tells of; the lines are gone, and somebody is told once.
      if (!this.#isFailing) this.#options.failed(error);
      this.#isFailing = true;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#shut();
  }

  #writeAll(lines: readonly Buffer[]): void {
    // R2: somebody else may have added to it.
    if (this.#descriptor !== null) this.#sizeBytes = fstatSync(this.#descriptor).size;
    let first = 0;
    while (first < lines.length) {
      let next = first;
      let bytes = 0;
      while (next < lines.length && this.#fits(bytes + lines[next]!.length)) bytes += lines[next++]!.length;
      if (next === first) {
        if (this.#sizeBytes > 0) {
          this.#rotate();
          continue;
        }
        next = first + 1; // R1: a line larger than a file has one to itself
      }
      this.#append(Buffer.concat(lines.slice(first, next)));
      first = next;
    }
  }

  #fits(moreBytes: number): boolean {
    return this.#sizeBytes + moreBytes <= this.#options.rotationBytes;
  }

  #append(bytes: Buffer): void {
    const descriptor = this.#descriptor ?? this.#open();
    for (let written = 0; written < bytes.length; ) {
      const count = writeSync(descriptor, bytes, written);
      written += count;
      this.#sizeBytes += count;
    }
  }

  #rotate(): void {
    const { path, rotations } = this.#options;
    if (this.#isCurrent()) {
      for (let number = rotations; number >= 1; number--) {
        renameIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
      }
    }
    this.#shut();
    this.#open();
  }

  /** False when somebody else has rotated the file since it was opened (R2). */
  #isCurrent(): boolean {
    if (this.#descriptor === null) return true;
    const there = statSync(this.#options.path, { throwIfNoEntry: false });
    return there !== undefined && there.ino === fstatSync(this.#descriptor).ino;
  }

  #open(): number {
    const descriptor = openSync(this.#options.path, 'a', 0o640);
    this.#descriptor = descriptor;
    this.#sizeBytes = fstatSync(descriptor).size;
    return descriptor;
  }

  #shut(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#sizeBytes = 0;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // The first rotations find no older files.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
