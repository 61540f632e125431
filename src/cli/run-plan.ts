// What a run of one or of many instances is given, and what they say in common.

import type { Engine } from '../engine/engine.js';
import { dataHint } from './data-option.js';
import type { InputRecords } from './input-records.js';
import type { Interrupt } from './interrupt.js';

export interface Run {
  readonly engine: Engine;
  /** Resolves when the engine has started. */
  readonly started: Promise<void>;
  readonly workflow: string;
  readonly version: number;
  readonly input: InputRecords;
  /** How many instances; `null`: as many as the input has. */
  readonly total: number | null;
  readonly interrupt: Interrupt;
  readonly file: string;
  /** The data folder as it was given. */
  readonly data: string;
  readonly asJson: boolean;
  readonly isQuiet: boolean;
}

/** What became of what is left, for the end of a run that was stopped. */
export function whatStays({ file, data }: Run, what: string): string {
  if (data === 'memory') return `${what} not run: the store was in memory, and is gone`;
  return (
    `${what} ready in ${data}: the next run on this folder goes on from there, or\n` +
    `  millrace run ${file} --count 0${dataHint(data)}    which submits nothing new`
  );
}

/** How to look at instances that failed. */
export function howToLook({ data }: Run, ids: readonly string[]): string {
  if (data === 'memory') return 'the store was in memory; run with --data FOLDER to keep what failed';
  const hint = dataHint(data);
  return ids.map(id => `  millrace show ${id}${hint}`).join('\n');
}
