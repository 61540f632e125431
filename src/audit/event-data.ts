// What events say beside their names and times: the words of `README.md`, which is made from them (`npm run docs`).

import type { EventShortName } from '../workflow/events.js';

/** Of one kind of event; `null`: it has none. */
export interface EventWords {
  readonly message: string | null;
  readonly data: string | null;
}

const nothing: EventWords = { message: null, data: null };
const call: EventWords = { message: 'The call, what it was for, and what came of it.', data: null };
const entered: EventWords = { message: null, data: 'The variables, as they were then.' };
const result: EventWords = { message: null, data: 'The result.' };
const error: EventWords = {
  message: null,
  data: 'The error: `code`, `message`, `action`, `attempt`, and `stack` where there is one.',
};
const deadline: EventWords = { message: 'The date of the deadline.', data: null };

/** By short name; compiled for all of the catalogue. */
export const eventData: { readonly [name in EventShortName]: EventWords } = {
  EnteringCall: call,
  ExitingCall: call,
  ExitingCallWithError: { message: 'The call, and its error.', data: null },
  FlowChartRemoved: nothing,
  J2seTransactionCommitted: call,
  J2seTransactionRolledBack: { message: 'The call, and its error.', data: null },
  ActionTimeout: nothing,
  DeadlineApproaching: deadline,
  DeadlineExceeded: deadline,
  DeferringExecutionFlow: {
    message:
      'The reason: it waits for the trigger, for an error handler, to be tried again or to be recovered; it was paused, or interrupted.',
    data: null,
  },
  EndingRun: nothing,
  EnteringAction: entered,
  EnteringTrigger: entered,
  ExecutingAction: nothing,
  ExitingAction: result,
  ExitingActionOnError: {
    message: 'Only of one thrown late: that the action had returned.',
    data: error.data,
  },
  ExitingActionOnSignal: { message: null, data: 'The result, when the action had run.' },
  ExitingActionOnTimeout: error,
  ExitingTrigger: result,
  ExitingTriggerOnError: error,
  ExitingTriggerOnSignal: nothing,
  ExitingTriggerOnTimeout: error,
  ExitingTriggerWithoutFiring: { message: null, data: 'The result, when it has expired.' },
  FinishingExecutionFlow: nothing,
  FinishingFlowChart: nothing,
  FlowChartFailover: { message: 'The engine it was taken from, and the window.', data: null },
  StartingExecutionFlow: nothing,
  StartingRun: nothing,
  EngineContentsSummary: { message: 'How many instances of each workflow are in which state.', data: null },
  EngineDatabaseCommandsFailing: { message: 'That it is so.', data: null },
  EngineMainBlocked: { message: 'That it is alive, but blocked or deadlocked.', data: null },
  EngineMainStopped: { message: 'The error.', data: null },
  FlowContextDetails: {
    message: 'Of one flow context that executes: its instance, action, attempt, and for how long.',
    data: null,
  },
  Ok: { message: 'Memory, and what is running.', data: null },
};
