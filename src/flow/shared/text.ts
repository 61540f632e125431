// The shared state as it is kept: one JSON text, the machine's state first, and the variables of its scopes, which the
// machine never looks at.

import type { JsonObject } from '../../workflow/model.js';
import type { SharedState } from './state.js';

export interface KeptState {
  readonly machine: SharedState;
  /** Variables in workflow scope, by the number of the scope. */
  readonly variables: { readonly [scope: string]: JsonObject };
}

export function keptState(text: string): KeptState {
  return JSON.parse(text) as KeptState;
}

/** @param machine JSON text of a `SharedState` */
export function textOfState(machine: string, variables: KeptState['variables']): string {
  return `{"machine":${machine},"variables":${JSON.stringify(variables)}}`;
}
