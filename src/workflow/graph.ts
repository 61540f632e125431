// The graph of a level's flows: targets that exist, one flow of a kind that is taken alone, no flow that is never taken,
// nothing left over. What is wrong with a flow by itself: `flow-checks.ts`; loops: `loops.ts`; joins: `join-checks.ts`.

import { isPlainObject } from './conform.js';
import { listNames, nearest, type Path, quote, type Report } from './fault.js';
import { checkFlow } from './flow-checks.js';
import { checkJoins, checkJoinTexts } from './join-checks.js';
import { type Level, startsOf } from './levels.js';
import { checkLoops } from './loops.js';
import { checkRaces } from './race-checks.js';
import { checkSignalFlows } from './signal-checks.js';

/** Unknown targets that get a suggestion: comparing names is the one thing here that costs more than linear time. */
const suggestionsMax = 20;

/** Actions are numbered from 0, as the level has them. */
export interface Graph {
  readonly level: Level;
  readonly names: readonly string[];
  readonly actions: readonly { readonly [key: string]: unknown }[];
  /** For each action the flows that lead out of it. */
  readonly next: readonly GraphFlow[][];
  /** For each action the flows that lead to it. */
  readonly inbound: readonly GraphFlow[][];
  readonly starts: readonly number[];
}

export interface GraphFlow {
  readonly from: number;
  readonly to: number;
  /** Its index in the level. */
  readonly flow: number;
  /** Of all but `always` and `signal` each action can have one; `null` for conditional flows. */
  readonly kind: 'always' | 'else' | 'error' | 'timeout' | 'expiration' | 'signal' | null;
}

/**
 * Reports what is wrong with the flows among the actions of a level.
 *
 * @param hasFlows the level has a list of flows
 */
export function checkGraph(level: Level, hasFlows: boolean, report: Report): void {
  const graph = readGraph(level);
  // Every place has a name of its own and every flow an end; otherwise what cannot be reached is only a consequence.
  const isWhole = readFlows(graph, report) && hasFlows && level.places.size === level.actions.length;
  checkDuplicates(graph, report);
  checkNever(graph, report);
  checkElse(graph, report);
  checkLoops(graph, report);
  checkSignalFlows(graph, report);
  checkRaces(graph, report);
  checkJoinTexts(graph, report);
  if (!isWhole) return;
  const reached = checkReach(graph, report);
  checkJoins(graph, reached, report);
}

function readGraph(level: Level): Graph {
  const actions = level.actions.map(action => (isPlainObject(action) ? action : {}));
  return {
    level,
    names: actions.map(action => (typeof action.name === 'string' ? action.name : '?')),
    actions,
    next: actions.map(() => []),
    inbound: actions.map(() => []),
    starts: startsOf(level).map(place => place - level.placesBefore),
  };
}

/** Fills `next` and `inbound`; whether every flow leads from an action to an action. */
function readFlows({ level, actions, next, inbound }: Graph, report: Report): boolean {
  let suggestions = 0;
  let isWhole = true;
  const placeOf = (name: unknown, path: Path): number | null => {
    const place = typeof name === 'string' ? level.places.get(name) : undefined;
    if (place !== undefined) return place - level.placesBefore;
    isWhole = false;
    if (typeof name === 'string' && !isOutside(name, level, path, report)) {
      const near = suggestions++ < suggestionsMax ? nearest(name, level.places.keys()) : null;
      const advice = near === null ? '' : `; did you mean ${quote(near)}?`;
      report('FLOW_TARGET_UNKNOWN', path, `no action is named ${quote(name)}${advice}`);
    }
    return null;
  };
  level.flows.forEach((written: unknown, index) => {
    const flow = isPlainObject(written) ? written : {};
    const path = [...level.path, 'flows', index];
    const from = placeOf(flow.from, [...path, 'from']);
    const to = placeOf(flow.to, [...path, 'to']);
    checkFlow(flow, from === null ? null : actions[from], path, report);
    if (from === null || to === null) return;
    const read = { from, to, flow: index, kind: kindOf(flow) };
    next[from]!.push(read);
    inbound[to]!.push(read);
  });
  return isWhole;
}

