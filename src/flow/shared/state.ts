// What the flow contexts of an instance share: numbers given, scopes, arrivals at joins, groups, mutexes. Kept as JSON, a
// row an instance that has split; an instance that never does has none.
//
// Words:
//   scope   where contexts live and joins count. 0 is the instance; a sub-workflow, an error handler, a group and an item
//           of a group that splits are scopes inside of another.
//   opener  the context that waits for a scope to close, at the action that opened it.
//   living  a context that is not JOINING: it stands ready, paused or FAILED, executes, or waits for what it opened.

import type { Place } from '../../workflow/plan.js';

export interface SharedState {
  /** The highest number given to a context, and to a scope. */
  contexts: number;
  scopes: number;
  /** By number. */
  open: { [scope: string]: Scope };
  mutexes: { [name: string]: Mutex };
  /** An operation has removed one of the contexts: the others follow at their breaks. */
  isRemoved?: true;
  /** Names of the signals that are active. */
  signals?: string[];
  /** Contexts at triggers of which the first to fire withdraws the others. */
  races?: number[][];
}

export interface Scope {
  kind: 'instance' | 'workflow' | 'handler' | 'group' | 'item';
  /** `null`: the instance. */
  parent: number | null;
  /** Number of the workflow version its contexts walk. */
  workflow: number;
  /** The place that opened it, in the plan of its parent; -1: the instance. */
  place: Place;
  /** `null`: nobody waits. */
  opener: number | null;
  /** Of a handler: whether its opener's transaction began behind its place. */
  hasRun?: true;
  /** Living contexts in it, those in scopes below not counted. */
  living: number;
  /** By place. */
  joins: { [place: string]: Arrivals };
  /** The context that has ended last and stands for its result, while others could leave none. */
  result?: number;
  group?: Group;
  /** The item of the group above that it is. */
  item?: number;
}

/** What has arrived at a join. */
export interface Arrivals {
  /** By number of the inbound flow: contexts that wait there, in order of arrival. */
  queues: { [flow: string]: number[] };
  /** Flows that have brought a context this round; only once it has gone on. */
  passed?: number[];
}

/** Copies of a for-each. */
export interface Group {
  /** Items there are by now, and how many of them have begun, and finished. */
  total: number;
  begun: number;
  finished: number;
  /** The context that opened it. */
  openedBy: number;
  /** The context whose variables the copies begin with. */
  base: number;
  /** Where the items are: the context whose RESULT is the list, and the index of its first. None: a range. */
  lists: [context: number, first: number][];
  range?: { from: number; step: number };
  /** Number of the workflow version that is run for each item; none: a body. */
  runs?: number;
  /** Item by context, of those that have no scope of their own. */
  active: { [context: string]: number };
  /** Results: item and the context that stands for it. */
  results: [item: number, context: number][];
  /** The flow has gone on: what still runs gives nothing. */
  isOver?: true;
}

export interface Mutex {
  holder: number;
  waiting: Waiting[];
}

export interface Waiting {
  context: number;
  scope: number;
  workflow: number;
  place: Place;
  /** It comes back to a transaction that is tried again. */
  isRetry?: true;
}

/** Of an instance whose only context, number 1 from now on, is about to split. */
export function initialState(workflow: number): SharedState {
  return {
    contexts: 1,
    scopes: 0,
    open: { 0: { kind: 'instance', parent: null, workflow, place: -1, opener: null, living: 1, joins: {} } },
    mutexes: {},
  };
}

/** Number of the scope whose workflow variables a context in `scope` sees: the instance's, or a sub-workflow's. */
export function variablesScope(state: SharedState, scope: number): number {
  let number = scope;
  for (
    let at = state.open[number];
    at !== undefined && at.kind !== 'workflow' && at.parent !== null;
    at = state.open[number]
  )
    number = at.parent;
  return number;
}
