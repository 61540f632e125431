// What follows for an instance with several flow contexts when something has happened to some of them. Pure.
//
// Happenings of one commit are applied one after the other to the state as the store has it; what comes out is one
// change: contexts that stand anew, contexts that leave, the new state, or the end of the instance. The commit is fenced
// by the state's version, so two engines that bring contexts of one instance to a join at once do it one after the other.
//
// Invariants:
//   J1. Living contexts and open scopes account for each other: an instance in which nothing lives is over, whatever
//       still stands at a join (the seeds' clean-up cases).
//   J2. A context that was withdrawn while it executed leaves no trace but its audit: what it did is not applied.

import type { Place } from '../../workflow/plan.js';
import type { Happening, Source, Standing, Step, StoredContext, What } from './happening.js';
import { arriveAtJoin, settle, settleActivated } from './joins.js';
import { endRaces, leaveRace, openRace, winRace } from './races.js';
import { closeLeft, remove } from './removal.js';
import { closeIfEmpty, endContext, extendGroup, finishGroup, openGroup, ownScope, withdrawContext } from './scopes.js';
import { activeOf, clearSignal, settleSignals, sourceFor, takeSignals } from './signals.js';
import type { SharedState } from './state.js';
import { type SharedWorld, Working } from './working.js';

/**
 * Apply what happened.
 *
 * @param state changed in place
 */
export function step(state: SharedState, happenings: readonly Happening[], world: SharedWorld): Step {
  const working = new Working(state, world, happenings);
  for (const happening of happenings) apply(working, { ...happening, context: happening.context || 1 });
  settleSignals(working, (context, flows) => {
    working.release(context.context);
    leaveRace(working.state, context.context);
    const { source, from } = sourceFor(working, context.context);
    takeFlows(working, context, flows, source, from);
  });
  if (working.end === null && state.isRemoved) closeLeft(working);
  else if (working.end === null && world.stored !== null) settleActivated(working);
  endRaces(working);
  const { standing, leaving, dropped, submits, signalled, end } = working;
  // Over is over, whatever still stood somewhere.
  if (end !== null) for (const { context } of working.contexts()) working.leave(context);
  return { standing: [...standing.values()], leaving: [...leaving], dropped, submits, signalled, end };
}

function apply(working: Working, happening: Happening): void {
  const { context, scope, workflow, what } = happening;
  if (!working.take(context) || working.end !== null || working.state.open[scope] === undefined) {
    working.dropped.push(context);
    working.leave(context);
    working.release(context);
    return;
  }
  if (working.state.isRemoved && what.kind !== 'removed') {
    remove(working, happening);
    return;
  }
  // A handler may take as long as it likes, and come to the very mutex at which the context has failed.
  if (!staysPut(what)) working.release(context);
  const source: Source = { kind: 'of', context };
  switch (what.kind) {
    case 'moved':
      working.arrive(context, scope, workflow, what.to, false, context, source);
      return;
    case 'flows':
      leaveAction(working, happening, what, source);
      return;
    case 'ended':
      endContext(working, context, scope, true);
      return;
    case 'acted':
      act(working, happening, what);
      return;
    case 'removed':
      remove(working, happening);
      return;
    case 'handed':
      hand(working, happening, what.workflow);
      return;
    case 'gaveUp':
      giveUp(working, scope);
      return;
    case 'recovered':
      recover(working, happening);
      return;
    case 'given':
      winRace(working, context);
      stay(working, happening, what.kind);
      return;
    case 'waits':
      stay(working, happening, what.kind);
      return;
  }
}

/** Whether it keeps the mutex of its action, or its turn for it. */
function staysPut({ kind }: What): boolean {
  return kind === 'waits' || kind === 'given' || kind === 'recovered';
}

function stay(
  working: Working,
  { context, scope, workflow, place, hasRun }: Happening,
  stays: NonNullable<Standing['stays']>,
): void {
  const source: Source = { kind: 'of', context };
  working.stand({ context, scope, workflow, place, hasRun, state: 'ready', from: context, source, stays });
}

