// The shared state as it is kept: one JSON text, the machine's state first, and the variables of its scopes, which the
// machine never looks at.

import type { JsonObject } from '../../workflow/model.js';
import type { SharedState } from './state.js';

export interface KeptState {
  /** JSON text of `SharedState`: instances alike have the same. */
  readonly machine: string;
  /** Variables in workflow scope, by the number of the scope. */
  readonly variables: { readonly [scope: string]: JsonObject };
}

export function keptState(text: string): KeptState {
  const { machine, variables } = JSON.parse(text) as { machine: SharedState; variables: KeptState['variables'] };
  return { machine: JSON.stringify(machine), variables };
}

export function textOfState({ machine, variables }: KeptState): string {
  return `{"machine":${machine},"variables":${JSON.stringify(variables)}}`;
}
