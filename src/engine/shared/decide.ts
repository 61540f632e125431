// The part of a commit that concerns instances with several contexts: decided on what they share as the store has it,
// with the contexts and texts that are needed for it read first.
//
// Instances to which the same happened in the same state are decided once, whatever their number: five hundred that
// split alike cost one step, and make one segment a branch.
//
// Invariants:
//   A1. Every change of an instance's shared row carries the version it was decided on: a rival's makes it stale.
//   A2. A context that is not in the store any more belongs to an instance that is over, or was withdrawn: its items are
//       dropped by whoever decides again, as members that have left.

import type { Happening, Source, Step, StoredContext } from '../../flow/shared/happening.js';
import { joinsOrWithdraws } from '../../flow/shared/needs.js';
import { type SharedState, variablesScope } from '../../flow/shared/state.js';
import { step } from '../../flow/shared/step.js';
import type { Next } from '../../flow/transition.js';
import { hasBit } from '../../store/bitmap.js';
import type { ContextsOf, Segment, Store } from '../../store/contract.js';
import type { Plan } from '../../workflow/plan.js';
import type { Holdings } from '../claims/holdings.js';
import type { CommitItem } from '../commit/commit-builder.js';
import type { Definitions } from '../definitions/definitions.js';
import { gather, keyOf, type PlainItem, type SignalChange } from './gathered.js';
import { type OpenedInstance, openInstances } from './opened.js';
import { isAsleep } from './signalled-parts.js';
import { Texts } from './texts.js';
import { Unhandled } from './unhandled.js';
import { Unsignalled } from './unsignalled.js';

/** Instances that were decided together. */
export interface Decided {
  readonly members: readonly OpenedInstance[];
  readonly step: Step;
  /** Of the first member; the others' are alike but for who they come from. */
  readonly happenings: readonly Happening[];
  /** JSON text of the state afterwards. */
  readonly machine: string;
  /** Number of the workflow version of the instances, and whose variables a context's scope sees. */
  readonly workflow: number;
  readonly variablesScopeOf: ReadonlyMap<number, number>;
  readonly state: SharedState;
}

export interface SharedWork {
  readonly plain: readonly PlainItem[];
  readonly decided: readonly Decided[];
  /** Segments of contexts in the store that are needed, by instance and context. */
  readonly stored: ReadonlyMap<string, ReadonlyMap<number, Segment>>;
  readonly texts: Texts;
}

export interface SharedWorld {
  readonly store: Pick<Store, 'shared' | 'contextsOf' | 'bodies'>;
  readonly definitions: Pick<Definitions, 'byNumber' | 'ensure' | 'newestNumber'>;
  readonly holdings: Pick<Holdings, 'body' | 'holdBody'>;
}

/** Whether an item concerns what contexts share. */
export function isShared({ held, outcome, plan }: CommitItem): boolean {
  if (held.segment.context > 0 || plan.usesSignals) return true;
  switch (outcome.kind) {
    case 'completed':
      return outcome.demand !== undefined;
    case 'failed':
      return outcome.handler !== undefined;
    case 'unfired':
    case 'waiting':
      return false;
  }
}

/**
 * Decide what follows for all of them.
 *
 * @param atMs when the commit is
 * @param decide what follows for the members of an item by themselves
 * @param signals that operators raise or clear
 * @throws {SharedGone} when an instance is over by now: its items are to be decided again
 */
export async function decideShared(
  items: readonly PlainItem[],
  atMs: number,
  world: SharedWorld,
  decide: (item: CommitItem) => Next,
  signals: readonly SignalChange[] = [],
): Promise<SharedWork> {
  const { store, definitions } = world;
  const { instances, plain } = gather(items, name => definitions.newestNumber(name), signals);
  const unhandled = new Unhandled();
  const unsignalled = new Unsignalled(workflow => definitions.byNumber(workflow).plan);
  const opened = await openInstances([...instances.values()], unhandled, unsignalled, world);
  if (opened === null) throw new SharedGone();
  const plan = (workflow: number): Plan => definitions.byNumber(workflow).plan;

  const alike = grouped(opened, ({ gathered, likeness }) => `${gathered.root} ${likeness}`);
  const needing = new Set(alike.filter(([first]) => joinsOrWithdraws(first!.state, first!.happenings, { plan })));
  const all = byInstance(await readAll([...needing].flat(), store));
  const decided = alike.flatMap(members => {
    if (!needing.has(members)) return [decidedOf(members, null, plan)];
    const storedOf = ({ gathered: { root, ordinal } }: OpenedInstance): StoredContext[] =>
      [...(all.get(keyOf(root, ordinal))?.values() ?? [])].map(segment => storedContext(segment, plan, atMs));
    return grouped(members, each => JSON.stringify(storedOf(each))).map(each =>
      decidedOf(each, storedOf(each[0]!), plan),
    );
  });
  const stored = byInstance([
    ...[...all.values()].flatMap(contexts => [...contexts.values()]),
    ...(await readNeeded(decided, all, store)),
  ]);
  return {
    plain: [...plain, ...unhandled.items(decide), ...unsignalled.items(decide)],
    decided,
    stored,
    texts: await Texts.read(decided, stored, world),
  };
}

