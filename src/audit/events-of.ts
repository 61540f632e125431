// Which events a transaction's end stands for, in order, with the filter applied: worked out once per shape, not per
// instance. The names are the catalogue's; where each is recorded is said in the seed's table of server events.

import { eventCode } from '../workflow/events.js';
import type { AuditFilter } from '../workflow/filter.js';
import type { ActionExit } from '../workflow/plan.js';
import { dataKind, type GroupEvent } from './trace.js';

/** What happened to all members of a group. */
export interface GroupShape {
  /** The instances' first transaction, first attempt. */
  readonly begins: boolean;
  /** Entering and executing the first action, or entering the trigger, was recorded before, while it ran. */
  readonly reported: boolean;
  /** Actions that ran; 0: none, also when a transaction had only flows to choose. */
  readonly pathLength: number;
  /** `unfired`: the trigger at the beginning, which is all that ran. */
  readonly kind: 'completed' | 'failed' | 'unfired' | 'waiting';
  /** Whether the transaction began at a trigger: that was reached now, or asked `again`. */
  readonly trigger: 'none' | 'entered' | 'again';
  readonly timedOut: boolean;
  /** How the actions that ran ended; `null`: normally, or for the last one as `kind` and `timedOut` say. */
  readonly exits: readonly ActionExit[] | null;
  /** Which of the actions that ran begin or end a run of their workflow; `null`: none. */
  readonly runs: readonly ('start' | 'end' | null)[] | null;
  /** What became of them. */
  /** `ended`: of one of several contexts, alone. */
  readonly after: 'moved' | 'deferred' | 'ended' | 'finished' | 'removed';
  /** Contexts that begin with it, beside the first. */
  readonly starts: number;
  /** Of the actions that ran so many of the first are not told of: their work is rolled back. */
  readonly untold: number;
  /** Results are final (`END`) rather than written variables (a break). */
  readonly ended: boolean;
}

/** What the audit says of work that is rolled back: that it was tried and failed, or nothing, as if it had never run. */
export type Auditing = 'asynchronous' | 'synchronous';

/** Events of groups by shape, for one filter. */
export class GroupEvents {
  readonly #filter: AuditFilter;
  readonly #auditing: Auditing;
  readonly #known = new Map<string, readonly GroupEvent[]>();

  constructor(filter: AuditFilter, auditing: Auditing = 'asynchronous') {
    this.#filter = filter;
    this.#auditing = auditing;
  }

  /** How many of the actions that were rolled back are not told of. */
  untold(rolledBack: number): number {
    return this.#auditing === 'synchronous' ? rolledBack : 0;
  }

  of(shape: GroupShape): readonly GroupEvent[] {
    // There can be very many different ones, each of them rare.
    if (shape.exits !== null || shape.runs !== null) return this.#allowed(shape);
    const key = `${shape.kind}${shape.after}${shape.pathLength}${+shape.begins}${+shape.timedOut}${+shape.reported}${+shape.ended}${shape.starts}${shape.trigger}${shape.untold}`;
    let events = this.#known.get(key);
    if (events === undefined) {
      events = this.#allowed(shape);
      this.#known.set(key, events);
    }
    return events;
  }

