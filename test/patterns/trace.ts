// What a pattern's workflow must do, as it is written beside it: `NN-name.trace.yaml`. And whether it did.
//
//   input    of the instance; default {}
//   steps    what the test does meanwhile, one after the other:
//              began / ended: NAMES     wait until these have begun, or ended
//              opens: NAMES             each lets one run of a held action go on, the longest held first
//              over: true               wait until the instance is over
//              remove: true             an operator removes the instance
//   ran      the actions that ran, and how often: all of them, no other ran
//   holds    sentences about runs, each `NAMES before | ends before | beside | never beside NAMES`:
//              before        ended before the other began
//              ends before   ended before the other did, or while the other still runs
//              beside        both were running at one moment
//              never beside  were never both running
//   order    the runs in the order in which they began, none beside another
//   result   of the instance
//   state    default finished
//
// NAMES: names of actions, with a comma between. In a for-each `each/copy[2]` is the copy of the third item; `a#2` is the
// second run of `a`; without either all runs of the action are meant.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/workflow/model.js';

export type TraceStep =
  | { readonly kind: 'began' | 'ended' | 'opens'; readonly names: readonly string[] }
  | { readonly kind: 'over' | 'remove' };

export interface Trace {
  readonly input: JsonObject;
  readonly steps: readonly TraceStep[];
  readonly ran: { readonly [action: string]: number };
  readonly holds: readonly string[];
  readonly order: readonly string[] | null;
  readonly result: Json | undefined;
  readonly state: 'finished' | 'failed' | 'removed';
}

/** A run of an action. Moments are counted: what happened first has the lower number. */
export interface Run {
  readonly action: string;
  readonly label: string;
  readonly began: number;
  /** `null`: it has not ended. */
  readonly ended: number | null;
}

const keys = ['input', 'steps', 'ran', 'holds', 'order', 'result', 'state'];

export function readTrace(file: string): Trace {
  const written = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  for (const key of Object.keys(written)) if (!keys.includes(key)) throw new Error(`${file}: unknown key "${key}"`);
  if (typeof written.ran !== 'object' || written.ran === null) throw new Error(`${file}: says not what ran`);
  return {
    input: (written.input ?? {}) as JsonObject,
    steps: ((written.steps ?? []) as Record<string, unknown>[]).map(step => readStep(step, file)),
    ran: written.ran as Trace['ran'],
    holds: (written.holds ?? []) as string[],
    order: written.order === undefined ? null : namesIn(String(written.order)),
    result: written.result as Json | undefined,
    state: (written.state ?? 'finished') as Trace['state'],
  };
}

function readStep(step: Record<string, unknown>, file: string): TraceStep {
  const [[kind, value], ...more] = Object.entries(step) as [[string, unknown], ...unknown[]];
  if (more.length === 0) {
    if (kind === 'began' || kind === 'ended' || kind === 'opens') return { kind, names: namesIn(String(value)) };
    if (kind === 'over' || kind === 'remove') return { kind };
  }
  throw new Error(`${file}: no step is ${JSON.stringify(step)}`);
}

function namesIn(text: string): string[] {
  return text.split(',').map(name => name.trim());
}

/** Runs that a name of a trace means. */
export function runsOf(name: string, runs: readonly Run[]): Run[] {
  const [, base, nth] = /^(.*?)(?:#(\d+))?$/.exec(name)!;
  const found = runs.filter(({ action, label }) => action === base || label === base);
  return nth === undefined ? found : found.slice(Number(nth) - 1, Number(nth));
}

/** What of a trace does not hold. None: all does. */
export function faultsIn({ ran, holds, order }: Trace, runs: readonly Run[]): string[] {
  const counts: Record<string, number> = {};
  for (const { action } of runs) counts[action] = (counts[action] ?? 0) + 1;
  const faults = [...new Set([...Object.keys(ran), ...Object.keys(counts)])]
    .filter(action => (ran[action] ?? 0) !== (counts[action] ?? 0))
    .map(action => `${action} ran ${counts[action] ?? 0} times, not ${ran[action] ?? 0}`);
  for (const sentence of holds) if (!isTrue(sentence, runs)) faults.push(`it does not hold that ${sentence}`);
  if (order !== null) {
    const found = [...runs].sort((a, b) => a.began - b.began);
    const labels = found.map(({ action, label }, at) => (order[at] === action ? action : label));
    if (labels.join() !== order.join()) faults.push(`the order was ${labels.join(', ')}`);
    if (found.some((run, at) => at > 0 && !isBefore(found[at - 1]!, run))) faults.push('runs were beside each other');
  }
  return faults;
}

const relations: Readonly<Record<string, (one: Run, other: Run) => boolean>> = {
  before: isBefore,
  'ends before': (one, other) => one.ended !== null && (other.ended === null || one.ended < other.ended),
  beside: (one, other) => !isBefore(one, other) && !isBefore(other, one),
  'never beside': (one, other) => one === other || isBefore(one, other) || isBefore(other, one),
};

/** Whether it holds for each run on the left with each on the right, of which there are some. */
function isTrue(sentence: string, runs: readonly Run[]): boolean {
  const [, left, relation, right] = /^(.+?) (ends before|before|never beside|beside) (.+)$/.exec(sentence) ?? [];
  if (relation === undefined) throw new Error(`"${sentence}" is no sentence of a trace`);
  const [ones, others] = [left!, right!].map(names =>
    namesIn(names).map(name => {
      const found = runsOf(name, runs);
      return found.length > 0 ? found : null;
    }),
  );
  if ([...ones!, ...others!].includes(null)) return false;
  return ones!.flat().every(one => others!.flat().every(other => relations[relation]!(one!, other!)));
}

function isBefore(one: Run, other: Run): boolean {
  return one.ended !== null && one.ended < other.began;
}
