// Compares what the actions of one instance did (the ledger) with what its audit says they did.
//
// The idempotency key names the transaction. Keys in order of their first execution are matched with the audit's
// transactions in order, going by the actions seen in each; what cannot be matched is a violation.
//
// Invariants checked:
//   E1. A committed action has an execution that ended well; a failed one has an execution. (`no-effect`)
//   E2. An execution belongs to an attempt of its transaction in the audit, unless it was cut or never committed because
//       of a fault, or the instance is still open. (`effect-without-audit`) This takes actions to succeed or fail by
//       their attempt alone, as the fixtures do: the same attempt, executed again, must not fail at an earlier action.
//   E3. An action executes once an attempt, plus at most once a kill, lost thread or lapse; in one process once, plus at
//       most once a lost thread or lapse. (`too-many-executions`)
//   E4. All attempts of a transaction carry one key (`key-changed`); transactions carry different ones (`key-reused`;
//       over instances, `key-shared`).

import type { AuditReading, Visit } from './audit-grammar.js';
import type { ViolationKind } from './checker.js';
import type { Effect } from './ledger.js';
import type { WorkflowShape } from './shape.js';

export interface Faults {
  readonly kills: number;
  readonly threadLosses: number;
  readonly lapses: number;
}

/** What one key did: for each (action, attempt) how often. */
interface KeySeen {
  readonly key: string;
  readonly firstAttempt: number;
  readonly tallies: Map<string, Tally>;
}

interface Tally {
  readonly action: string;
  readonly attempt: number;
  executions: number;
  endedWell: number;
  /** Executions by process; made at the second one. */
  pids: Map<number, number> | null;
  readonly firstPid: number;
}

export interface EffectNumbers {
  executions: number;
  /** Executions beyond the first of an action in an attempt. */
  duplicates: number;
}

type Report = (kind: ViolationKind, message: string) => void;

/** Reads executions, and checks what needs no audit: E3 and the begin of every end. */
export function tallyEffects(
  effects: readonly Effect[],
  faults: Faults,
  numbers: EffectNumbers,
  report: Report,
): KeySeen[] {
  const keys = new Map<string, KeySeen>();
  const begun = new Map<string, Tally>();
  for (const effect of effects) {
    if (effect.kind === 'end') {
      const tally = begun.get(effect.execution);
      if (tally === undefined) report('effect-without-begin', `execution ${effect.execution} ended but never began`);
      else if (effect.ok) tally.endedWell += 1;
      begun.delete(effect.execution);
      continue;
    }
    const { idempotencyKey: key, action, attempt, pid } = effect;
    let seen = keys.get(key);
    if (seen === undefined) {
      seen = { key, firstAttempt: attempt, tallies: new Map() };
      keys.set(key, seen);
    }
    const name = `${attempt} ${action}`;
    let tally = seen.tallies.get(name);
    if (tally === undefined) {
      tally = { action, attempt, executions: 0, endedWell: 0, pids: null, firstPid: pid };
      seen.tallies.set(name, tally);
    } else {
      tally.pids ??= new Map([[tally.firstPid, 1]]);
      tally.pids.set(pid, (tally.pids.get(pid) ?? 0) + 1);
    }
    tally.executions += 1;
    begun.set(effect.execution, tally);
    numbers.executions += 1;
    if (tally.executions > 1) numbers.duplicates += 1;
  }
  for (const seen of keys.values()) for (const tally of seen.tallies.values()) checkCount(tally, faults, report);
  return [...keys.values()];
}

function checkCount(tally: Tally, faults: Faults, report: Report): void {
  const max = 1 + faults.kills + faults.threadLosses + faults.lapses;
  const most = tally.pids === null ? 1 : Math.max(...tally.pids.values());
  if (tally.executions <= max && most <= 1 + faults.threadLosses + faults.lapses) return;
  const seen = `${tally.executions} times in all, ${most} times in one process`;
  report('too-many-executions', `${tally.action}, attempt ${tally.attempt}: ${seen}; ${faults.kills} kills`);
}

/** E1, E2 and E4 for one instance; `isSettled`: finished or failed, so that nothing may be missing from its audit. */
export function compareWithAudit(
  keys: readonly KeySeen[],
  reading: AuditReading,
  shape: WorkflowShape,
  world: { readonly isSettled: boolean; readonly faults: Faults },
  report: Report,
): void {
  const hasEffect = (visit: Visit): boolean => shape.actions.get(visit.action)?.hasEffect ?? false;
  const transactions = reading.transactions
    .map(visits => (visits.every(hasEffect) ? visits : visits.filter(hasEffect)))
    .filter(visits => visits.length > 0);
  const { matched, leftOver } = match(keys, transactions);
  for (const [i, visits] of transactions.entries()) {
    const seen = matched[i];
    if (seen === undefined) reportUnmatched(keys, transactions, visits, report);
    else compareTransaction(seen, visits, world.isSettled, world.faults, report);
  }
  // The transaction an unsettled instance is in may not be audited yet; any other foreign key is a fault.
  const excused = !world.isSettled && leftOver.at(-1) === keys.at(-1) ? 1 : 0;
  for (const seen of leftOver.slice(0, leftOver.length - excused)) {
    const isAudited = [...seen.tallies.values()].every(tally => reads(transactions, tally.action));
    report(isAudited ? 'key-changed' : 'effect-without-audit', `no transaction is left for key ${seen.key}`);
  }
  for (const seen of keys) {
    if (seen.firstAttempt !== 1) report('key-changed', `key ${seen.key} is first seen in attempt ${seen.firstAttempt}`);
  }
}

