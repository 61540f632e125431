// Joins: contexts arrive over flows and go on as one.
//
// A round of a join goes on when enough of its inbound flows have brought a context. What arrives later in the round is
// swallowed; when every flow has brought one the round is over, and the next begins with what is queued by then.

import type { Place, PlanJoin } from '../../workflow/plan.js';
import type { Source } from './happening.js';
import { reaches, sourceOf } from './reach.js';
import type { Arrivals, Scope } from './state.js';
import type { Working } from './working.js';

/**
 * A living context comes to a join over a flow, and is JOINING from now on.
 *
 * @param source its variables
 */
export function arriveAtJoin(
  working: Working,
  context: number,
  scope: number,
  workflow: number,
  flow: number,
  from: number,
  source: Source,
): void {
  const plan = working.world.plan(workflow);
  const place = plan.targets[flow]!;
  const { joins } = working.scope(scope);
  joins[place] ??= { queues: {} };
  const arrivals = joins[place];
  working.scope(scope).living -= 1;
  const join = plan.actions[place]!.join!;
  if (isSwallowed(arrivals, flow, join)) {
    working.leave(context);
    if (!arrivals.passed!.includes(flow)) arrivals.passed!.push(flow);
  } else {
    arrivals.queues[flow] ??= [];
    arrivals.queues[flow].push(context);
    working.stand({ context, scope, workflow, place, hasRun: false, state: 'joining', from, source });
  }
}

/** The round has gone on already, and this arrival belongs to it. A second one over the same flow is of the next round for
 * a join that blocks; else it is swallowed too. */
function isSwallowed({ passed }: Arrivals, flow: number, join: PlanJoin): boolean {
  if (passed === undefined || join.kind !== 'count') return false;
  return !passed.includes(flow) || join.rest !== 'block';
}

/** Let the join go on as long as enough is there. */
export function settle(working: Working, scope: number, workflow: number, place: Place): void {
  const { inbound, join } = working.world.plan(workflow).actions[place]!;
  if (join === null) return;
  for (;;) {
    const arrivals = working.scope(scope).joins[place];
    if (arrivals === undefined) return;
    if (arrivals.passed !== undefined) {
      if (arrivals.passed.length < inbound.length) return;
      delete arrivals.passed;
    }
    const heads = headsOf(arrivals, join);
    if (heads === null) {
      if (Object.keys(arrivals.queues).length === 0) delete working.scope(scope).joins[place];
      return;
    }
    const survivor = goOn(working, scope, workflow, place, heads);
    if (join.kind !== 'count') continue;
    const { passed } = passing(working, scope, place, heads, inbound, join);
    if (passed !== null && join.rest === 'cancel') {
      cancelRest(working, scope, workflow, place, survivor);
      endRound(working, scope, place);
    }
  }
}

/** What would go on now, by flow, first come first; `null`: not enough. */
function headsOf(arrivals: Arrivals, join: PlanJoin): [flow: number, context: number][] | null {
  switch (join.kind) {
    case 'count': {
      const flows = Object.entries(arrivals.queues);
      return flows.length < join.need ? null : flows.map(([flow, queue]) => [Number(flow), queue[0]!]);
    }
    case 'tokens': {
      const all = Object.entries(arrivals.queues).flatMap(([flow, queue]) =>
        queue.map((context): [number, number] => [Number(flow), context]),
      );
      return all.length < join.need ? null : all.slice(0, join.need);
    }
    case 'activated':
      return null;
  }
}

/** The first of `heads` goes on as one for all of them, and is returned. In the order of the flows, so that what comes of it depends on no
 * race. */
function goOn(
  working: Working,
  scope: number,
  workflow: number,
  place: Place,
  heads: readonly [flow: number, context: number][],
): number {
  const arrivals = working.scope(scope).joins[place]!;
  const sources = heads.map(([flow, context]) => ({
    context: working.written(context),
    action: sourceOf(working.world.plan(workflow), flow),
  }));
  for (const [flow, context] of heads) {
    const queue = arrivals.queues[flow]!;
    queue.splice(queue.indexOf(context), 1);
    if (queue.length === 0) delete arrivals.queues[flow];
  }
  const survivor = heads[0]![1];
  const from = working.standing.get(survivor)?.from ?? survivor;
  for (const [, context] of heads.slice(1)) working.leave(context);
  working.scope(scope).living += 1;
  const joined: Source = { kind: 'joined', arrivals: sources };
  working.arrive(survivor, scope, workflow, place, false, from, joined);
  return survivor;
}

