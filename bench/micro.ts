// The `micro` scenario: single parts of an instance's way, each by itself, with tinybench.
//
// Add a part when it exists: one entry of `parts`, one function that does the work once. Figures are nanoseconds a
// call; they say where microseconds can be, not how fast the engine is.

import path from 'node:path';
import { Bench } from 'tinybench';
import { transition } from '../src/flow/transition.js';
import type { WorkflowDefinition } from '../src/workflow/model.js';
import { compilePlan, END } from '../src/workflow/plan.js';
import { actionPath, loadActions, loadFilms } from './records.js';

/** One part's figures. */
export interface MicroFigure {
  readonly name: string;
  readonly perSecond: number;
  readonly meanNs: number;
  readonly p99Ns: number;
}

const definition: WorkflowDefinition = {
  name: '/bench/score',
  module: actionPath,
  actions: [{ name: 'score', type: 'call', function: 'score' }],
  flows: [],
};

/** @param timeMs how long each part is run; 3,000 repeats within some 3 %, 500 within 10 % */
export async function runMicro(timeMs: number): Promise<MicroFigure[]> {
  const bench = new Bench({ time: timeMs, warmupTime: Math.min(timeMs, 250) });
  for (const [name, part] of Object.entries(await makeParts())) bench.add(name, part);
  await bench.run();
  return bench.tasks.map(task => {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`micro: "${task.name}" did not run`);
    const { mean, p99 } = result.latency; // milliseconds
    return { name: task.name, perSecond: 1_000 / mean, meanNs: mean * 1e6, p99Ns: p99 * 1e6 };
  });
}

async function makeParts(): Promise<Record<string, () => unknown>> {
  const { score } = await loadActions();
  const films = loadFilms().slice(0, 256);
  const film = films[0]!;
  const filmText = JSON.stringify(film);
  const batch = films.map(each => JSON.stringify(each));
  const plan = compilePlan(definition, path.dirname(actionPath));
  const context = { place: 0, transaction: 0, attempt: 0, kills: 0 };
  const requests = { pause: false, remove: false, interrupt: false, expedite: false };
  return {
    'action: score of a film': () => score(film),
    'JSON.stringify of a film': () => JSON.stringify(film),
    'JSON.parse of a film': () => JSON.parse(filmText) as unknown,
    'Buffer of 256 film texts': () => Buffer.from(batch.join(',')),
    'structuredClone of a film': () => structuredClone(film),
    'compilePlan, one action': () => compilePlan(definition, '/bench'),
    'transition: completed': () => transition(plan, context, { kind: 'completed', reached: END }, requests, 0),
    'transition: failed, retried': () =>
      transition(plan, context, { kind: 'failed', place: 0, killed: false }, requests, 0),
  };
}
