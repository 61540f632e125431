// The audit trail trigger: fires with an event of other workflows. The engine reads the audit for all that wait
// (`engine/bringers/audit-watch.ts`) and brings it.

import type { BuiltInAction } from '../dispatch/action.js';
import { auditTrailEvent } from '../workflow/waited-events.js';
import { brought } from './message.js';
import { timed } from './timed.js';

export const auditTrailTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare: planAction => timed(planAction, ({ kept }) => brought(kept, auditTrailEvent)),
};
