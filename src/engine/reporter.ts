// Work that is still executing after a moment reports itself, so that the audit shows what has begun (D5). The commit
// that ends it leaves those events out.
//
// Invariants:
//   R1. What began is in the audit once: members are marked when their report is durable, and outcomes of a part that is
//       being reported wait for it (`Committer.accept`). A report that fails marks nobody.
//   R2. One report is under way at a time.

import { begunEvents } from '../audit/events-of.js';
import { auditRow, type TraceGroup } from '../audit/trace.js';
import type { Timer } from '../observe/clock.js';
import type { AuditRow } from '../store/contract.js';
import { emptyCommit } from './commit-builder.js';
import type { EngineParts } from './parts.js';
import type { RunningPart } from './running.js';
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
    const { clock, dispatcher, committer } = this.#parts;
    const nowMs = clock.nowMs();
    const groups = new Map<string, TraceGroup[]>();
    const members = new Map<RunningPart, number[]>();
    let reports = 0;
    for (const { batch, slot, place, startedAtMs } of dispatcher.executing()) {
      if (nowMs - startedAtMs < reportAfterMs || reports >= reportsMax) continue;
      const found = partOf(committer.batches.get(batch)?.parts, slot);
      // Further actions of a transaction are recorded when it ends.
      if (found === null || place !== found.part.held.segment.place || found.part.reported?.has(found.member) === true)
        continue;
      const { part, member } = found;
      const group = this.#group(part, member, startedAtMs);
      if (group === null) continue;
      reports += 1;
      const { root } = part.held.segment;
      groups.set(root, [...(groups.get(root) ?? []), group]);
      members.set(part, [...(members.get(part) ?? []), member]);
    }
    if (groups.size === 0) return;
    const audit: AuditRow[] = [...groups].map(([root, list]) => auditRow(root, nowMs, list));
    this.#underWay = this.#send(audit, nowMs, members);
    for (const part of members.keys()) part.reporting = this.#underWay;
  }

  /** Never rejects. */
  async #send(audit: AuditRow[], atMs: number, members: ReadonlyMap<RunningPart, readonly number[]>): Promise<void> {
    const { store, ids, health } = this.#parts;
    try {
      await store.commit({ ...emptyCommit(ids.next(), atMs), audit });
      for (const [part, reported] of members) part.reported = new Set([...(part.reported ?? []), ...reported]);
    } catch (error) {
      health.storeFailed(error);
    }
    for (const part of members.keys()) part.reporting = null;
    this.#underWay = null;
  }

  #group(part: RunningPart, member: number, startedAtMs: number): TraceGroup | null {
    const { segment } = part.held;
    const events = begunEvents(this.#parts.filter, isFirstSegment(segment));
    if (events.length === 0) return null;
    return {
      workflow: segment.workflow,
      ordinals: Uint16Array.of(segment.ordinals[part.positions[member]!]!),
      path: [part.plan.actions[segment.place]!.name],
      baseMs: startedAtMs,
      times: [0],
      timesPerMember: 1,
      engine: this.#parts.build.engine,
      attempt: segment.attempt,
      bodyBefore: segment.body,
      bodyAfter: null,
      events,
    };
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