/** The name of an action of another level: says so. */
function isOutside(name: string, level: Level, path: Path, report: Report): boolean {
  if (level.below.has(name)) {
    const accepted = 'accepted are flows to and from the forEach, whose body has flows of its own';
    report('FLOW_OUTSIDE', path, `${quote(name)} is in the body of a forEach; ${accepted}`);
    return true;
  }
  for (let around = level.around; around !== null; around = around.around) {
    if (!around.places.has(name)) continue;
    const accepted = 'accepted are the actions of this body; when it has ended, the flows out of its forEach are taken';
    report('FLOW_OUTSIDE', path, `${quote(name)} is outside of this body; ${accepted}`);
    return true;
  }
  return false;
}

function kindOf({ kind, condition }: { readonly [key: string]: unknown }): GraphFlow['kind'] {
  if (kind === 'else' || kind === 'error' || kind === 'timeout' || kind === 'expiration' || kind === 'signal')
    return kind;
  return condition === undefined ? 'always' : null;
}

function checkDuplicates({ level, names, next }: Graph, report: Report): void {
  next.forEach((flows, place) => {
    for (const kind of ['else', 'error', 'timeout', 'expiration'] as const) {
      const alike = flows.filter(flow => flow.kind === kind);
      if (alike.length < 2) continue;
      const targets = listNames(alike.map(({ to }) => names[to]!));
      const message = `several ${kind} flows lead out of ${quote(names[place]!)}, to ${targets}; an action can have one`;
      report('FLOW_DUPLICATE', [...level.path, 'flows', alike[1]!.flow], message);
    }
  });
}

/** Flows out of actions that never finish so that they could be taken. */
function checkNever({ level, names, actions, next }: Graph, report: Report): void {
  next.forEach((flows, place) => {
    const { type } = actions[place]!;
    if (type !== 'end' && type !== 'error') return;
    const why = type === 'end' ? 'ends the instance; it has no flows' : 'always fails; it can have an error flow only';
    for (const { flow, kind } of flows) {
      if (type === 'error' && kind === 'error') continue;
      report('FLOW_NEVER', [...level.path, 'flows', flow], `this flow is never taken: ${quote(names[place]!)} ${why}`);
    }
  });
}

/** Else flows that are never taken, because another flow always is. */
function checkElse({ level, names, actions, next }: Graph, report: Report): void {
  next.forEach((flows, place) => {
    const always = flows.find(({ flow, kind }) => kind === 'always' || isTrue(level.flows[flow]));
    const { type } = actions[place]!;
    if (always === undefined || type === 'end' || type === 'error') return;
    for (const { flow, kind } of flows) {
      if (kind !== 'else') continue;
      const message = `this flow is never taken: the one to ${quote(names[always.to]!)} always is; give that one a condition`;
      report(
        'FLOW_ELSE',
        [...level.path, 'flows', flow],
        `${message}, or leave this one out of ${quote(names[place]!)}`,
      );
    }
  });
}

/** A condition that holds whatever the variables are. */
function isTrue(flow: unknown): boolean {
  return isPlainObject(flow) && typeof flow.condition === 'string' && /^[\s(]*true[\s)]*$/i.test(flow.condition);
}

/** The actions that flows from the starts lead to. */
function checkReach({ level, names, actions, next, inbound, starts }: Graph, report: Report): ReadonlySet<number> {
  const reached = new Set(starts);
  for (const place of reached) for (const flow of next[place]!) reached.add(flow.to);
  names.forEach((name, place) => {
    if (reached.has(place)) return;
    const path = [...level.path, 'actions', place];
    if (actions[place]!.join !== undefined && inbound[place]!.length === 0) {
      const message = `${quote(name)} waits for flows, and none leads to it; accepted is a join with inbound flows`;
      report('JOIN_NEVER', [...path, 'join'], message);
    } else report('ACTION_UNREACHABLE', path, `no flow leads to ${quote(name)}`, 'key');
  });
  return reached;
}
