// Random definitions for the tests of what contexts share.

import type { Action, Flow, WorkflowDefinition } from '../../../src/workflow/model.js';
import { compilePlan, type Plan } from '../../../src/workflow/plan.js';

export type Random = (below: number) => number;

/** Numbers from a seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A workflow, or the body of a for-each: `acyclic` with every flow taken, so that counts depend on no order. */
export interface Level {
  actions: Action[];
  flows: Flow[];
}

export interface Asked {
  readonly random: Random;
  readonly size: number;
  readonly depth: number;
  /** Name of a workflow that actions may run; `null`: none. */
  readonly runs: string | null;
  /** Whether what happens may depend on the order: cancel, end, loops, joins of every kind. */
  readonly isWild: boolean;
}

export function levelOf(asked: Asked): Level {
  const { random, size, depth, runs, isWild } = asked;
  const actions: Action[] = [];
  const flows: Flow[] = [];
  const inbound: number[] = [];
  const total = 1 + random(size);
  for (let at = 0; at < total; at++) {
    const name = `a${at}`;
    // One start in ten begins without a flow that leads to it.
    const sources = at === 0 || random(10) === 0 ? new Set<number>() : new Set([random(at), random(at), random(at)]);
    for (const from of sources) flows.push({ from: `a${from}`, to: name });
    inbound.push(sources.size);
    const start = sources.size === 0 ? { start: true } : {};
    actions.push({ ...actionOf(asked, name, at), ...start } as Action);
  }
  if (isWild) for (let at = random(3); at > 0; at--) loop(actions, flows, inbound, random);
  const raced = isWild ? withSignals(actions, flows, inbound, random) : new Set<number>();
  for (const [at, action] of actions.entries()) {
    const ways = inbound[at]!;
    if (ways < 2 || random(3) === 0 || raced.has(at)) continue;
    const join = joinOf(random, ways, isWild);
    if (action.type !== 'error') actions[at] = { ...action, join } as Action;
  }
  return { actions, flows };

  function actionOf({ random: draw }: Asked, name: string, at: number): Action {
    const kind = draw(isWild ? 16 : 11);
    const isBreak = draw(3) === 0 ? { transactionBreak: true } : {};
    if ((kind === 0 || kind === 1) && depth > 0) {
      const body = levelOf({ ...asked, depth: depth - 1, size: Math.max(1, size >> 1) });
      return { name, type: 'forEach', ...groupOf(draw, isWild), body } as Action;
    }
    if (kind === 2 && runs !== null)
      return { name, type: 'forEach', ...groupOf(draw, isWild), workflow: runs } as Action;
    if (kind === 3 && runs !== null)
      return { name, type: 'workflow', workflow: runs, ...(draw(4) === 0 ? { wait: false } : {}) };
    if (kind === 4) return { name, type: 'null', mutex: `m${draw(2)}` };
    if (kind === 5) return { name, type: 'console', message: '', mutex: `m${draw(2)}` };
    if (kind === 11 && at > 0 && draw(3) === 0) return { name, type: 'end' };
    if (kind === 12 && at > 0) return { name, type: 'cancel', actions: [`a${draw(at)}`, `a${draw(at)}`] };
    if (kind >= 13 && at > 0) {
      const groups = actions.filter(each => each.type === 'forEach');
      const group = groups[draw(Math.max(1, groups.length))]?.name;
      const change = (['complete', 'cancel', 'extend'] as const)[draw(3)]!;
      if (group !== undefined)
        return { name, type: 'group', group, do: change, ...(change === 'extend' ? { items: '${x}' } : {}) } as Action;
    }
    if (kind === 6) return { name, type: 'null' };
    return { name, type: 'console', message: '', ...isBreak };
  }
}

function groupOf(random: Random, isWild: boolean) {
  return {
    items: Array.from({ length: random(4) }, (_, at) => at),
    parallel: 1 + random(4),
    ...(random(4) === 0 ? { wait: false } : {}),
    ...(random(4) === 0 ? { collect: false } : {}),
    ...(isWild && random(3) === 0 ? { complete: 1 + random(3), ...(random(2) === 0 ? { rest: 'cancel' } : {}) } : {}),
  };
}

/** A way back to an action that breaks. */
function loop(actions: Action[], flows: Flow[], inbound: number[], random: Random): void {
  const from = random(actions.length);
  const to = random(from + 1);
  if (flows.some(flow => flow.from === `a${from}` && flow.to === `a${to}`)) return;
  flows.push({ from: `a${from}`, to: `a${to}` });
  inbound[to]! += 1;
  actions[to] = { ...actions[to]!, transactionBreak: true } as Action;
}

/**
 * Triggers, some of which race, actions that monitor signals, and flows that raise and clear them. Signal flows lead
 * onwards, so that a signal that is raised again and again ends.
 *
 * @returns the actions that race
 */
function withSignals(actions: Action[], flows: Flow[], inbound: number[], random: Random): ReadonlySet<number> {
  const raced = new Set<number>();
  for (const [at, action] of actions.entries()) {
    if (random(4) === 0 && isPlain(action)) actions[at] = { ...action, type: 'manual' } as Action;
    const targets = flows.filter(({ from }) => from === action.name).map(({ to }) => Number(to.slice(1)));
    if (targets.length < 2 || random(2) === 0 || !targets.every(to => isPlain(actions[to]!))) continue;
    actions[at] = { ...actions[at]!, race: true } as Action;
    for (const to of targets) {
      actions[to] = { ...actions[to]!, type: 'manual' } as Action;
      raced.add(to);
    }
  }
  if (random(2) === 0) return raced;
  for (const [at, action] of actions.entries()) {
    const [signal, to] = [`s${random(2)}`, at + 1 + random(4)];
    if (random(3) > 0) continue;
    actions[at] = { ...action, monitor: [signal] } as Action;
    if (to >= actions.length) continue;
    flows.push({ from: action.name, to: `a${to}`, kind: 'signal', signal });
    inbound[to]! += 1;
  }
  for (const [at, flow] of flows.entries()) {
    const signals = { [random(3) === 0 ? 'clear' : 'raise']: [`s${random(2)}`] };
    if (random(3) === 0) flows[at] = { ...flow, ...signals };
  }
  return raced;
}

function isPlain({ type }: Action): boolean {
  return type === 'null' || type === 'console' || type === 'manual';
}

function joinOf(random: Random, ways: number, isWild: boolean) {
  const kind = random(isWild ? 8 : 6);
  const some = `${1 + random(ways)} of ${ways}`;
  if (kind <= 1) return 'all';
  if (kind === 2) return `${1 + random(3)} tokens`;
  if (kind === 3) return { wait: some, rest: 'block' as const };
  if (!isWild) return { wait: some, rest: 'block' as const };
  if (kind === 4) return 'all activated';
  if (kind === 5) return { wait: some, rest: 'cancel' as const };
  return { wait: some, rest: 'keep' as const };
}

export function planOf(name: string, { actions, flows }: Level): Plan {
  return compilePlan({ name, actions, flows } satisfies WorkflowDefinition, '/');
}
