// The built-in triggers by the `type` a definition names them with.

import type { BuiltInAction } from '../dispatch/action.js';
import type { Trigger } from '../workflow/model.js';
import { auditTrailTrigger } from './audit-trail.js';
import { delayTrigger } from './delay.js';
import { fileExistTrigger } from './file-exist.js';
import { manualTrigger } from './manual.js';
import { messageTrigger } from './message.js';
import { timerTrigger } from './timer.js';

export const builtInTriggers: Readonly<Record<Trigger['type'], BuiltInAction>> = {
  delay: delayTrigger,
  manual: manualTrigger,
  fileExist: fileExistTrigger,
  timer: timerTrigger,
  message: messageTrigger,
  auditTrail: auditTrailTrigger,
};
