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
import { initialState, type SharedState, variablesScope } from '../../flow/shared/state.js';
import { step } from '../../flow/shared/step.js';
import { keptState } from '../../flow/shared/text.js';
import type { Next } from '../../flow/transition.js';
import { hasBit } from '../../store/bitmap.js';
import type { ContextsOf, InstanceKey, Segment, Shared, Store } from '../../store/contract.js';
import type { JsonObject } from '../../workflow/model.js';
import type { Plan } from '../../workflow/plan.js';
import type { CommitItem } from '../commit-builder.js';
import type { Definitions } from '../definitions.js';
import type { Holdings } from '../holdings.js';
import { type GatheredInstance, gather, keyOf, type PlainItem } from './gathered.js';
import { Texts } from './texts.js';
import { Unhandled } from './unhandled.js';

/** Instances that were decided together. */
export interface Decided {
  readonly members: readonly DecidedInstance[];
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

export interface DecidedInstance {
  readonly gathered: GatheredInstance;
  /** 0: nothing was shared yet. */
  readonly version: number;
  readonly variables: { readonly [scope: string]: JsonObject };
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
export function isShared({ held, outcome }: CommitItem): boolean {
  if (held.segment.context > 0) return true;
  switch (outcome.kind) {
    case 'completed':
      return outcome.demand !== undefined;
    case 'failed':
      return outcome.handler !== undefined;
    case 'waiting':
      return false;
  }
}

/**
 * Decide.
 *
 * @param decide what follows for the members of an item by themselves
 * @throws {SharedGone} when an instance is over by now: its items are to be decided again
 */
export async function decideShared(
  items: readonly PlainItem[],
  world: SharedWorld,
  decide: (item: CommitItem) => Next,
): Promise<SharedWork> {
  const { store, definitions } = world;
  const { instances, plain } = gather(items, name => definitions.newestNumber(name));
  const living = [...instances.values()].filter(({ occurrences }) => occurrences[0]!.happening.context > 0);
  const rows = await read(living, keys => store.shared(keys));
  const shared = new Map(rows.map(row => [keyOf(row.root, row.ordinal), row]));
  await definitions.ensure(workflowsIn(rows));
  const plan = (workflow: number): Plan => definitions.byNumber(workflow).plan;

  const waiting = new Map<string, DecidedInstance[]>();
  const states = new Map<string, { machine: string; happenings: Happening[]; stored: StoredContext[] }>();
  const withAll: GatheredInstance[] = [];
  const opened: {
    gathered: GatheredInstance;
    row: Shared | null;
    machine: string;
    variables: DecidedInstance['variables'];
  }[] = [];
  const initial = new Map<number, string>();
  const unhandled = new Unhandled();
  for (const gathered of instances.values()) {
    const { happening } = gathered.occurrences[0]!;
    if (happening.context === 0) {
      let machine = initial.get(happening.workflow);
      if (machine === undefined) {
        machine = JSON.stringify(initialState(happening.workflow));
        initial.set(happening.workflow, machine);
      }
      opened.push({ gathered, row: null, machine, variables: {} });
      continue;
    }
    const row = shared.get(keyOf(gathered.root, gathered.ordinal));
    if (row === undefined) throw new SharedGone();
    const kept = keptState(row.state);
    unhandled.takeFrom(gathered, kept.machine);
    if (gathered.occurrences.length > 0) opened.push({ gathered, row, ...kept });
  }
  const needsAll = new Map<string, boolean>();
  for (const { gathered, machine } of opened) {
    const happenings = gathered.occurrences.map(({ happening }) => happening);
    const key = `${machine} ${JSON.stringify(happenings)}`;
    let needs = needsAll.get(key);
    if (needs === undefined) {
      needs = joinsOrWithdraws(JSON.parse(machine) as SharedState, happenings, { plan });
      needsAll.set(key, needs);
    }
    if (needs) withAll.push(gathered);
  }
  const all = byInstance(await read(withAll, keys => store.contextsOf(keys.map(key => ({ ...key, contexts: null })))));
  for (const { gathered, row, machine, variables } of opened) {
    const happenings = gathered.occurrences.map(({ happening }) => happening);
    const stored = [...(all.get(keyOf(gathered.root, gathered.ordinal))?.values() ?? [])].map(storedContext);
    // Instances alike but for who paused: the stands of a paused one are its own.
    const paused = gathered.occurrences.map(({ isPaused }) => +isPaused).join('');
    const key = `${gathered.root} ${machine} ${JSON.stringify(happenings)} ${JSON.stringify(stored)} ${paused}`;
    let alike = waiting.get(key);
    if (alike === undefined) {
      alike = [];
      waiting.set(key, alike);
      states.set(key, { machine, happenings, stored });
    }
    alike.push({ gathered, version: row?.version ?? 0, variables });
  }
  const decided = [...waiting].map(([key, members]): Decided => {
    const { machine, happenings, stored } = states.get(key)!;
    const state = JSON.parse(machine) as SharedState;
    const { workflow } = state.open[0]!;
    const variablesScopeOf = new Map(
      Object.keys(state.open).map(scope => [Number(scope), variablesScope(state, Number(scope))]),
    );
    const taken = step(state, happenings, { plan, stored });
    return { members, step: taken, happenings, machine: JSON.stringify(state), workflow, variablesScopeOf, state };
  });
  const stored = byInstance([
    ...[...all.values()].flatMap(contexts => [...contexts.values()]),
    ...(await readNeeded(decided, all, store)),
  ]);
  return {
    plain: [...plain, ...unhandled.items(decide)],
    decided,
    stored,
    texts: await Texts.read(decided, stored, world),
  };
}

/** An instance that a context belonged to is over. */
export class SharedGone extends Error {
  override name = 'SharedGone';
}

async function read<Row>(
  instances: readonly GatheredInstance[],
  ask: (keys: InstanceKey[]) => Promise<Row[]>,
): Promise<Row[]> {
  return instances.length === 0 ? [] : ask(instances.map(({ root, ordinal }) => ({ root, ordinal })));
}

function workflowsIn(rows: readonly Shared[]): number[] {
  return rows.flatMap(({ state }) =>
    Object.values((JSON.parse(state) as { machine: SharedState }).machine.open).flatMap(({ workflow, group }) =>
      group?.runs === undefined ? [workflow] : [workflow, group.runs],
    ),
  );
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

function storedContext({ context, scope, workflow, place, hasRun, state }: Segment): StoredContext {
  return { context, scope, workflow, place, hasRun, state };
}