/** Notes which flows of the round have brought theirs; `null` when all have. */
function passing(
  working: Working,
  scope: number,
  place: Place,
  heads: readonly [flow: number, context: number][],
  inbound: readonly number[],
  join: Extract<PlanJoin, { kind: 'count' }>,
): { passed: number[] | null } {
  const arrivals = working.scope(scope).joins[place]!;
  const passed = heads.map(([flow]) => flow);
  if (passed.length >= inbound.length || join.need >= inbound.length) return { passed: null };
  arrivals.passed = passed;
  return { passed };
}

/** The round is over, whatever has not arrived. */
function endRound(working: Working, scope: number, place: Place): void {
  const arrivals = working.scope(scope).joins[place];
  if (arrivals !== undefined) delete arrivals.passed;
}

/** What could still arrive at the join is withdrawn, but not what it has just let go on. */
function cancelRest(working: Working, scope: number, workflow: number, place: Place, survivor: number): void {
  const plan = working.world.plan(workflow);
  const within = working.below(scope);
  for (const context of working.contexts()) {
    if (context.scope !== scope || context.context === survivor || !working.state.open[scope]) continue;
    // What waits there is of the next round; what has run stands for a result.
    if (context.state === 'joining' && (context.place === place || context.hasRun)) continue;
    if (!reaches(plan, context.place, place)) continue;
    withdraw(working, context.context, scope, context.state === 'joining', within);
  }
}

/** The context waits at a join of the scope no more; `false`: it did not. */
export function unqueue({ joins }: Scope, context: number): boolean {
  for (const { queues } of Object.values(joins)) {
    for (const [flow, queue] of Object.entries(queues)) {
      if (!queue.includes(context)) continue;
      const left = queue.filter(each => each !== context);
      if (left.length > 0) queues[flow] = left;
      else delete queues[flow];
      return true;
    }
  }
  return false;
}

/** Withdraw a context of `scope`, with the scopes it has opened. */
export function withdraw(
  working: Working,
  context: number,
  scope: number,
  isJoining: boolean,
  within: ReadonlySet<number>,
): void {
  for (const number of within) {
    if (working.state.open[number]?.opener === context) working.drop(working.below(number));
  }
  if (isJoining) unqueue(working.scope(scope), context);
  else working.scope(scope).living -= 1;
  working.leave(context);
  working.release(context);
}

/**
 * Joins of the kind `all activated` that nothing living can reach any more go on: those first that no other can still
 * bring something to.
 */
export function settleActivated(working: Working): void {
  for (;;) {
    const waiting = Object.entries(working.state.open).flatMap(([number, { joins, workflow }]) => {
      const plan = working.world.plan(workflow);
      return Object.entries(joins).flatMap(([place, arrivals]) =>
        plan.actions[Number(place)]!.join?.kind === 'activated' && Object.keys(arrivals.queues).length > 0
          ? [{ scope: Number(number), workflow, place: Number(place) }]
          : [],
      );
    });
    const ripe = waiting.find(
      join => isRipe(working, join) && !waiting.some(other => comesBefore(working, other, join)),
    );
    if (ripe === undefined) return;
    const { queues } = working.scope(ripe.scope).joins[ripe.place]!;
    const heads = Object.entries(queues).flatMap(([flow, queue]) =>
      queue.map((context): [number, number] => [Number(flow), context]),
    );
    goOn(working, ripe.scope, ripe.workflow, ripe.place, heads);
    delete working.scope(ripe.scope).joins[ripe.place];
  }
}

interface WaitingJoin {
  readonly scope: number;
  readonly workflow: number;
  readonly place: Place;
}

function isRipe(working: Working, { scope, workflow, place }: WaitingJoin): boolean {
  const plan = working.world.plan(workflow);
  return !working
    .contexts()
    .some(each => each.scope === scope && each.state !== 'joining' && reaches(plan, each.place, place));
}

/** Whether `other` waits too and leads to `join`, and not the other way round as well. */
function comesBefore(working: Working, other: WaitingJoin, join: WaitingJoin): boolean {
  if (other.scope !== join.scope || other.place === join.place || !isRipe(working, other)) return false;
  const plan = working.world.plan(join.workflow);
  const isBack = reaches(plan, join.place, other.place);
  return reaches(plan, other.place, join.place) && (!isBack || other.place < join.place);
}
