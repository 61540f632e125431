// Standard output of a command, and words for figures.
//
// A console action prints on the standard output of this process. When a program reads our answer there (`--json`),
// what actions print goes to standard error instead: see `keepOutputForAnswer`.

import { exitCodes } from './exit.js';

const write = process.stdout.write.bind(process.stdout);

/** A command that only reads ends; its exit code stays its own when nothing but its messages are lost. */
let readerLeft = (stream: 'stdout' | 'stderr'): void => {
  if (stream === 'stdout') process.exit(exitCodes.done);
};

/** What to do instead when whoever reads our output has left, perhaps more than once. */
export function whenReaderLeaves(act: () => void): void {
  readerLeft = act;
}

/** A reader that leaves early (`millrace audit | head`) is no fault: without this it would be an uncaught exception. */
export function watchReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') readerLeft('stdout');
    else process.exit(exitCodes.failed);
  });
  // Where it could be said that messages are lost, they are lost.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') readerLeft('stderr');
  });
}

/** Print the command's answer. */
export function print(text: string): void {
  write(`${text}\n`);
}

/** As `print`; resolves when the reader has taken it, so that a long answer does not pile up in memory. */
export function printSlowly(text: string): Promise<void> {
  return new Promise(resolve => {
    if (write(`${text}\n`)) resolve();
    else process.stdout.once('drain', () => resolve());
  });
}

/** For people: hints, progress, faults. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** From now on whatever else writes to standard output writes to standard error. */
export function keepOutputForAnswer(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
}

export function figure(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 instance`, `2,000 instances`. */
export function counted(value: number, noun: string): string {
  return `${figure(value)} ${noun}${value === 1 ? '' : 's'}`;
}

export function seconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

export function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : figure(value);
}

export function bytes(value: number): string {
  return value < 1e6 ? `${figure(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** One line that is safe on a terminal: what instances carry may hold anything. */
export function printable(text: string, lengthMax = Number.POSITIVE_INFINITY): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    found => `\\u${found.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/** Rows as aligned text; columns that hold nothing but numbers are aligned to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, (row[column] ?? '').length), name.length),
  );
  const isNumber = header.map((_, column) => rows.length > 0 && rows.every(row => /^[\d.,]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}
