// Contexts that end, scopes that close with them, and groups of copies, which are scopes too.
//
// A scope closes when nothing lives in it and no scope inside of it is open. Its opener then goes on.

import type { ForEachAction } from '../../workflow/model.js';
import type { Place } from '../../workflow/plan.js';
import type { Happening, ItemOf, StoredContext, What } from './happening.js';
import { withdraw } from './joins.js';
import { hasJoins } from './needs.js';
import type { Group, Scope } from './state.js';
import type { Working } from './working.js';

/** A living context of `scope` has ended, with its RESULT or (withdrawn, removed) without. */
export function endContext(working: Working, context: number, scope: number, hasResult: boolean): void {
  const own = working.scope(scope);
  own.living -= 1;
  const { group } = own;
  if (group === undefined) {
    working.leave(context);
    // What lives on may end at a join, and leave no result of its own.
    if (hasResult && own.living > 0 && hasJoins(working.world.plan(own.workflow))) {
      keepResult(working, scope, own, context);
    } else {
      closeIfEmpty(working, scope, hasResult ? context : null);
    }
    return;
  }
  const item = group.active[context]!;
  delete group.active[context];
  endItem(working, scope, item, context, hasResult);
}

/** Withdraw a context, wherever it stands, with the scopes it has opened. */
export function withdrawContext(working: Working, { context, scope, state, hasRun }: StoredContext): void {
  // What stands for a result, or keeps a list, is part of its group.
  if (state === 'joining' && hasRun) return;
  for (const [number, { opener }] of Object.entries(working.state.open)) {
    if (opener === context) working.drop(working.below(Number(number)));
  }
  if (state === 'joining') {
    withdraw(working, context, scope, true, new Set());
    return;
  }
  working.release(context);
  endContext(working, context, scope, false);
}

/** @param last the context that ended last, if what it leaves is a result */
export function closeIfEmpty(working: Working, number: number, last: number | null): void {
  const scope = working.state.open[number];
  if (scope === undefined || scope.kind === 'group' || scope.living > 0 || awaitsActivated(working, scope)) return;
  if (Object.values(working.state.open).some(({ parent }) => parent === number)) {
    keepResult(working, number, scope, last);
    return;
  }
  const result = last ?? scope.result ?? null;
  close(working, number, scope, result);
  if (scope.result !== undefined && scope.result !== result) working.leave(scope.result);
}

/** A join in it goes on as soon as nothing lives that could still come to it. */
function awaitsActivated(working: Working, { joins, workflow }: Scope): boolean {
  if (working.state.isRemoved) return false;
  const { actions } = working.world.plan(workflow);
  return Object.entries(joins).some(
    ([place, { queues }]) => actions[Number(place)]!.join?.kind === 'activated' && Object.keys(queues).length > 0,
  );
}

/** It is not over yet: what has ended last stands for its result. */
function keepResult(working: Working, number: number, scope: Scope, last: number | null): void {
  if (last === null) return;
  if (scope.result !== undefined) working.leave(scope.result);
  scope.result = last;
  const { workflow } = scope;
  const source = { kind: 'of', context: last } as const;
  working.stand({
    context: last,
    scope: number,
    workflow,
    place: 0,
    hasRun: true,
    state: 'joining',
    from: last,
    source,
  });
}

function close(working: Working, number: number, scope: Scope, result: number | null): void {
  for (const { queues } of Object.values(scope.joins)) {
    for (const queue of Object.values(queues)) for (const context of queue) working.leave(context);
  }
  const { kind, parent, place, opener } = scope;
  const { isRemoved } = working.state;
  switch (kind) {
    case 'instance':
      if (result !== null) working.leave(result);
      working.end = { state: isRemoved ? 'removed' : 'finished', result };
      return;
    case 'group':
      return;
    case 'item':
    case 'workflow':
    case 'handler':
      delete working.state.open[number];
  }
  if (scope.item !== undefined) {
    endItem(working, parent!, scope.item, result ?? working.newContext(), result !== null);
    return;
  }
  if (result !== null) working.leave(result);
  if (opener === null) {
    closeIfEmpty(working, parent!, null);
    return;
  }
  if (isRemoved) {
    working.release(opener);
    endContext(working, opener, parent!, false);
    return;
  }
  const above = working.scope(parent!);
  if (kind === 'handler') {
    const source = { kind: 'of', context: opener } as const;
    working.arrive(opener, parent!, above.workflow, place, scope.hasRun === true, opener, source, true);
    return;
  }
  working.stand({
    context: opener,
    scope: parent!,
    workflow: above.workflow,
    place,
    hasRun: true,
    state: 'ready',
    from: opener,
    source: { kind: 'result', context: opener, result },
  });
}