/** Its action has ended: a signal it monitors decides what follows, when it did so normally. */
function leaveAction(
  working: Working,
  happening: Happening,
  { from, flows }: Extract<What, { kind: 'flows' }>,
  source: Source,
): void {
  const { context, workflow } = happening;
  const action = working.world.plan(workflow).actions[from]!;
  const active = activeOf(working.state, action);
  const isNormal = flows.every(flow => action.flows.some(each => each.flow === flow));
  if (active === null && isNormal) winRace(working, context);
  else leaveRace(working.state, context);
  if (active === null || !isNormal) {
    takeFlows(working, happening, flows, source, context, action.isRace);
    return;
  }
  clearSignal(working.state, active.signal);
  working.signalled.push({ context, workflow, place: from, hasRun: true, hasEnded: active.flow === null });
  takeFlows(working, happening, active.flow === null ? [] : [active.flow.flow], source, context);
}

/**
 * The first flow is taken by the context itself, the others by new ones.
 *
 * @param from the context in the store that it comes from
 */
function takeFlows(
  working: Working,
  { context, scope, workflow }: Pick<Happening, 'context' | 'scope' | 'workflow'>,
  flows: readonly number[],
  source: Source,
  from: number,
  isRace = false,
): void {
  const plan = working.world.plan(workflow);
  takeSignals(working.state, plan, flows);
  if (flows.length === 0) {
    // What one leaves that has only begun in this commit is nobody's.
    endContext(working, context, scope, source.kind === 'of' && source.context === context);
    return;
  }
  const own = ownScope(working, context, scope, workflow);
  const contexts = flows.map((_, index) => (index === 0 ? context : working.newContext()));
  if (isRace) openRace(working.state, contexts);
  // All of them live before the first arrives: a scope does not close in between.
  working.scope(own).living += flows.length - 1;
  const joins = new Set<Place>();
  for (const [index, flow] of flows.entries()) {
    const place = plan.targets[flow]!;
    if (plan.actions[place]!.join === null) {
      working.arrive(contexts[index]!, own, workflow, place, false, from, source);
      continue;
    }
    joins.add(place);
    arriveAtJoin(working, contexts[index]!, own, workflow, flow, from, source);
  }
  // All have arrived before one goes on: a join that withdraws the rest finds all of it.
  for (const place of joins) settle(working, own, workflow, place);
  closeIfEmpty(working, own, null);
}

function act(working: Working, happening: Happening, what: Extract<What, { kind: 'acted' }>): void {
  const { context, scope, workflow } = happening;
  const { action, region } = working.world.plan(workflow).actions[what.at]!;
  const goesOn = (): void => {
    const stands = { context, scope, workflow, place: what.at, hasRun: true, state: 'ready', from: context } as const;
    working.stand({ ...stands, source: { kind: 'of', context } });
  };
  switch (action.type) {
    case 'forEach':
      openGroup(working, happening, what, action);
      return;
    case 'workflow':
      openWorkflow(working, happening, what, action.wait !== false);
      return;
    case 'end':
      endAll(working, context, scope);
      return;
    case 'cancel':
      goesOn();
      cancel(working, context, scope, workflow, region);
      return;
    case 'group':
      goesOn();
      changeGroup(working, happening, what.count, action.do, region[0]!);
      return;
    case 'call':
    case 'console':
    case 'error':
    case 'null':
    case 'script':
    case 'sql':
    case 'process':
    case 'publish':
      throw new Error(`"${action.name}" acts on no contexts`);
  }
}

function openWorkflow(
  working: Working,
  happening: Happening,
  what: Extract<What, { kind: 'acted' }>,
  waits: boolean,
): void {
  const { context, scope, workflow } = happening;
  const runs = what.workflow!;
  const stands = { context, scope, workflow, place: what.at, hasRun: true, from: context } as const;
  working.stand({ ...stands, state: waits ? 'waiting' : 'ready', source: { kind: 'of', context } });
  if (!waits) {
    working.submits.push({ workflow: runs, context });
    return;
  }
  const inner = working.newScope({ kind: 'workflow', parent: scope, workflow: runs, place: what.at, opener: context });
  const { entry } = working.world.plan(runs);
  working.scope(inner).living = 1;
  working.arrive(working.newContext(), inner, runs, entry.place, entry.hasRun, context, { kind: 'input', context });
}

