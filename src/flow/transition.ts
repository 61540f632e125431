// What happens next: the one pure decision of the engine.
//
// A flow context stands at a place in its plan. A transaction ran there (or could not), and its outcome arrives here
// together with the operations that were asked of the context meanwhile. The answer is a value; the engine turns it
// into one commit. No clock, no I/O, no randomness: the time comes in with the outcome.
//
// Invariants:
//   T1. A context that is finished or removed never changes again.
//   T2. A failed or interrupted transaction leaves the context at the place where it began, variables unchanged.
//   T3. Operations apply at transaction breaks only; interrupt (roll back) is applied before pause and remove.

import { type Demand, END, isRetried, type Place, type Plan, type PlanRetry } from '../workflow/plan.js';

/** A flow context as a transition sees it: where it stands and how often that transaction was tried. */
export interface FlowContext {
  readonly place: Place;
  /** Transactions committed so far in the life of the context: names the transaction for its idempotency key. */
  readonly transaction: number;
  /** Failed attempts of this transaction so far. */
  readonly attempt: number;
  /** Times this transaction ended the thread it ran in. */
  readonly kills: number;
}

/** How a transaction ended. */
export type TransactionOutcome =
  /** Everything up to the next break ran; `reached` is that break's place, or `END`. */
  | { readonly kind: 'completed'; readonly reached: Place; readonly demand?: Demand }
  | FailedTransaction
  /** The trigger where the context stands has not fired: it is asked again at `untilMs`, or when `event` happens (empty: when it is
   * expedited). */
  | { readonly kind: 'unfired'; readonly untilMs: number; readonly event: string }
  /** Nothing ran: an operation acts on a context that was waiting, to be ready from `eligibleAtMs`. */
  | {
      readonly kind: 'waiting';
      readonly cause: 'request' | 'resume' | 'recover' | 'signal';
      readonly eligibleAtMs: number;
    };

/** The action at `place` failed. */
export interface FailedTransaction {
  readonly kind: 'failed';
  readonly place: Place;
  /** Its thread had to be ended with it. */
  readonly killed: boolean;
  /** Of the error. Absent: not known, and tried again whatever codes the policy names. */
  readonly code?: string;
  /** Random, 0 to below 1, for a policy with jitter. Absent: 0, the delay is not shortened. */
  readonly random?: number;
  /** Number of the workflow version that handles errors there. Absent: none does. */
  readonly handler?: number;
}

/** What operators asked of a context while it ran or waited. */
export interface Requests {
  readonly pause: boolean;
  readonly remove: boolean;
  readonly interrupt: boolean;
  /** The next trigger that can be is to fire at once. */
  readonly expedite: boolean;
}

/** What becomes of the context. */
export type Next =
  /** Stands at `place`, ready from `eligibleAtMs`, or held until it is resumed. */
  | {
      readonly kind: 'stand';
      readonly state: 'ready' | 'paused' | 'failed';
      readonly place: Place;
      readonly transaction: number;
      readonly attempt: number;
      readonly kills: number;
      readonly eligibleAtMs: number;
      /** Whether what the transaction wrote is kept: false after a failure or an interrupt. */
      readonly keepsWork: boolean;
      /** Why it stands there; names the deferral in the audit. */
      readonly reason: 'break' | 'retry' | 'paused' | 'interrupted' | 'failed' | 'resumed' | 'trigger';
      /** Event it waits for at a trigger, empty: for its time; `null`: not at a trigger; absent: as before. */
      readonly waitsFor?: string | null;
    }
  /** What its transaction asks for concerns other contexts too: `flow/shared/step.ts`, on what they share. */
  | { readonly kind: 'act'; readonly demand: Demand; readonly keepsWork: true; readonly isPaused: boolean }
  /** It waits where its transaction began for the error handler, a workflow that runs in its instance. */
  | {
      readonly kind: 'hand';
      readonly handler: number;
      readonly kills: number;
      readonly keepsWork: false;
      readonly isPaused: boolean;
    }
  | { readonly kind: 'leave'; readonly state: 'finished' | 'removed'; readonly keepsWork: boolean };

/** After this many threads ended by one transaction it is parked, whatever its policy allows. */
export const killMax = 3;

/** Decide what follows `outcome` for a context of `plan`. */
export function transition(
  plan: Plan,
  context: FlowContext,
  outcome: TransactionOutcome,
  requests: Requests,
  nowMs: number,
): Next {
  switch (outcome.kind) {
    case 'completed':
      return requests.interrupt ? rollBack(context, requests, nowMs) : advance(context, outcome, requests, nowMs);
    case 'failed':
      return requests.interrupt ? rollBack(context, requests, nowMs) : fail(plan, context, outcome, requests, nowMs);
    case 'unfired':
      return requests.interrupt ? rollBack(context, requests, nowMs) : waitOn(context, outcome, requests, nowMs);
    case 'waiting':
      return wait(context, outcome, requests);
  }
}

