// The legal audit of one instance: an automaton that reads its events in order and says what they tell.
//
//   life        := StartingExecutionFlow transaction* leaving?
//   transaction := attempt* attempt                     each attempt but the last failed, was lost to a kill, or both
//   attempt     := visit+ DeferringExecutionFlow*       visits follow the flows; at a break the next transaction begins
//   visit       := EnteringAction ExecutingAction exit
//   exit        := ExitingAction | ExitingActionOnError | ActionTimeout ExitingActionOnTimeout
//   leaving     := FinishingExecutionFlow FinishingFlowChart FlowChartRemoved     finished
//                | FinishingExecutionFlow? FlowChartRemoved                       removed by an operation, at a break
//
// FlowChartFailover is legal anywhere: what was claimed may have been begun or not. Another engine tells it, perhaps late,
// so its time is not compared; what was begun shows as a loss (G2).
//
// One flow context an instance; no signals, no error or timeout flows, no interrupts: extend it when the engine does.
// Events that are not named here (custom ones, runs, deadlines, client calls) are legal anywhere and only counted.
//
// Invariants:
//   G1. Attempts count from 1 and grow by one with each recorded failure, never by a kill.
//   G2. Work that was begun and lost (it reported itself, then its process died) leaves visits without a commit; the
//       transaction begins again with the same attempt (the first one perhaps with StartingExecutionFlow). Each such
//       loss needs a fault; the checker counts.
//   G3. A complete transaction, a failed attempt or an end that is told again is `committed-twice`.

import type { ViolationKind } from './checker.js';
import { completesTransaction, type WorkflowShape } from './shape.js';

export interface AuditEvent {
  /** Short name: `EnteringAction`, not `flux.audittrail.server.EnteringActionEvent`. */
  readonly event: string;
  readonly action: string | null;
  readonly atMs: number;
  /** 1 for the first; `null` where the event has none. */
  readonly attempt: number | null;
  /** Strictly ascending within the instance. */
  readonly seq: number;
}

/** The first illegal event, or none. */
export type AuditFault = { readonly kind: ViolationKind; readonly message: string } | null;

export type VisitEnd = 'ok' | 'error' | 'timeout' | 'begun' | 'lost';

export interface Visit {
  readonly action: string;
  readonly attempt: number;
  end: VisitEnd;
}

export interface AuditReading {
  /** In order; each with the visits of all its attempts. */
  readonly transactions: readonly (readonly Visit[])[];
  /** What the audit says has become of the instance. `failed`: its attempts are used up; `retrying`: not yet. */
  readonly says: 'finished' | 'removed' | 'failed' | 'retrying' | 'open';
  /** Times begun work was lost to a kill. */
  readonly losses: number;
  /** Times it was taken from an engine that no longer answered. */
  readonly failovers: number;
  readonly ignored: number;
  readonly fault: AuditFault;
}

type Phase =
  | 'unborn'
  | 'standing' // before the first action of a transaction: one of `places`
  | 'entered'
  | 'executing'
  | 'timed-out'
  | 'passed'
  | 'flow-finished'
  | 'flow-cut' // FinishingExecutionFlow away from an end: only a removal explains it
  | 'chart-finished'
  | 'finished'
  | 'removed';

/** Phases in which everything the instance did has been told. */
const toldPhases: ReadonlySet<Phase> = new Set<Phase>(['flow-finished', 'chart-finished', 'finished', 'removed']);

const actionEvents = new Set(
  'EnteringAction ExecutingAction ExitingAction ExitingActionOnError ActionTimeout ExitingActionOnTimeout'.split(' '),
);

/** Read the events of one instance of `shape`; stops at the first illegal one. */
export function readAudit(events: readonly AuditEvent[], shape: WorkflowShape, slackMs: number): AuditReading {
  const reader = new AuditReader(shape, slackMs);
  for (const event of events) {
    const fault = reader.read(event);
    if (fault !== null) return reader.reading(fault);
  }
  return reader.reading(null);
}

