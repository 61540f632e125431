// Where a member goes on when the variables decide.

import type { Member } from './member.js';
import type { NodeExit } from './thread-plan.js';
import { applyFlowMaps } from './values.js';

/** @throws {ActionFault} what the data map of the flow that is taken failed with, or `MapOnSplit` */
export function chosenExit(member: Member): NodeExit {
  const { node } = member;
  const { plan, place } = node;
  const taken = place.route.taken(member.variablesNamed(place.route.names));
  applyFlowMaps(taken, member, plan.world.substitute);
  return node.exit('normal', plan.wayOver(place.planAction.place, taken));
}
