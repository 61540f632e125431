// Everything that leaves the thread: outcomes in groups, log lines, events that come late. It decides when (R2 of the
// runtime) and measures what outcomes cost.

import type { MessagePort } from 'node:worker_threads';
import type { ActionError, FromThread, LogLine, MemberEvent } from '../protocol.js';
import type { SharedState } from '../shared-state.js';
import { Gathering } from './gathering.js';
import { LogLines } from './log-lines.js';
import type { Member } from './member.js';
import { RateLimit } from './rate-limit.js';
import type { NodeExit } from './thread-plan.js';

/** Outcomes wait no longer than this while the event loop does not turn. */
const flushMs = 2;
/** Events of members that have ended, each a message and a commit: a timer that user code forgot sends them for ever. */
const lateEventsPerSecondMax = 100;
const sayDroppedMs = 1_000;

export class Outbox {
  readonly #port: MessagePort;
  readonly #shared: SharedState;
  readonly #gathering = new Gathering();
  readonly #logLines = new LogLines();
  readonly #lateEvents = new RateLimit(lateEventsPerSecondMax);
  #saidDroppedAtMs = Number.NEGATIVE_INFINITY;
  #flushes = 0;
  #flushDueMs = Number.POSITIVE_INFINITY;
  #busyMs = 0;
  /** Members that have begun since anything was sent. */
  #begun = 0;

  constructor(port: MessagePort, shared: SharedState) {
    this.#port = port;
    this.#shared = shared;
  }

  /** Members whose outcomes wait. */
  get members(): number {
    return this.#gathering.members;
  }

  /** The engine's time of day. */
  nowMs(): number {
    return Math.floor(Date.now() + this.#shared.clockOffsetMs);
  }

  post(message: FromThread): void {
    this.#port.postMessage(message);
  }

  /**
   * @param payload what the member leaves with; `null`: nothing
   * @param error of its last action, when that one's error or timeout flow led to where it stands
   */
  completed(member: Member, exit: NodeExit, payload: string | null, error: ActionError | null, endedMs: number): void {
    this.#gathering.completed(member, exit, payload, error, endedMs);
    this.#gathered(member, endedMs);
  }

  failed(member: Member, error: ActionError, endedMs: number): void {
    this.#gathering.failed(member, error, endedMs);
    this.#gathered(member, endedMs);
  }

  /** An event of a member that has ended: beside its outcome if that waits here still, else by name. */
  late(member: Member, event: MemberEvent): void {
    if (!this.#lateEvents.allows(performance.now())) return;
    const { batch, from } = member.part;
    const ordinal = from.ordinals[member.index]!;
    if (member.flush === this.#flushes) this.#gathering.event(batch, event);
    else {
      const { root, workflow, runsAs = null } = from;
      this.post({ kind: 'late', root, ordinal, workflow, runsAs, event });
    }
  }

  log(line: LogLine): void {
    this.#logLines.add(line, performance.now());
    if (this.#logLines.length === 1) setImmediate(() => this.flush());
  }

  /** A member has begun. */
  begun(): void {
    this.#begun += 1;
  }

  /** It has to wait for its code first. */
  waitsForCode(): void {
    this.#begun = Math.max(0, this.#begun - 1);
  }

  /** What kept the thread busy until now was no member's work. */
  hasCode(): void {
    this.#forgetBusy();
    this.#begun += 1;
  }

  /**
   * Nothing waits to begin: what has begun and not ended awaits something, perhaps for long, and leaves time for more. How
   * many they are is in shared memory.
   */
  tellBegun(): void {
    if (this.#begun > 0) this.post({ kind: 'begun' });
    this.#begun = 0;
  }

  /** Send everything that waits. */
  flush(): void {
    if (this.#logLines.length > 0) this.post({ kind: 'log', lines: this.#logLines.take() });
    if (this.#gathering.members === 0) return;
    const { active } = performance.eventLoopUtilization();
    const wallOffsetMs = Date.now() + this.#shared.clockOffsetMs - performance.now();
    for (const outcomes of this.#gathering.take(wallOffsetMs, active - this.#busyMs)) {
      this.post({ kind: 'outcomes', outcomes });
    }
    this.#busyMs = active;
    this.#begun = 0;
    this.#flushes += 1;
    this.#flushDueMs = Number.POSITIVE_INFINITY;
  }

  /** The event loop turned. A quiet thread's own timers must not be counted as work of whoever ends next. */
  turned(): void {
    if (this.#gathering.members === 0) this.#forgetBusy();
    this.#sayDropped(performance.now());
  }

  /** Beside the log lines and their bound: one line a second. */
  #sayDropped(nowMs: number): void {
    if (nowMs - this.#saidDroppedAtMs < sayDroppedMs) return;
    const dropped = this.#lateEvents.takeDropped();
    if (dropped === 0) return;
    this.#saidDroppedAtMs = nowMs;
    const message = `${dropped} events of instances that had ended were dropped: a thread may send ${lateEventsPerSecondMax} a second`;
    this.post({ kind: 'log', lines: [{ level: 'warn', message, instance: '' }] });
  }

  #forgetBusy(): void {
    this.#busyMs = performance.eventLoopUtilization().active;
  }

  #gathered(member: Member, nowMs: number): void {
    member.flush = this.#flushes;
    if (this.#flushDueMs === Number.POSITIVE_INFINITY) this.#flushDueMs = nowMs + flushMs;
    else if (nowMs > this.#flushDueMs) this.flush();
  }
}
