// Where a member goes on when the variables decide.

import { END, type PlanFlow } from '../../workflow/plan.js';
import { ActionFault } from '../action.js';
import type { Member } from './member.js';
import type { NodeExit } from './thread-plan.js';

/** @throws {ActionFault} `FlowSplit` when several flows are to be taken: splits are not executed yet */
export function chosenExit(member: Member): NodeExit {
  const { node } = member;
  const { route, planAction } = node.place;
  const taken = route.taken(member.variables());
  if (taken.length <= 1) return node.exit('normal', taken[0]?.to ?? END);
  const shown = taken.slice(0, 5).map(flow => flowText(flow, node.plan.places[flow.to]!.planAction.name));
  const more = taken.length > shown.length ? `, and ${taken.length - shown.length} more` : '';
  throw new ActionFault(
    'FlowSplit',
    `${taken.length} flows out of "${planAction.name}" are to be taken at once, ${shown.join(', ')}${more}; a split is not yet executed by this version`,
  );
}

function flowText(flow: PlanFlow, target: string): string {
  return flow.kind === 'conditional' ? `to "${target}" (${flow.condition.text.slice(0, 100)})` : `to "${target}"`;
}
