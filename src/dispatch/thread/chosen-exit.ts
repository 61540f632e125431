// Where a member goes on when the variables decide.

import type { Member } from './member.js';
import type { NodeExit } from './thread-plan.js';

export function chosenExit(member: Member): NodeExit {
  const { node } = member;
  return node.exit(
    'normal',
    node.plan.wayOver(node.place.planAction.place, node.place.route.taken(member.variables())),
  );
}