  /** Of members that a signal has ended while they waited. */
  ofSignalled(isTrigger: boolean, ends: 'flow' | 'instance' | null): readonly GroupEvent[] {
    return signalledEvents(this.#filter, isTrigger, ends);
  }

  #allowed(shape: GroupShape): GroupEvent[] {
    return eventsOf(shape).filter(([code]) => this.#filter.allows(code));
  }
}

/** Whether events that the filter lets pass show what transactions wrote. */
export function showsVariables(filter: AuditFilter): boolean {
  return filter.allows(eventCode('EnteringAction')) || filter.allows(eventCode('ExitingAction'));
}

function eventsOf(shape: GroupShape): GroupEvent[] {
  const events: GroupEvent[] = [];
  const add = (
    shortName: Parameters<typeof eventCode>[0],
    action: number,
    time: number,
    data: number = dataKind.none,
  ) => events.push([eventCode(shortName), action, time, data]);
  const last = shape.pathLength - 1;
  if (shape.begins && !shape.reported && (shape.kind !== 'waiting' || last >= 0)) {
    add('StartingExecutionFlow', -1, shape.pathLength > 0 ? 0 : -1);
  }
  for (let step = shape.untold; step <= last; step++) {
    const started = 2 * step;
    const ended = started + 1;
    const isTrigger = step === 0 && shape.trigger !== 'none';
    const variables = step === 0 ? dataKind.variables : dataKind.none;
    if (isTrigger) {
      if (shape.trigger === 'entered' && !shape.reported) {
        add('EnteringTrigger', step, started, variables);
        addRun(shape, step, add);
      }
      if (shape.kind === 'unfired') add('ExitingTriggerWithoutFiring', step, ended);
      // It says that the trigger fires.
      else if (exitOf(shape, step) === 'normal') add('ExecutingAction', step, started);
    } else if (step > 0 || !shape.reported) {
      add('EnteringAction', step, started, variables);
      addRun(shape, step, add);
      add('ExecutingAction', step, started);
    }
    // Whether a signal has ended what waits again is told of apart.
    if (shape.kind === 'unfired' || shape.kind === 'waiting') continue;
    const what = isTrigger ? 'Trigger' : 'Action';
    const earlier = step < last ? dataKind.earlierResult + step : null;
    const result = earlier ?? (shape.ended ? dataKind.result : dataKind.resultWritten);
    switch (exitOf(shape, step)) {
      case 'normal':
        add(`Exiting${what}`, step, ended, result);
        break;
      case 'signal':
        add(`Exiting${what}OnSignal`, step, ended, result);
        break;
      case 'expired':
        add('ExitingTriggerWithoutFiring', step, ended, result);
        break;
      case 'error':
        add(`Exiting${what}OnError`, step, ended, earlier ?? dataKind.error);
        break;
      case 'timeout':
        add('ActionTimeout', step, ended);
        add(`Exiting${what}OnTimeout`, step, ended, earlier ?? dataKind.error);
        break;
    }
  }
  const end = shape.pathLength > 0 ? 2 * last + 1 : -1;
  for (let start = 0; start < shape.starts; start++) add('StartingExecutionFlow', -1, end);
  switch (shape.after) {
    case 'moved':
      break;
    case 'ended':
      add('FinishingExecutionFlow', -1, end);
      break;
    case 'deferred':
      add('DeferringExecutionFlow', -1, end);
      break;
    case 'finished':
      add('FinishingExecutionFlow', -1, end);
      add('FinishingFlowChart', -1, end);
      add('FlowChartRemoved', -1, end);
      break;
    case 'removed':
      add('FlowChartRemoved', -1, end);
      break;
  }
  return events;
}

/** Where an action is reached at which a run begins or ends. */
function addRun({ runs }: Pick<GroupShape, 'runs'>, step: number, add: (...event: RunEvent) => void): void {
  const mark = runs?.[step] ?? null;
  if (mark !== null) add(mark === 'start' ? 'StartingRun' : 'EndingRun', step, 2 * step);
}

type RunEvent = [shortName: 'StartingRun' | 'EndingRun', action: number, time: number];

function exitOf({ kind, timedOut, exits, pathLength }: GroupShape, step: number): ActionExit {
  if (kind === 'failed' && step === pathLength - 1) return timedOut ? 'timeout' : 'error';
  return exits?.[step] ?? 'normal';
}

/** Events of members that a signal has ended while they waited at an action or trigger. */
function signalledEvents(filter: AuditFilter, isTrigger: boolean, ends: 'flow' | 'instance' | null): GroupEvent[] {
  const events: GroupEvent[] = [
    [eventCode(isTrigger ? 'ExitingTriggerOnSignal' : 'ExitingActionOnSignal'), 0, -1, dataKind.none],
  ];
  if (ends !== null) events.push([eventCode('FinishingExecutionFlow'), -1, -1, dataKind.none]);
  if (ends === 'instance') {
    events.push([eventCode('FinishingFlowChart'), -1, -1, dataKind.none]);
    events.push([eventCode('FlowChartRemoved'), -1, -1, dataKind.none]);
  }
  return events.filter(([code]) => filter.allows(code));
}

/** Events of members that are executing still: they have begun and not ended. That a trigger executes is told when it fires. */
export function begunEvents(
  filter: AuditFilter,
  { begins, trigger, run }: Pick<GroupShape, 'begins' | 'trigger'> & { readonly run: 'start' | 'end' | null },
): GroupEvent[] {
  const events: GroupEvent[] = [];
  const add = (name: Parameters<typeof eventCode>[0], action: number, data: number = dataKind.none) =>
    events.push([eventCode(name), action, 0, data]);
  if (begins) add('StartingExecutionFlow', -1);
  if (trigger !== 'again') {
    add(trigger === 'none' ? 'EnteringAction' : 'EnteringTrigger', 0, dataKind.variables);
    addRun({ runs: [run] }, 0, add);
  }
  if (trigger === 'none') add('ExecutingAction', 0);
  return events.filter(([code]) => filter.allows(code));
}