class AuditReader {
  private readonly transactions: Visit[][] = [];
  private phase: Phase = 'unborn';
  private places: readonly string[] = [];
  /** First action of the present transaction, and of the one committed before it. */
  private start: string | null = null;
  private committedStart: string | null = null;
  private visit: Visit | null = null;
  private attempt = 1;
  private failures: 'none' | 'retrying' | 'used-up' = 'none';
  private losses = 0;
  private failovers = 0;
  private ignored = 0;
  private lastSeq = Number.NEGATIVE_INFINITY;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly shape: WorkflowShape,
    private readonly slackMs: number,
  ) {}

  reading(fault: AuditFault): AuditReading {
    const { transactions, losses, failovers, ignored } = this;
    const standing = this.failures === 'used-up' ? 'failed' : this.failures === 'retrying' ? 'retrying' : 'open';
    const says = this.phase === 'finished' || this.phase === 'removed' ? this.phase : standing;
    return { transactions, says, losses, failovers, ignored, fault };
  }

  read(event: AuditEvent): AuditFault {
    if (event.seq <= this.lastSeq) return this.refuse('audit-order', event, `seq ${event.seq} after ${this.lastSeq}`);
    if (event.event === 'FlowChartFailover') {
      this.lastSeq = event.seq;
      this.failovers += 1;
      return null;
    }
    if (event.atMs < this.lastMs - this.slackMs) {
      return this.refuse('audit-time', event, `${this.lastMs - event.atMs} ms before its predecessor`);
    }
    this.lastSeq = event.seq;
    this.lastMs = Math.max(this.lastMs, event.atMs);
    if (actionEvents.has(event.event)) return this.readActionEvent(event);
    switch (event.event) {
      case 'StartingExecutionFlow':
        if (this.phase === 'unborn') return this.stand([this.shape.start]);
        if (this.mayRestart(this.shape.start) && this.committedStart === null && this.attempt === 1) return this.lose();
        return this.refuse('audit-gap', event, `while ${this.where()}`);
      case 'DeferringExecutionFlow':
        if (this.phase === 'standing') return null;
        if (this.isComplete() && this.nextOf().length > 0) return this.completeAndStand();
        return this.refuse('audit-gap', event, `while ${this.where()}`);
      case 'FinishingExecutionFlow':
      case 'FinishingFlowChart':
      case 'FlowChartRemoved':
        return this.readLeaving(event);
      default:
        this.ignored += 1;
        return null;
    }
  }

  private readActionEvent(event: AuditEvent): AuditFault {
    if (event.event === 'EnteringAction') return this.enter(event);
    const { visit, phase } = this;
    const isHere = visit !== null && visit.action === event.action;
    if (!isHere || (event.attempt !== null && event.attempt !== visit.attempt)) return this.refuseStray(event);
    const mayExit = phase === 'executing' || (phase === 'entered' && !this.shape.actions.get(visit.action)?.hasEffect);
    switch (event.event) {
      case 'ExecutingAction':
        return phase === 'entered' ? this.move('executing') : this.refuseStray(event);
      case 'ActionTimeout':
        return phase === 'executing' ? this.move('timed-out') : this.refuseStray(event);
      case 'ExitingAction':
        if (!mayExit) return this.refuseStray(event);
        visit.end = 'ok';
        return this.move('passed');
      case 'ExitingActionOnError':
        return mayExit ? this.fail(visit, 'error') : this.refuseStray(event);
      default: // ExitingActionOnTimeout
        return phase === 'timed-out' ? this.fail(visit, 'timeout') : this.refuseStray(event);
    }
  }

  private enter(event: AuditEvent): AuditFault {
    const action = event.action ?? '';
    const known = this.shape.actions.get(action);
    if (known === undefined) return this.refuse('audit-gap', event, 'the workflow has no such action');
    if (this.phase === 'passed' && this.nextOf().includes(action)) {
      if (!known.isBreak) return this.begin(event, action);
      this.completeAndStand();
    }
    if (this.phase === 'standing' && this.places.includes(action)) {
      if (this.failures === 'used-up') return this.refuse('too-many-attempts', event, 'all were used up');
      if (event.attempt !== null && event.attempt === this.attempt - 1) {
        return this.refuse('committed-twice', event, `attempt ${event.attempt} has failed already`); // G3
      }
      if (this.start === null) this.transactions.push([]);
      this.start = action;
      return this.begin(event, action);
    }
    if (this.mayRestart(action) && (event.attempt === null || event.attempt === this.attempt)) {
      this.lose();
      return this.begin(event, action);
    }
    const isTold =
      action === this.committedStart ||
      (action === this.start && (this.phase === 'passed' || toldPhases.has(this.phase)));
    return this.refuse(isTold ? 'committed-twice' : 'audit-gap', event, `while ${this.where()}`);
  }

  private begin(event: AuditEvent, action: string): AuditFault {
    if (event.attempt !== null && event.attempt !== this.attempt) {
      return this.refuse('audit-gap', event, `attempt ${event.attempt} where ${this.attempt} was due`); // G1
    }
    this.visit = { action, attempt: this.attempt, end: 'begun' };
    this.transactions.at(-1)!.push(this.visit);
    return this.move('entered');
  }

  /** The present attempt has begun and is not complete, so it may begin again at `action` (G2). */
  private mayRestart(action: string): boolean {
    const hasBegun = this.phase === 'entered' || this.phase === 'executing' || this.phase === 'timed-out';
    return action === this.start && (hasBegun || (this.phase === 'passed' && !this.isComplete()));
  }

  /** G2: what this attempt has told so far was lost; it stands where it began. */
  private lose(): AuditFault {
    for (const visit of this.transactions.at(-1)!) if (visit.attempt === this.attempt) visit.end = 'lost';
    this.losses += 1;
    return this.stand([this.start!]);
  }

  private fail(visit: Visit, end: 'error' | 'timeout'): AuditFault {
    visit.end = end;
    this.failures = visit.attempt >= this.shape.actions.get(visit.action)!.attemptMax ? 'used-up' : 'retrying';
    this.attempt += 1;
    return this.stand([this.start!]);
  }

  private completeAndStand(): AuditFault {
    const places = this.nextOf();
    this.committedStart = this.start;
    this.start = null;
    this.attempt = 1;
    this.failures = 'none';
    return this.stand(places);
  }

  private readLeaving(event: AuditEvent): AuditFault {
    const atBreak = this.phase === 'standing' || this.isComplete();
    switch (event.event) {
      case 'FinishingExecutionFlow':
        if (this.isComplete() && this.nextOf().length === 0) return this.move('flow-finished');
        if (atBreak) return this.move('flow-cut');
        break;
      case 'FinishingFlowChart':
        if (this.phase === 'flow-finished') return this.move('chart-finished');
        break;
      case 'FlowChartRemoved': {
        if (this.phase === 'chart-finished') return this.move('finished');
        const isCut = this.phase === 'unborn' || this.phase === 'flow-cut' || this.phase === 'flow-finished' || atBreak;
        if (isCut) return this.move('removed');
      }
    }
    return this.refuse(toldPhases.has(this.phase) ? 'committed-twice' : 'audit-gap', event, `while ${this.where()}`);
  }

  private refuseStray(event: AuditEvent): AuditFault {
    const isTold = event.event === 'ExitingAction' && this.phase === 'passed' && event.action === this.visit?.action;
    const isFailedTold = event.event.startsWith('ExitingActionOn') && this.phase === 'standing' && this.attempt > 1;
    return this.refuse(isTold || isFailedTold ? 'committed-twice' : 'audit-gap', event, `while ${this.where()}`);
  }

  private isComplete(): boolean {
    return this.phase === 'passed' && completesTransaction(this.shape, this.visit!.action);
  }

  private nextOf(): readonly string[] {
    return this.shape.actions.get(this.visit!.action)!.next;
  }

  private stand(places: readonly string[]): AuditFault {
    this.places = places;
    this.visit = null;
    return this.move('standing');
  }

  private move(phase: Phase): AuditFault {
    this.phase = phase;
    return null;
  }

  private where(): string {
    const place = this.visit === null ? this.places.join(' or ') : this.visit.action;
    return `${this.phase} ${place}, attempt ${this.attempt}`;
  }

  private refuse(kind: ViolationKind, event: AuditEvent, why: string): AuditFault {
    const of = event.action === null ? '' : ` of ${event.action}`;
    return { kind, message: `${event.event}${of} (seq ${event.seq}): ${why}` };
  }
}