/** Greedy and in order: a key goes to the next transaction that shares an action with it. */
function match(
  keys: readonly KeySeen[],
  transactions: readonly (readonly Visit[])[],
): { matched: (KeySeen | undefined)[]; leftOver: KeySeen[] } {
  const shares = (seen: KeySeen, visits: readonly Visit[]): boolean =>
    visits.some(visit => seen.tallies.has(`${visit.attempt} ${visit.action}`));
  // The usual case: one key a transaction, and the first is the first's.
  if (keys.length === transactions.length && keys.every((seen, i) => shares(seen, transactions[i]!))) {
    return { matched: [...keys], leftOver: [] };
  }
  const lastWith = new Map<string, number>();
  for (const [i, visits] of transactions.entries()) for (const visit of visits) lastWith.set(visit.action, i);
  const matched: (KeySeen | undefined)[] = transactions.map(() => undefined);
  const leftOver: KeySeen[] = [];
  let next = 0;
  for (const seen of keys) {
    const actions = [...seen.tallies.values()].map(tally => tally.action);
    if (!actions.some(action => (lastWith.get(action) ?? -1) >= next)) {
      leftOver.push(seen);
      continue;
    }
    while (!transactions[next]!.some(visit => actions.includes(visit.action))) next += 1;
    matched[next] = seen;
    next += 1;
  }
  return { matched, leftOver };
}

function reads(transactions: readonly (readonly Visit[])[], action: string): boolean {
  return transactions.some(visits => visits.some(visit => visit.action === action));
}

/** A transaction without a key of its own: did another transaction's key do its work? */
function reportUnmatched(
  keys: readonly KeySeen[],
  transactions: readonly (readonly Visit[])[],
  visits: readonly Visit[],
  report: Report,
): void {
  const told = visits.find(visit => visit.end !== 'lost' && visit.end !== 'begun');
  if (told === undefined) return;
  const { action, attempt } = told;
  const isLike = (other: { action: string; attempt: number }): boolean =>
    other.action === action && other.attempt === attempt;
  const toldTimes = transactions.flat().filter(visit => isLike(visit) && visit.end === told.end).length;
  let doneTimes = 0;
  for (const seen of keys) {
    for (const tally of seen.tallies.values()) {
      if (isLike(tally)) doneTimes += told.end === 'ok' ? tally.endedWell : tally.executions;
    }
  }
  const kind = doneTimes >= toldTimes ? 'key-reused' : 'no-effect';
  report(kind, `${action}, attempt ${attempt}: its transaction has no key of its own in the ledger`);
}

function compareTransaction(
  seen: KeySeen,
  visits: readonly Visit[],
  isSettled: boolean,
  faults: Faults,
  report: Report,
): void {
  let found = 0;
  for (const visit of visits) {
    if (visit.end === 'lost' || visit.end === 'begun') continue;
    const tally = seen.tallies.get(`${visit.attempt} ${visit.action}`);
    if (tally !== undefined) found += 1;
    if (tally !== undefined && (visit.end !== 'ok' || tally.endedWell > 0)) continue; // E1
    report('no-effect', `${visit.action}, attempt ${visit.attempt}: audited as ${visit.end}, not in the ledger`);
  }
  // The usual case, without building the sets: nothing else was executed under this key.
  if (!isSettled || (found === seen.tallies.size && found === visits.length)) return;
  const audited = new Set(visits.map(visit => `${visit.attempt} ${visit.action}`));
  const attempts = new Set(visits.map(visit => visit.attempt));
  const actions = new Set(visits.map(visit => visit.action));
  for (const [name, tally] of seen.tallies) {
    if (audited.has(name)) continue;
    // E2: with faults, an attempt that was cut and begun anew may have come further the first time, and only then.
    const isExcused =
      attempts.has(tally.attempt) &&
      actions.has(tally.action) &&
      faults.kills + faults.threadLosses + faults.lapses > 0;
    if (!isExcused) report('effect-without-audit', `${tally.action}, attempt ${tally.attempt}, key ${seen.key}`);
  }
}
