// What contexts share, of workflows that have other numbers from now on and are otherwise the same.

import type { SharedState } from './state.js';

/** @param numberOf the number a version has from now on */
export function renumbered(state: SharedState, numberOf: (workflow: number) => number): SharedState {
  const open = Object.fromEntries(
    Object.entries(state.open).map(([number, scope]) => {
      const { group } = scope;
      const runs = group?.runs === undefined ? {} : { group: { ...group, runs: numberOf(group.runs) } };
      return [number, { ...scope, workflow: numberOf(scope.workflow), ...runs }];
    }),
  );
  const mutexes = Object.fromEntries(
    Object.entries(state.mutexes).map(([name, mutex]) => {
      const waiting = mutex.waiting.map(each => ({ ...each, workflow: numberOf(each.workflow) }));
      return [name, { ...mutex, waiting }];
    }),
  );
  return { ...state, open, mutexes };
}
