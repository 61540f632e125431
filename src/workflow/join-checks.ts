// Joins: texts that are none, and joins that can never go on, so that what arrives there stands for ever.

import { isPlainObject } from './conform.js';
import { dominatorsOf } from './dominators.js';
import { listNames, type Path, quote, type Report } from './fault.js';
import type { Graph, GraphFlow } from './graph.js';
import { joinForms, parseJoin, textOf } from './join.js';
import type { Join } from './model.js';

/** What is wrong with the joins whatever leads to them. */
export function checkJoinTexts({ level, names, actions, starts }: Graph, report: Report): void {
  const begins = new Set(starts);
  actions.forEach((action, place) => {
    const join = joinOf(action.join);
    const path = [...level.path, 'actions', place, 'join'];
    if (action.join !== undefined && begins.has(place)) {
      const accepted = 'accepted is an action before it, whose flow leads here';
      report(
        'JOIN_START',
        path,
        `${quote(names[place]!)} begins at once and so cannot wait for flows; ${accepted}`,
        'key',
      );
    }
    if (join === null) return;
    const { wait, counted } = textOf(join);
    const textPath = typeof join === 'string' ? path : [...path, 'wait'];
    // With as many inbound flows as it says there are.
    const parsed = parseJoin(join, counted?.of ?? 1);
    if (parsed === null && (counted === null || counted.need <= counted.of)) {
      report('JOIN_INVALID', textPath, `found ${quote(wait)}, accepted is ${joinForms}`);
    } else if (parsed !== null && parsed.kind !== 'count' && typeof join !== 'string' && join.rest !== undefined) {
      const message = `with ${quote(wait)} there is no rest; leave this out, or wait for "all", "first" or "2 of 3"`;
      report('JOIN_INVALID', [...path, 'rest'], message, 'key');
    }
  });
}

/**
 * What is wrong with the joins for the flows that lead to them.
 *
 * @param reached the actions that flows from the starts lead to
 */
export function checkJoins(graph: Graph, reached: ReadonlySet<number>, report: Report): void {
  if (graph.actions.every(({ join }) => join === undefined)) return;
  const next = graph.next.map(flows => flows.map(({ to }) => to));
  const isBehind = dominatorsOf(next, graph.starts);
  const runs = runsOf(graph);
  const begins = new Set(graph.starts);
  graph.actions.forEach(({ join: written }, place) => {
    const join = joinOf(written);
    const inbound = graph.inbound[place]!;
    if (join === null || inbound.length === 0 || !reached.has(place) || begins.has(place)) return;
    const path = [...graph.level.path, 'actions', place, 'join', ...(typeof join === 'string' ? [] : ['wait'])];
    if (!isCountRight(join, inbound.length, path, report)) return;
    const parsed = parseJoin(join, inbound.length);
    if (parsed === null || parsed.kind === 'activated') return;
    const [behind, ahead] = parted(inbound, ({ from }) => isBehind(place, from));
    const name = quote(graph.names[place]!);
    if (parsed.kind === 'count') {
      if (ahead.length >= parsed.need) return;
      const sources = listNames(behind.map(({ from }) => graph.names[from]!));
      const needs = `${name} needs ${parsed.need} of its ${inbound.length} inbound flows before it can go on`;
      const accepted = `accepted is "${ahead.length} of ${inbound.length}"`;
      report('JOIN_NEVER', path, `${needs}, but what comes from ${sources} comes from behind it; ${accepted}`);
    } else {
      const most = ahead.reduce((sum, { from }) => sum + runs[from]!, 0);
      if (most >= parsed.need) return;
      const needs = `${name} needs ${parsed.need} tokens before it can go on, and at most ${most} can arrive`;
      report('JOIN_NEVER', path, `${needs}; accepted is up to "${most} token${most === 1 ? '' : 's'}"`);
    }
  });
}

/** Whether `2 of 3` counts what there is. */
function isCountRight(join: Join, inbound: number, path: Path, report: Report): boolean {
  const { wait, counted } = textOf(join);
  if (counted === null) return true;
  const accepted = inbound === 1 ? '"1 of 1"' : `"1 of ${inbound}" to "${inbound} of ${inbound}"`;
  if (counted.of !== inbound) {
    const there = inbound === 1 ? 'one flow leads' : `${inbound} flows lead`;
    report('JOIN_INVALID', path, `found ${quote(wait)}, but ${there} here; accepted is ${accepted}`);
  } else if (counted.need > inbound) {
    report('JOIN_NEVER', path, `${quote(wait)} is more than there are inbound flows; accepted is ${accepted}`);
  }
  return counted.of === inbound && counted.need <= inbound;
}

/**
 * How often each action can run at most; `Infinity` for loops and what comes behind them. No look at conditions: an action
 * takes all of its flows.
 */
function runsOf({ actions, next, inbound, starts }: Graph): number[] {
  const arrivals = actions.map(() => 0);
  for (const start of starts) arrivals[start]! += 1;
  const missing = inbound.map(({ length }) => length);
  const open = missing.flatMap((count, place) => (count === 0 ? [place] : []));
  const runs = actions.map(() => Number.POSITIVE_INFINITY);
  for (const place of open) {
    const arrived = arrivals[place]!;
    // A join that can never go on is told once: for those behind it, it does.
    runs[place] = Math.max(
      Math.min(arrived, 1),
      Math.floor(arrived / neededBy(actions[place]!.join, inbound[place]!.length)),
    );
    for (const { to } of next[place]!) {
      arrivals[to]! += runs[place]!;
      missing[to]! -= 1;
      if (missing[to] === 0) open.push(to);
    }
  }
  return runs;
}

/** How many arrivals a run takes, at least. */
function neededBy(written: unknown, inbound: number): number {
  const join = joinOf(written);
  const parsed = join === null ? null : parseJoin(join, inbound);
  return parsed === null || parsed.kind === 'activated' ? 1 : Math.max(1, parsed.need);
}

/** What has the shape of a join; the rest was reported. */
function joinOf(join: unknown): Join | null {
  if (typeof join === 'string') return join === '' ? null : join;
  return isPlainObject(join) && typeof join.wait === 'string' && join.wait !== '' ? (join as Join) : null;
}

function parted(flows: readonly GraphFlow[], isFirst: (flow: GraphFlow) => boolean): [GraphFlow[], GraphFlow[]] {
  return [flows.filter(isFirst), flows.filter(flow => !isFirst(flow))];
}