/** Everything of the instance, or of the sub-workflow or handler the context is in, ends with it. */
function endAll(working: Working, context: number, scope: number): void {
  let top = scope;
  for (let at = working.scope(top); at.kind === 'group' || at.kind === 'item'; at = working.scope(top))
    top = at.parent!;
  const inside = working.below(top);
  for (const each of working.contexts()) {
    if (!inside.has(each.scope)) continue;
    working.leave(each.context);
    working.release(each.context);
  }
  inside.delete(top);
  for (const number of inside) delete working.state.open[number];
  const over = working.scope(top);
  over.living = 0;
  over.joins = {};
  delete over.result;
  working.leave(context);
  closeIfEmpty(working, top, context);
}

function cancel(working: Working, context: number, scope: number, workflow: number, region: readonly number[]): void {
  const inside = working.below(scope);
  const meant = (each: StoredContext): boolean =>
    each.context !== context && each.workflow === workflow && inside.has(each.scope) && region.includes(each.place);
  for (const each of working.contexts()) {
    // One that went with another, or with the scope it was in, is gone already.
    if (!meant(each) || working.leaving.has(each.context) || working.state.open[each.scope] === undefined) continue;
    withdrawContext(working, each);
  }
}

function changeGroup(
  working: Working,
  { context, scope, workflow }: Happening,
  count: number,
  change: 'complete' | 'cancel' | 'extend',
  place: number,
): void {
  const number = groupAt(working, scope, workflow, place);
  if (number === null) return;
  if (change === 'extend') extendGroup(working, number, context, count);
  else finishGroup(working, number, change === 'complete');
}

/** The newest group opened at `place` around the scope or beside it. */
function groupAt(working: Working, scope: number, workflow: number, place: number): number | null {
  const around = new Set<number>();
  for (let at: number | null = scope; at !== null; at = working.scope(at).parent) around.add(at);
  const found = Object.entries(working.state.open).filter(
    ([number, each]) =>
      each.group !== undefined &&
      each.place === place &&
      each.workflow === workflow &&
      (around.has(Number(number)) || around.has(each.parent!)),
  );
  const own = found.filter(([number]) => around.has(Number(number)));
  const last = (own.length > 0 ? own : found).at(-1);
  return last === undefined ? null : Number(last[0]);
}

/** The context waits where its transaction began, for the handler. */
function hand(working: Working, { context, scope, workflow, place, hasRun }: Happening, handler: number): void {
  const source: Source = { kind: 'of', context };
  working.stand({ context, scope, workflow, place, hasRun, state: 'waiting', from: context, source, isRetry: true });
  const inner = working.newScope({
    kind: 'handler',
    parent: scope,
    workflow: handler,
    place,
    opener: context,
    ...(hasRun ? { hasRun } : {}),
  });
  const { entry } = working.world.plan(handler);
  working.scope(inner).living = 1;
  working.arrive(working.newContext(), inner, handler, entry.place, entry.hasRun, context, { kind: 'error', context });
}

/** The handler has come to an error action: what failed stands FAILED. */
function giveUp(working: Working, scope: number): void {
  let number = scope;
  while (working.scope(number).kind !== 'handler') number = working.scope(number).parent!;
  const { opener, parent, place, hasRun } = working.scope(number);
  const { workflow } = working.scope(parent!);
  working.drop(working.below(number));
  if (opener === null) return;
  if (!hasRun) working.hold(opener, working.world.plan(workflow).actions[place]!.mutex);
  working.stand({
    context: opener,
    scope: parent!,
    workflow,
    place,
    hasRun: hasRun === true,
    state: 'failed',
    from: opener,
    source: { kind: 'of', context: opener },
    isRetry: true,
  });
}

/** The context begins its transaction again, and its handler goes, wherever it has got to. */
function recover(working: Working, { context, scope, workflow, place, hasRun }: Happening): void {
  for (const [number, { kind, opener }] of Object.entries(working.state.open)) {
    if (kind === 'handler' && opener === context) working.drop(working.below(Number(number)));
  }
  const source: Source = { kind: 'of', context };
  working.arrive(context, scope, workflow, place, hasRun, context, source, true);
  working.stand({ ...working.standing.get(context)!, isRecovered: true });
}