/** An item of a group that splits, or opens a group it does not wait for to the end, gets a scope of its own: its joins count there,
 * and it has not finished before all of that has. */
export function ownScope(working: Working, context: number, scope: number, workflow: number): number {
  const outer = working.scope(scope);
  if (outer.group === undefined) return scope;
  const item = outer.group.active[context]!;
  delete outer.group.active[context];
  outer.living -= 1;
  const own = working.newScope({ kind: 'item', parent: scope, workflow, place: outer.place, opener: null, item });
  working.scope(own).living = 1;
  return own;
}

/** The action at `place` opens a group. */
export function openGroup(
  working: Working,
  happening: Happening,
  what: Extract<What, { kind: 'acted' }>,
  action: ForEachAction,
): void {
  const { context, scope, workflow } = happening;
  const waits = action.wait !== false;
  // Copies may still run when the flow goes on.
  const goesOn = !waits || (action.complete !== undefined && action.rest !== 'cancel');
  const parent = goesOn ? ownScope(working, context, scope, workflow) : scope;
  const number = working.newScope({
    kind: 'group',
    parent,
    workflow,
    place: what.at,
    opener: waits ? context : null,
    group: {
      total: what.count,
      begun: 0,
      finished: 0,
      openedBy: context,
      base: context,
      lists: [],
      active: {},
      results: [],
      ...(what.range !== null ? { range: what.range } : {}),
      ...(what.workflow !== null ? { runs: what.workflow } : {}),
      ...(waits ? {} : { isOver: true }),
    },
  });
  const group = working.scope(number).group!;
  const stands = { context, scope: parent, workflow, place: what.at, hasRun: true, from: context } as const;
  working.stand({ ...stands, state: waits ? 'waiting' : 'ready', source: { kind: 'of', context } });
  if (!waits) group.base = keepFor(working, number, context);
  if (what.range === null) group.lists.push([group.base, 0]);
  fill(working, number);
}

/** A context that stands in the group for what another one has written. */
function keepFor(working: Working, number: number, from: number): number {
  const context = working.newContext();
  const { workflow, place } = working.scope(number);
  working.stand({
    context,
    scope: number,
    workflow,
    place,
    hasRun: true,
    state: 'joining',
    from,
    source: { kind: 'of', context: from },
  });
  return context;
}

/** More items for a group, the RESULT of `from`. None for one that its opener has waited for, and no longer does. */
export function extendGroup(working: Working, number: number, from: number, count: number): void {
  const { workflow, place, ...scope } = working.scope(number);
  const group = scope.group!;
  if (count === 0 || (group.isOver && forEachAt(working, workflow, place).wait !== false)) return;
  group.lists.push([keepFor(working, number, from), group.total]);
  group.total += count;
  fill(working, number);
}

/** Begin items as long as there is room; a group in which nothing is left to do goes on. */
function fill(working: Working, number: number): void {
  const { group, workflow, place } = working.scope(number);
  const action = forEachAt(working, workflow, place);
  const { isRemoved } = working.state;
  while (!isRemoved && group!.begun < group!.total && group!.begun - group!.finished < (action.parallel ?? 1)) {
    group!.begun += 1;
    beginItem(working, number, group!, action, group!.begun - 1);
  }
  if (group!.finished < (isRemoved ? group!.begun : group!.total)) return;
  if (isRemoved) {
    const { opener, parent } = working.scope(number);
    for (const [, context] of group!.results) working.leave(context);
    endGroup(working, number);
    if (opener !== null) endContext(working, opener, parent!, false);
    return;
  }
  if (!group!.isOver) goOn(working, number, true);
  endGroup(working, number);
}

