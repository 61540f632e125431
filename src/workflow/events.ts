// The catalogue of audit trail events: what the engine can record, by the names of the original, exactly.
//
// Codes are stored in audit rows: never change or reuse one. Client events have 1 to 19, server events 20 to 79, status
// events 80 to 99; new ones take the next free code of their family.

export type EventFamily = 'client' | 'server' | 'status';

/** Code, short name, whether the full name ends in `Event`, name in the console (`null`: not offered there), meaning. */
const table = {
  client: [
    [1, 'EnteringCall', 'Entering Call', 'A call of the engine began.'],
    [2, 'ExitingCall', 'Exiting Call', 'A call of the engine ended normally.'],
    [3, 'ExitingCallWithError', 'Exiting Call with Error', 'A call of the engine ended with an error.'],
    [4, 'FlowChartRemoved', 'Workflow Removed', 'An instance left the engine: it finished or was removed.'],
    [
      5,
      'J2seTransactionCommitted',
      'J2se Transaction Committed',
      'The database transaction of a client call was committed.',
    ],
    [
      6,
      'J2seTransactionRolledBack',
      'J2se Transaction Rolled Back',
      'The database transaction of a client call was rolled back.',
    ],
  ],
  server: [
    [20, 'ActionTimeout', 'Action Timeout', 'A trigger or action reached its timeout before it fired or completed.'],
    [21, 'DeadlineApproaching', 'Deadline Approaching', 'An instance or run entered its deadline window.'],
    [22, 'DeadlineExceeded', 'Deadline Exceeded', 'An instance or run passed its deadline.'],
    [
      23,
      'DeferringExecutionFlow',
      'Deferring Flow Execution',
      'A flow context stopped for some time or waits: for a trigger, an error handler, another attempt, or an operator.',
    ],
    [24, 'EndingRun', 'Ending Run', 'A run reached the action marked as its end.'],
    [
      25,
      'EnteringAction',
      'Entering Action',
      'A flow context reached an action; that it executes is an event of its own.',
    ],
    [26, 'EnteringTrigger', 'Entering Trigger', 'A flow context reached a trigger, which begins to poll.'],
    [27, 'ExecutingAction', 'Executing Action', 'An action began to execute, or a trigger fires.'],
    [28, 'ExitingAction', 'Exiting Action', 'An action finished normally.'],
    [29, 'ExitingActionOnError', 'Exiting Action on Error', 'An action ended with an error.'],
    [30, 'ExitingActionOnSignal', 'Exiting Action on Signal', 'An action ended because a signal asked it to.'],
    [31, 'ExitingActionOnTimeout', 'Exiting Action on Timeout', 'An action ended after its timeout.'],
    [32, 'ExitingTrigger', 'Exiting Trigger', 'A trigger fired.'],
    [33, 'ExitingTriggerOnError', 'Exiting Trigger on Error', 'A trigger ended with an error and did not fire.'],
    [
      34,
      'ExitingTriggerOnSignal',
      'Exiting Trigger on Signal',
      'A trigger stopped polling because a signal asked it to.',
    ],
    [35, 'ExitingTriggerOnTimeout', 'Exiting Trigger on Timeout', 'A trigger ended after its timeout without firing.'],
    [
      36,
      'ExitingTriggerWithoutFiring',
      'Exiting Trigger without Firing',
      'A trigger polled, was not ready, and waits for its next poll.',
    ],
    [37, 'FinishingExecutionFlow', 'Finishing Execution Flow', 'A flow context ended, also at a join.'],
    [38, 'FinishingFlowChart', 'Finishing Workflow', 'All flow contexts of an instance have ended.'],
    [39, 'FlowChartFailover', 'Workflow Failover', 'An instance was taken from a coordinator that no longer answers.'],
    [40, 'StartingExecutionFlow', 'Starting Execution Flow', 'A flow context began: at a start action or a split.'],
    [41, 'StartingRun', 'Starting Run', 'A run reached the action marked as its start.'],
  ],
  status: [
    [80, 'EngineContentsSummary', null, 'The state of every workflow of the engine.'],
    [
      81,
      'EngineDatabaseCommandsFailing',
      'Engine Database Commands Failing',
      'At least five commands to the store failed within a short time.',
    ],
    [
      82,
      'EngineMainBlocked',
      'Engine Main Blocked',
      'The engine is alive, but blocked or deadlocked, and makes no progress.',
    ],
    [83, 'EngineMainStopped', 'Engine Main Stopped', 'The engine stopped because of an error.'],
    [84, 'FlowContextDetails', null, 'The status of one flow context.'],
    [85, 'Ok', null, 'The heartbeat of an engine in which no error was found.'],
  ],
} as const satisfies {
  readonly [family in EventFamily]: readonly (readonly [number, string, string | null, string])[];
};

/** `EnteringAction`, `Ok` and so on. */
export type EventShortName = (typeof table)[EventFamily][number][1];

/** One kind of event. */
export interface AuditEvent {
  /** Stable small integer, stored. */
  readonly code: number;
  /** Dotted name of the original: `flux.audittrail.server.EnteringActionEvent`. */
  readonly name: string;
  /** Name in the original's console, `Entering Action`; `null` for those it does not offer. */
  readonly consoleName: string | null;
  readonly shortName: EventShortName;
  readonly family: EventFamily;
  readonly description: string;
}

/** Every event, by code. */
export const auditEvents: readonly AuditEvent[] = (['client', 'server', 'status'] as const).flatMap(family =>
  table[family].map(([code, shortName, consoleName, description]) => ({
    code,
    // Status events are the only ones whose class names do not end in `Event`.
    name: `flux.audittrail.${family}.${shortName}${family === 'status' ? '' : 'Event'}`,
    consoleName,
    shortName,
    family,
    description,
  })),
);

const byCode = new Map(auditEvents.map(event => [event.code, event]));
const byName = new Map(auditEvents.map(event => [event.name, event]));
const byShortName = new Map<string, AuditEvent>(auditEvents.map(event => [event.shortName, event]));
const byConsoleName = new Map(
  auditEvents.flatMap(event => (event.consoleName === null ? [] : [[event.consoleName, event]])),
);

/** The stored code of an event. */
export function eventCode(shortName: EventShortName): number {
  return byShortName.get(shortName)!.code;
}

export function eventByCode(code: number): AuditEvent | undefined {
  return byCode.get(code);
}

/** By dotted, short or console name, in that order; names are exact. */
export function eventByName(name: string): AuditEvent | undefined {
  return byName.get(name) ?? byShortName.get(name) ?? byConsoleName.get(name);
}
