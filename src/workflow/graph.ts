// The graph of a definition's flows: targets that exist, one way on from each action that is always taken, no loop that
// could never be stopped, nothing left over. What is wrong with a flow by itself: `flow-checks.ts`.
//
// Splits are part of the model and will be executed later; this version refuses them by name rather than running half of
// them. Whether several conditions hold at once is known when they are looked at, not here.

import { isPlainObject } from './conform.js';
import { nearest, type Path, quote, type Report } from './fault.js';
import { checkFlow } from './flow-checks.js';

/** Unknown targets that get a suggestion: comparing names is the one thing here that costs more than linear time. */
const suggestionsMax = 20;

interface Graph {
  readonly names: readonly string[];
  readonly isBreak: readonly boolean[];
  /** For each place the flows that lead out of it. */
  readonly next: readonly GraphFlow[][];
  readonly starts: readonly number[];
}

interface GraphFlow {
  readonly to: number;
  /** Its index in the definition. */
  readonly flow: number;
  /** Of which each action can have one; `null` for conditional flows. */
  readonly kind: 'always' | 'else' | 'error' | 'timeout' | null;
}

/**
 * Reports what is wrong with the flows among `actions`.
 *
 * @param places place of each action by name
 */
export function checkGraph(
  actions: readonly unknown[],
  flows: unknown,
  places: ReadonlyMap<string, number>,
  report: Report,
): void {
  const graph = readGraph(actions);
  // Every place has a name of its own and every flow an end; otherwise what cannot be reached is only a consequence.
  const isWhole = readFlows(actions, flows, graph, places, report) && places.size === actions.length;
  checkSplits(graph, report);
  checkLoops(graph, report);
  if (isWhole) checkReach(graph, report);
}

function readGraph(actions: readonly unknown[]): Graph {
  const objects = actions.map(action => (isPlainObject(action) ? action : {}));
  const marked = objects.flatMap((action, place) => (action.start === true ? [place] : []));
  return {
    names: objects.map(action => (typeof action.name === 'string' ? action.name : '?')),
    isBreak: objects.map(action => action.transactionBreak === true || action.type === 'null'),
    next: objects.map(() => []),
    starts: marked.length > 0 ? marked : actions.length > 0 ? [0] : [],
  };
}

/** Fills `graph.next`; whether every flow leads from an action to an action. */
function readFlows(
  actions: readonly unknown[],
  flows: unknown,
  graph: Graph,
  places: ReadonlyMap<string, number>,
  report: Report,
): boolean {
  if (!Array.isArray(flows)) return false;
  let suggestions = 0;
  let isWhole = true;
  const placeOf = (name: unknown, path: Path): number | null => {
    const place = typeof name === 'string' ? places.get(name) : undefined;
    if (place !== undefined) return place;
    isWhole = false;
    if (typeof name === 'string') {
      const near = suggestions++ < suggestionsMax ? nearest(name, places.keys()) : null;
      const advice = near === null ? '' : `; did you mean ${quote(near)}?`;
      report('FLOW_TARGET_UNKNOWN', path, `no action is named ${quote(name)}${advice}`);
    }
    return null;
  };
  flows.forEach((written: unknown, index) => {
    const flow = isPlainObject(written) ? written : {};
    const from = placeOf(flow.from, ['flows', index, 'from']);
    const to = placeOf(flow.to, ['flows', index, 'to']);
    checkFlow(flow, from === null ? null : actions[from], ['flows', index], report);
    if (from !== null && to !== null) graph.next[from]!.push({ to, flow: index, kind: kindOf(flow) });
  });
  return isWhole;
}

function kindOf({ kind, condition }: { readonly [key: string]: unknown }): GraphFlow['kind'] {
  if (kind === 'else' || kind === 'error' || kind === 'timeout') return kind;
  return condition === undefined ? 'always' : null;
}

function checkSplits({ names, next, starts }: Graph, report: Report): void {
  const later = 'a split is not yet executed by this version';
  next.forEach((flows, place) => {
    const targets = (kind: GraphFlow['kind']) =>
      listNames(flows.filter(flow => flow.kind === kind).map(flow => names[flow.to]!));
    const from = quote(names[place]!);
    const second = secondOf(flows, 'always');
    if (second !== undefined) {
      const message = `several flows lead out of ${from}, to ${targets('always')}; ${later}`;
      report('FLOW_SPLIT', ['flows', second.flow], message);
    }
    for (const kind of ['else', 'error', 'timeout'] as const) {
      const other = secondOf(flows, kind);
      if (other === undefined) continue;
      const message = `several ${kind} flows lead out of ${from}, to ${targets(kind)}; an action can have one`;
      report('FLOW_DUPLICATE', ['flows', other.flow], message);
    }
  });
  if (starts.length > 1) {
    const list = listNames(starts.map(place => names[place]!));
    report('FLOW_SPLIT', ['actions', starts[1]!, 'start'], `several actions are marked as start, ${list}; ${later}`);
  }
}

function secondOf(flows: readonly GraphFlow[], kind: GraphFlow['kind']): GraphFlow | undefined {
  return flows.filter(flow => flow.kind === kind)[1];
}

/**
 * A loop in which nothing is ever committed cannot be stopped, and runs again from its beginning after each failure. So
 * only the actions that are no breaks are walked: depth first with a stack of its own; a flow to an action that is being
 * visited closes a loop.
 */
function checkLoops(graph: Graph, report: Report): void {
  const state = graph.isBreak.map((isBreak): 'new' | 'open' | 'done' => (isBreak ? 'done' : 'new'));
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

function reportLoop({ names }: Graph, loop: readonly number[], flow: number, report: Report): void {
  const around = listNames(
    [...loop, loop[0]!].map(place => names[place]!),
    ' -> ',
  );
  report(
    'FLOW_LOOP',
    ['flows', flow],
    `the flows lead back, ${around}, and no action of this loop is a transaction break; give one transactionBreak: true`,
  );
}

function checkReach({ names, next, starts }: Graph, report: Report): void {
  const reached = new Set(starts);
  for (const place of reached) for (const flow of next[place]!) reached.add(flow.to);
  names.forEach((name, place) => {
    if (!reached.has(place)) report('ACTION_UNREACHABLE', ['actions', place], `no flow leads to ${quote(name)}`, 'key');
  });
}

/** Names in quotes, at most six: a loop of a thousand actions is told by its ends. */
function listNames(names: readonly string[], separator = ', '): string {
  const shown = names.length <= 6 ? names : [...names.slice(0, 3), '…', ...names.slice(-2)];
  return shown.map(name => (name === '…' ? name : quote(name))).join(separator);
}
