// Loops in which nothing is ever committed: they cannot be stopped, and run again from their beginning after each failure.

import { listNames, type Report } from './fault.js';
import type { Graph } from './graph.js';
import { isTriggerType } from './triggers.js';

/** Loops of a level after which the rest is not told: each may be as long as the level. */
const loopsMax = 1_000;

/**
 * Walks only the actions at which no transaction ends: depth first with a stack of its own; a flow to an action that is
 * being visited closes a loop.
 */
export function checkLoops(graph: Graph, report: Report): void {
  const state = graph.actions.map((action): 'new' | 'open' | 'done' => (endsTransactions(action) ? 'done' : 'new'));
  let loops = 0;
  for (let root = 0; root < graph.next.length; root++) {
    if (state[root] !== 'new') continue;
    const way = [{ place: root, tried: 0 }];
    state[root] = 'open';
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const flow = graph.next[step.place]![step.tried++];
      if (flow === undefined) {
        state[step.place] = 'done';
        way.pop();
      } else if (state[flow.to] === 'open') {
        if (++loops > loopsMax) return;
        const from = way.findIndex(({ place }) => place === flow.to);
        const loop = way.slice(from).map(({ place }) => place);
        reportLoop(graph, loop, flow.flow, report);
      } else if (state[flow.to] === 'new') {
        state[flow.to] = 'open';
        way.push({ place: flow.to, tried: 0 });
      }
    }
  }
}

/** Whether a transaction ends before or behind the action, so that a loop through it commits. */
function endsTransactions({ type, transactionBreak, join, mutex, monitor }: Graph['actions'][number]): boolean {
  const acts = type === 'forEach' || type === 'workflow' || type === 'cancel' || type === 'group' || type === 'end';
  const isBreak = type === 'null' || isTriggerType(type);
  return (
    transactionBreak === true || isBreak || join !== undefined || mutex !== undefined || monitor !== undefined || acts
  );
}

function reportLoop({ level, names }: Graph, loop: readonly number[], flow: number, report: Report): void {
  const around = listNames(
    [...loop, loop[0]!].map(place => names[place]!),
    ' -> ',
  );
  report(
    'FLOW_LOOP',
    [...level.path, 'flows', flow],
    `the flows lead back, ${around}, and no action of this loop is a transaction break; give one transactionBreak: true`,
  );
}