/** An instance that a context belonged to is over. */
export class SharedGone extends Error {
  override name = 'SharedGone';
}

/** Those with the same key, in order of the first of each. */
function grouped<Each>(list: readonly Each[], likeness: (each: Each) => string): Each[][] {
  const groups = new Map<string, Each[]>();
  for (const each of list) {
    const key = likeness(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

/** @param stored all contexts of each of them; `null`: they need not be known */
function decidedOf(
  members: readonly OpenedInstance[],
  stored: readonly StoredContext[] | null,
  plan: (workflow: number) => Plan,
): Decided {
  const { state, happenings } = members[0]!;
  const { workflow } = state.open[0]!;
  const variablesScopeOf = new Map(
    Object.keys(state.open).map(scope => [Number(scope), variablesScope(state, Number(scope))]),
  );
  const taken = step(state, happenings, { plan, stored });
  return { members, step: taken, happenings, machine: JSON.stringify(state), workflow, variablesScopeOf, state };
}

async function readAll(instances: readonly OpenedInstance[], store: SharedWorld['store']): Promise<Segment[]> {
  if (instances.length === 0) return [];
  return store.contextsOf(instances.map(({ gathered: { root, ordinal } }) => ({ root, ordinal, contexts: null })));
}

/** Contexts that are to leave, or whose segment or variables somebody needs. */
async function readNeeded(
  decided: readonly Decided[],
  known: ReadonlyMap<string, ReadonlyMap<number, Segment>>,
  store: SharedWorld['store'],
): Promise<Segment[]> {
  const asked: ContextsOf[] = [];
  for (const { step: taken, members, happenings } of decided) {
    const touched = new Set(happenings.map(({ context }) => context || 1));
    const created = new Set(
      taken.standing.filter(({ context, from }) => context !== from).map(({ context }) => context),
    );
    const needed = new Set<number>(taken.leaving);
    for (const { context, from, source } of taken.standing) {
      needed.add(from);
      if (!created.has(context)) needed.add(context);
      for (const each of contextsOf(source)) needed.add(each);
    }
    if (taken.end?.result != null) needed.add(taken.end.result);
    for (const context of touched) needed.delete(context);
    if (needed.size === 0) continue;
    for (const { gathered } of members) {
      const have = known.get(keyOf(gathered.root, gathered.ordinal));
      const contexts = [...needed].filter(context => have?.has(context) !== true);
      if (contexts.length > 0) asked.push({ root: gathered.root, ordinal: gathered.ordinal, contexts });
    }
  }
  return asked.length === 0 ? [] : store.contextsOf(asked);
}

/** Contexts whose written text a source is made from. */
export function contextsOf(source: Source): number[] {
  switch (source.kind) {
    case 'of':
    case 'error':
    case 'input':
      return [source.context];
    case 'joined':
      return source.arrivals.map(({ context }) => context);
    case 'result':
      return source.result === null ? [source.context] : [source.context, source.result];
    case 'results':
      return [source.context, ...(source.results ?? []).map(({ context }) => context)];
    case 'item':
      return source.item.kind === 'listed' ? [source.context, source.item.context] : [source.context];
  }
}

function byInstance(segments: readonly Segment[]): Map<string, Map<number, Segment>> {
  const instances = new Map<string, Map<number, Segment>>();
  for (const segment of segments) {
    for (const [position, ordinal] of segment.ordinals.entries()) {
      if (hasBit(segment.gone, position)) continue;
      const key = keyOf(segment.root, ordinal);
      let contexts = instances.get(key);
      if (contexts === undefined) {
        contexts = new Map();
        instances.set(key, contexts);
      }
      contexts.set(segment.context, segment);
    }
  }
  return instances;
}

function storedContext(segment: Segment, plan: (workflow: number) => Plan, atMs: number): StoredContext {
  const { context, scope, workflow, place, hasRun, state } = segment;
  const stored = { context, scope, workflow, place, hasRun, state };
  const { [place]: action } = plan(workflow).actions;
  // Where no signal is monitored they are alike whether they sleep or not.
  return action!.monitors === undefined ? stored : { ...stored, isAsleep: isAsleep(segment, action!, atMs) };
}