function beginItem(working: Working, number: number, group: Group, action: ForEachAction, index: number): void {
  const { workflow, place } = working.scope(number);
  const isOwn = group.runs !== undefined;
  const base = working.written(group.base);
  const source = {
    kind: 'item',
    context: base,
    item: itemOf(working, group, index),
    as: action.as ?? 'item',
    indexAs: action.indexAs ?? 'index',
    index,
    without:
      typeof action.items === 'string'
        ? (/^\$\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}$/u.exec(action.items)?.[1] ?? null)
        : null,
    isOwn,
  } as const;
  if (isOwn) {
    const runs = group.runs!;
    const scope = working.newScope({
      kind: 'workflow',
      parent: number,
      workflow: runs,
      place,
      opener: null,
      item: index,
    });
    const { entry } = working.world.plan(runs);
    begin(scope, runs, entry.place, entry.hasRun);
    return;
  }
  const starts = working.world.plan(workflow).actions[place]!.bodyStarts;
  if (starts.length === 1) {
    const context = begin(number, workflow, starts[0]!, false);
    group.active[context] = index;
    return;
  }
  const scope = working.newScope({ kind: 'item', parent: number, workflow, place, opener: null, item: index });
  for (const start of starts) begin(scope, workflow, start, false);

  function begin(scope: number, runs: number, at: Place, hasRun: boolean): number {
    const context = working.newContext();
    working.scope(scope).living += 1;
    working.arrive(context, scope, runs, at, hasRun, base, source);
    return context;
  }
}

function itemOf(working: Working, { lists, range }: Group, index: number): ItemOf {
  for (let at = lists.length - 1; at >= 0; at--) {
    const [context, first] = lists[at]!;
    if (index >= first) return { kind: 'listed', context: working.written(context), at: index - first };
  }
  return { kind: 'number', value: range!.from + index * range!.step };
}

function endItem(working: Working, number: number, item: number, context: number, hasResult: boolean): void {
  const { group, workflow, place } = working.scope(number);
  const action = forEachAt(working, workflow, place);
  group!.finished += 1;
  if (hasResult && action.collect !== false && !group!.isOver && !working.state.isRemoved) {
    group!.results.push([item, context]);
    const source = { kind: 'of', context } as const;
    working.stand({ context, scope: number, workflow, place, hasRun: true, state: 'joining', from: context, source });
  } else {
    working.leave(context);
  }
  const isEnough = action.complete !== undefined && group!.finished >= action.complete;
  if (isEnough && !group!.isOver && !working.state.isRemoved) {
    goOn(working, number, true);
    if (action.rest === 'cancel') {
      dropGroup(working, number);
      return;
    }
  }
  fill(working, number);
}

/** The flow goes on behind the group, with its results or without; copies that still run give nothing from now on. */
function goOn(working: Working, number: number, withResults: boolean): void {
  const { group, opener, parent, place, workflow } = working.scope(number);
  const action = forEachAt(working, workflow, place);
  const results = group!.results.map(([item, context]) => ({ item, context })).sort((a, b) => a.item - b.item);
  for (const { context } of results) working.leave(context);
  if (opener !== null) {
    if (group!.begun < group!.total) {
      // The opener's RESULT is another from now on.
      const kept = keepFor(working, number, opener);
      group!.base = kept;
      group!.lists = group!.lists.map(([context, first]) => [context === opener ? kept : context, first]);
    }
    const given = action.collect === false ? null : withResults ? results : [];
    working.stand({
      context: opener,
      scope: parent!,
      workflow,
      place,
      hasRun: true,
      state: 'ready',
      from: opener,
      source: { kind: 'results', context: opener, results: given },
    });
  }
  const scope = working.scope(number);
  scope.opener = null;
  group!.results = [];
  group!.isOver = true;
}

/** Complete a group now, with the results there are or without any: what runs is withdrawn. */
export function finishGroup(working: Working, number: number, withResults: boolean): void {
  if (!working.scope(number).group!.isOver) goOn(working, number, withResults);
  dropGroup(working, number);
}

function dropGroup(working: Working, number: number): void {
  const inside = working.below(number);
  inside.delete(number);
  working.drop(inside);
  const { group } = working.scope(number);
  for (const context of Object.keys(group!.active).map(Number)) {
    for (const [opened, { opener }] of Object.entries(working.state.open)) {
      if (opener === context) working.drop(working.below(Number(opened)));
    }
    working.leave(context);
    working.release(context);
  }
  endGroup(working, number);
}

/** Nothing runs in it any more. */
function endGroup(working: Working, number: number): void {
  const { group, parent } = working.scope(number);
  for (const [context] of group!.lists) if (isKept(context)) working.leave(context);
  if (isKept(group!.base)) working.leave(group!.base);
  delete working.state.open[number];
  closeIfEmpty(working, parent!, null);

  function isKept(context: number): boolean {
    const known = working.standing.get(context);
    // An opener that waited for the group has its own number, and goes on.
    return context !== group!.openedBy && (known === undefined || known.state === 'joining');
  }
}

function forEachAt(working: Working, workflow: number, place: Place): ForEachAction {
  const { action } = working.world.plan(workflow).actions[place]!;
  if (action.type !== 'forEach') throw new Error(`"${action.name}" opens no group`);
  return action;
}