function wait(
  context: FlowContext,
  outcome: Extract<TransactionOutcome, { kind: 'waiting' }>,
  requests: Requests,
): Next {
  if (requests.remove) return { kind: 'leave', state: 'removed', keepsWork: false };
  const stand = standAgain(context, outcome.eligibleAtMs);
  switch (outcome.cause) {
    case 'request':
      return {
        ...stand,
        state: requests.pause ? 'paused' : 'ready',
        reason: requests.pause ? 'paused' : 'interrupted',
      };
    case 'signal':
      return { ...stand, state: requests.pause ? 'paused' : 'ready', reason: 'resumed' };
    case 'resume':
      return { ...stand, state: 'ready', reason: 'resumed' };
    case 'recover':
      return { ...stand, attempt: 0, kills: 0, state: requests.pause ? 'paused' : 'ready', reason: 'resumed' };
  }
}

function advance(
  context: FlowContext,
  { reached, demand }: Extract<TransactionOutcome, { kind: 'completed' }>,
  requests: Requests,
  nowMs: number,
): Next {
  if (requests.remove) return { kind: 'leave', state: 'removed', keepsWork: true };
  if (demand !== undefined) return { kind: 'act', demand, keepsWork: true, isPaused: requests.pause };
  if (reached === END) return { kind: 'leave', state: 'finished', keepsWork: true };
  return {
    kind: 'stand',
    state: requests.pause ? 'paused' : 'ready',
    place: reached,
    transaction: context.transaction + 1,
    attempt: 0,
    kills: 0,
    eligibleAtMs: nowMs,
    keepsWork: true,
    reason: requests.pause ? 'paused' : 'break',
    waitsFor: null,
  };
}

/** At a trigger: what it keeps is kept. One that is to be expedited is asked at once. */
function waitOn(
  context: FlowContext,
  { untilMs, event }: Extract<TransactionOutcome, { kind: 'unfired' }>,
  requests: Requests,
  nowMs: number,
): Next {
  if (requests.remove) return { kind: 'leave', state: 'removed', keepsWork: true };
  return {
    ...standAgain(context, requests.expedite && event === '' ? nowMs : untilMs),
    attempt: 0,
    kills: 0,
    state: requests.pause ? 'paused' : 'ready',
    keepsWork: true,
    reason: requests.pause ? 'paused' : 'trigger',
    waitsFor: event,
  };
}

function rollBack(context: FlowContext, requests: Requests, nowMs: number): Next {
  if (requests.remove) return { kind: 'leave', state: 'removed', keepsWork: false };
  return {
    ...standAgain(context, nowMs),
    state: requests.pause ? 'paused' : 'ready',
    reason: requests.pause ? 'paused' : 'interrupted',
  };
}

/** After its own policy comes the handler, if there is one; the built-in retries are for those that have neither. */
function fail(
  plan: Plan,
  context: FlowContext,
  { place, killed, code, random = 0, handler }: FailedTransaction,
  requests: Requests,
  nowMs: number,
): Next {
  if (requests.remove) return { kind: 'leave', state: 'removed', keepsWork: false };
  const kills = context.kills + (killed ? 1 : 0);
  const { action, retry } = plan.actions[place]!;
  const isTried = isRetried(retry, context.attempt, code ?? null);
  if (handler !== undefined && kills < killMax && !(isTried && action.retry !== undefined)) {
    return { kind: 'hand', handler, kills, keepsWork: false, isPaused: requests.pause };
  }
  if (!isTried || kills >= killMax) {
    return { ...standAgain(context, nowMs), kills, state: 'failed', reason: 'failed' };
  }
  return {
    ...standAgain(context, nowMs + delayMs(retry, context.attempt, random)),
    attempt: context.attempt + 1,
    kills,
    state: requests.pause ? 'paused' : 'ready',
    reason: requests.pause ? 'paused' : 'retry',
  };
}

/**
 * How long a policy has a transaction wait, whole milliseconds.
 *
 * @param attempt failed attempts before the last one
 * @param random 0 to below 1
 */
export function delayMs(retry: PlanRetry, attempt: number, random: number): number {
  // The power may be beyond all numbers, of which nothing times is no number.
  const fullMs = retry.delayMs === 0 ? 0 : Math.min(retry.delayMaxMs, retry.delayMs * retry.factor ** attempt);
  return Math.round(fullMs * (1 - retry.jitter * random));
}

function standAgain(context: FlowContext, eligibleAtMs: number) {
  return {
    kind: 'stand',
    place: context.place,
    transaction: context.transaction,
    attempt: context.attempt,
    kills: context.kills,
    eligibleAtMs,
    keepsWork: false,
  } as const;
}
