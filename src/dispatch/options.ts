// The dispatcher's options resolved: defaults filled, relations checked.

import { availableParallelism } from 'node:os';
import { EngineError } from '../observe/errors.js';
import type { DispatcherOptions } from './contract.js';

export const defaultDispatcherOptions: DispatcherOptions = {
  threads: Math.max(2, availableParallelism() - 1),
  concurrency: 100,
  waitingMs: 25,
  graceMs: 1_000,
  blockedMs: 30_000,
  heapMb: 256,
  resultBytesMax: 1_048_576,
  scripts: null,
  sql: false,
  programs: false,
};

/** `scripts` are checked where they are given, among the engine's options. */
type Bounded = Exclude<keyof DispatcherOptions, 'scripts' | 'sql' | 'programs'>;

const minimum: Readonly<Record<Bounded, number>> = {
  threads: 1,
  concurrency: 1,
  waitingMs: 1,
  graceMs: 1,
  blockedMs: 100,
  heapMb: 16,
  resultBytesMax: 1,
};

/** @throws {EngineError} `OPTION_INVALID`, naming the option and its value */
export function resolveDispatcherOptions(given: Partial<DispatcherOptions>): DispatcherOptions {
  const options = { ...defaultDispatcherOptions, ...given };
  for (const name of Object.keys(minimum) as Bounded[]) {
    const value = options[name];
    if (!Number.isFinite(value) || value < minimum[name]) {
      throw new EngineError('OPTION_INVALID', `${name} is ${value}; it must be a number of at least ${minimum[name]}`);
    }
  }
  for (const name of ['threads', 'concurrency'] as const) {
    if (!Number.isInteger(options[name])) {
      throw new EngineError('OPTION_INVALID', `${name} is ${options[name]}; it must be a whole number`);
    }
  }
  return Object.freeze(options);
}
