// Work that is still executing after a moment reports itself, so that the audit shows what has begun (D5). The commit
// that ends it leaves those events out.
//
// Invariants:
//   R1. What began is in the audit once: members are marked when their report is durable, and outcomes of a part that is
//       being reported wait for it (`Committer.accept`). A report that the store refuses marks nobody.
//   R2. One report is under way at a time.
//   R3. Nothing is told of members that another engine has moved on because this one's lease had ended (G1).

import { begunEvents } from '../../audit/events-of.js';
import type { TraceGroup } from '../../audit/trace.js';
import type { Timer } from '../../observe/clock.js';
import type { RunningPart } from '../claims/running.js';
import type { EngineParts } from '../parts.js';
import { runMarkOf, triggerShape } from './commit-trace.js';
import { type Tale, tell } from './guarded-audit.js';
import { isFirstSegment } from './standing.js';

const reportAfterMs = 250;
/** Members reported in one round: a flood of slow actions must not crowd out commits. */
const reportsMax = 1_000;

export class Reporter {
  readonly #parts: EngineParts;
  #timer: Timer | null = null;
  #underWay: Promise<void> | null = null;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock
      .setTimer(reportAfterMs, () => {
        if (this.#underWay === null) this.#round();
        if (this.#timer !== null) this.start();
      })
      .unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #round(): void {
    const { clock, dispatcher, committer, filter } = this.#parts;
    const nowMs = clock.nowMs();
    const tales: Tale[] = [];
    const members = new Map<RunningPart, number[]>();
    for (const { batch, slot, place, startedAtMs } of dispatcher.executing()) {
      if (nowMs - startedAtMs < reportAfterMs || tales.length >= reportsMax) continue;
      const found = partOf(committer.batches.get(batch)?.parts, slot);
      // Further actions of a transaction are recorded when it ends.
      if (found === null || place !== found.part.held.segment.place || found.part.reported?.has(found.member) === true)
        continue;
      const { part, member } = found;
      const { held, plan } = part;
      const at = { held, plan, path: [place] };
      const begins = isFirstSegment(held.segment);
      const events = begunEvents(filter, { begins, trigger: triggerShape(at), run: runMarkOf(at, 0) });
      if (events.length === 0) continue;
      tales.push(this.#tale(part, part.positions[member]!, startedAtMs, events));
      members.set(part, [...(members.get(part) ?? []), member]);
    }
    if (tales.length === 0) return;
    this.#underWay = this.#send(tales, nowMs, members);
    for (const part of members.keys()) part.reporting = this.#underWay;
  }

  /** Never rejects. */
  async #send(tales: Tale[], atMs: number, members: ReadonlyMap<RunningPart, readonly number[]>): Promise<void> {
    try {
      await tell(tales, atMs, this.#parts);
      // Those that had gone too: their outcomes will be dropped, and they need not be asked about again.
      for (const [part, reported] of members) part.reported = new Set([...(part.reported ?? []), ...reported]);
    } catch (error) {
      this.#parts.health.storeFailed(error);
    }
    for (const part of members.keys()) part.reporting = null;
    this.#underWay = null;
  }

  #tale(part: RunningPart, position: number, startedAtMs: number, events: TraceGroup['events']): Tale {
    const { segment } = part.held;
    const group: TraceGroup = {
      workflow: segment.workflow,
      ordinals: Uint16Array.of(segment.ordinals[position]!),
      path: [part.plan.actions[segment.place]!.name],
      baseMs: startedAtMs,
      times: [0],
      timesPerMember: 1,
      engine: this.#parts.build.engine,
      user: part.runsAs,
      attempt: segment.attempt,
      bodyBefore: segment.body,
      bodyAfter: null,
      events,
    };
    return { segment, positions: [position], group: () => group };
  }
}

/** The part a slot of a batch belongs to, and its index there. */
export function partOf(
  parts: readonly RunningPart[] | undefined,
  slot: number,
): { part: RunningPart; member: number } | null {
  let member = slot;
  for (const part of parts ?? []) {
    if (member < part.positions.length) return { part, member };
    member -= part.positions.length;
  }
  return null;
}
