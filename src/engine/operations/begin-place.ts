// Whether instances can begin at an action that is named, and where that is.

import type { WorkflowDefinition } from '../../workflow/model.js';
import type { Place } from '../../workflow/plan.js';
import type { KnownWorkflow } from '../definitions/definitions.js';

export type BeginPlace =
  | { readonly kind: 'place'; readonly place: Place }
  /** No action has the name. */
  | { readonly kind: 'unknown'; readonly problem: string }
  | { readonly kind: 'unsuitable'; readonly problem: string };

/** @param hasRun the action has run already: what is begun is the flows out of it, behind a break in any case */
export function beginPlaceOf({ plan, version }: KnownWorkflow, action: string, hasRun = false): BeginPlace {
  const place = plan.actions.findIndex(({ name }) => name === action);
  if (place < 0) return { kind: 'unknown', problem: `no action is named "${action}"` };
  const { actions } = JSON.parse(version.definition) as WorkflowDefinition;
  if (!actions.some(({ name }) => name === action)) {
    return { kind: 'unsuitable', problem: `"${action}" is in the body of a forEach` };
  }
  if (!hasRun && !plan.actions[place]!.isBreak && plan.entry.place !== place) {
    const problem = `no transaction can begin at "${action}": it is neither a transaction break nor the start`;
    return { kind: 'unsuitable', problem };
  }
  return { kind: 'place', place };
}
