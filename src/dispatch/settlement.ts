// What a lost thread held, settled in one synchronous step: who is answered here, who runs again, and how (P1-P3).

import type { Plan } from '../workflow/plan.js';
import type { DispatcherOptions } from './contract.js';
import type { LossReason, Verdict } from './culprit.js';
import { endedOutcome } from './ended-outcome.js';
import type { Suspect } from './isolation.js';
import type { Batch, OutcomeMessage } from './protocol.js';
import { type ExecutingRow, uptimeMs } from './shared-state.js';
import type { MemberName, Ticket } from './ticket.js';
import type { WorkerThread } from './worker-thread.js';

export interface Loss {
  readonly thread: WorkerThread;
  readonly reason: LossReason;
  readonly message: string;
  readonly verdict: Verdict;
  /** What was executing when the thread was given up. */
  readonly rows: readonly ExecutingRow[];
}

export interface Settlement {
  /** One member each: the culprit, and those whose own time had run out. */
  readonly outcomes: readonly OutcomeMessage[];
  /** To run alone. */
  readonly suspects: readonly Omit<Suspect, 'incident'>[];
  /** To run again as if nothing had happened. */
  readonly innocent: readonly Remainder[];
}

/** Members of a batch that have no outcome, by part. */
export interface Remainder {
  readonly batch: Batch;
  readonly indexes: readonly Uint16Array[];
}

export interface SettlementWorld {
  readonly options: DispatcherOptions;
  readonly nowMs: number;
  planOf(workflow: number): Plan;
}

export function settle(loss: Loss, world: SettlementWorld): Settlement {
  const outcomes = endMembers(loss, world);
  const suspects = loss.verdict.suspects.flatMap(row => {
    const open = openMember(loss.thread, row);
    if (open === null) return [];
    open.ticket.remove(row.slot);
    return [{ batch: open.ticket.batch, name: open.name }];
  });
  const innocent = [...loss.thread.tickets.values()]
    .filter(ticket => ticket.remaining > 0)
    .map(ticket => ({ batch: ticket.batch, indexes: ticket.open() }));
  return { outcomes, suspects, innocent };
}

/** Timeout of the action a member is executing; `Infinity` without one. */
export function timeoutMsOf(thread: WorkerThread, row: ExecutingRow, planOf: (workflow: number) => Plan): number {
  const open = openMember(thread, row);
  if (open === null) return Number.POSITIVE_INFINITY;
  const plan = planOf(open.ticket.batch.parts[open.name.part]!.workflow);
  return plan.actions[row.path[row.path.length - 1]!]?.timeoutMs ?? Number.POSITIVE_INFINITY;
}

export function openMember(thread: WorkerThread, row: ExecutingRow): { ticket: Ticket; name: MemberName } | null {
  const ticket = thread.tickets.get(row.batch);
  const name = ticket?.openAt(row.slot);
  return ticket === undefined || name == null ? null : { ticket, name };
}

function writtenBy({ written }: Batch, slot: number): string {
  if (written === null) return '';
  const { bytes, offsets } = written;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'utf8',
    offsets[slot],
    offsets[slot + 1],
  );
}

/** Several suspects of one batch in one remainder. */
export function remaindersOf(suspects: readonly Suspect[]): Remainder[] {
  const byBatch = new Map<Batch, MemberName[]>();
  for (const { batch, name } of suspects) {
    const names = byBatch.get(batch);
    if (names === undefined) byBatch.set(batch, [name]);
    else names.push(name);
  }
  return [...byBatch].map(([batch, names]) => ({
    batch,
    indexes: batch.parts.map((_, part) =>
      Uint16Array.from(names.flatMap(name => (name.part === part ? [name.index] : []))).sort(),
    ),
  }));
}

/** Of those whose own time had run out beside the culprit's, `ActionTimeout` is what the thread would have said. */
function endMembers({ thread, reason, message, verdict, rows }: Loss, world: SettlementWorld): OutcomeMessage[] {
  const { graceMs } = world.options;
  const uptimeNowMs = uptimeMs();
  const isTurning = thread.stalledMs < graceMs / 2;
  const outcomes: OutcomeMessage[] = [];
  for (const row of rows) {
    const open = openMember(thread, row);
    if (open === null) continue;
    const { ticket, name } = open;
    const isCulprit = row.row === verdict.culprit?.row;
    const overMs = uptimeNowMs - row.startedAtMs - timeoutMsOf(thread, row, world.planOf);
    // In a thread that stood still their time was taken by somebody else: they run again.
    if (!isCulprit && (row.isLoading || reason !== 'timeout' || !isTurning || overMs <= 0)) continue;
    // Those that did not heed their signals either would end the next thread.
    const isKilled = isCulprit || overMs >= graceMs;
    const { workflow, attempt, context, place } = ticket.batch.parts[name.part]!;
    const reasonOf = isCulprit ? reason : 'timeout';
    const written = writtenBy(ticket.batch, row.slot);
    const own = { plan: world.planOf(workflow), place, context, attempt, written };
    const ended = { row, name, ...own, reason: reasonOf, isKilled, message } as const;
    ticket.remove(row.slot);
    const group = endedOutcome(ended, world.nowMs, uptimeNowMs, world.options);
    outcomes.push({ batch: ticket.batch.id, groups: [group], events: [] });
  }
  return outcomes;
}
