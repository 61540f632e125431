// The manual trigger: waits until an operator expedites it.

import { type BuiltInAction, never } from '../dispatch/action.js';
import { timed } from './timed.js';

export const manualTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare: planAction =>
    timed(planAction, ({ isExpedited }) =>
      isExpedited ? { kind: 'fired', result: { result: true } } : { kind: 'waits', untilMs: never },
    ),
};
