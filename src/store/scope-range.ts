// Names of workflows as ranges: an index on names finds those of a scope.

import type { Scope } from './contract.js';

/** Names of a scope: from, up to but without. `0` is the character behind `/`. */
export function rangeOf(scope: Scope): [string, string] {
  return scope.kind === 'branch'
    ? [scope.branch, `${scope.branch.slice(0, -1)}0`]
    : [scope.name, `${scope.name}\u0001`];
}
