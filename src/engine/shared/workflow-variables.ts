// What is laid under the variables of one of several contexts before it runs: the instance's variables in workflow scope,
// as they are now.

import { type SharedState, variablesScope } from '../../flow/shared/state.js';
import { withWorkflow } from '../../flow/shared/variables.js';
import type { Store } from '../../store/contract.js';
import type { JsonObject } from '../../workflow/model.js';
import type { LoadedPart } from '../claims/batches.js';
import { HeldBody } from '../claims/held-body.js';
import { Packing } from '../commit/packing.js';
import { keyOf } from './gathered.js';

const encoder = new TextEncoder();

/**
 * The parts with what they need of the workflow scope among what was written.
 * COST one read of what the instances share, for the parts whose instances share something.
 */
export async function withWorkflowVariables(
  parts: readonly LoadedPart[],
  store: Pick<Store, 'shared'>,
): Promise<LoadedPart[]> {
  const keys = parts.flatMap(({ held: { segment }, positions }) =>
    segment.context === 0
      ? []
      : Array.from(positions, position => ({ root: segment.root, ordinal: segment.ordinals[position]! })),
  );
  if (keys.length === 0) return [...parts];
  const scopes = new Map<string, { machine: SharedState; variables: { [scope: string]: JsonObject } }>();
  for (const { root, ordinal, state } of await store.shared(keys)) {
    // Most write none, and their state need not be read any further.
    if (!state.endsWith('"variables":{}}')) scopes.set(keyOf(root, ordinal), JSON.parse(state));
  }
  return scopes.size === 0 ? [...parts] : parts.map(part => laidUnder(part, scopes));
}

function laidUnder(
  part: LoadedPart,
  scopes: ReadonlyMap<string, { machine: SharedState; variables: { [scope: string]: JsonObject } }>,
): LoadedPart {
  const { segment } = part.held;
  if (segment.context === 0) return part;
  const packing = new Packing();
  for (const position of part.positions) {
    const ordinal = segment.ordinals[position]!;
    const shared = scopes.get(keyOf(segment.root, ordinal));
    const variables = shared?.variables[variablesScope(shared.machine, segment.scope)];
    const text = part.written?.textOf(ordinal) ?? '{}';
    const bytes = encoder.encode(variables === undefined ? text : withWorkflow(text, variables));
    packing.add(Uint16Array.of(ordinal), { bytes, offsets: Int32Array.of(0, bytes.length) });
  }
  return { ...part, written: new HeldBody({ id: segment.id, root: segment.root, ...packing.finish() }) };
}
