// The transition: T1-T3 over everything it can be asked, and the table of what follows what.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  delayMs,
  type FlowContext,
  killMax,
  type Next,
  type Requests,
  type TransactionOutcome,
  transition,
} from '../../src/flow/transition.js';
import { compilePlan, defaultRetry, END, isRetried, type Plan, type PlanRetry } from '../../src/workflow/plan.js';

const nowMs = Date.UTC(2030, 0, 2, 12);
const retry = { retries: 3, delayMs: 100, factor: 4, delayMaxMs: 1_000 };

const plan: Plan = compilePlan(
  {
    name: '/test/flow',
    actions: [
      { name: 'a', type: 'console', message: '', retry },
      { name: 'b', type: 'console', message: '', transactionBreak: true, retry: { retries: 0 } },
      { name: 'c', type: 'null' },
    ],
    flows: [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ],
  },
  '/',
);

const fresh: FlowContext = { place: 0, transaction: 0, attempt: 0, kills: 0 };
const completed: TransactionOutcome = { kind: 'completed', reached: 1 };
const failed: TransactionOutcome = { kind: 'failed', place: 0, killed: false };
const noRequests: Requests = { pause: false, remove: false, interrupt: false, expedite: false };
const pause = { ...noRequests, pause: true };
const remove = { ...noRequests, remove: true };
const interrupt = { ...noRequests, interrupt: true, expedite: false };
const next = (context: FlowContext, outcome: TransactionOutcome, requests = noRequests) =>
  transition(plan, context, outcome, requests, nowMs);

const contexts = fc.record({
  place: fc.integer({ min: 0, max: 2 }),
  transaction: fc.nat(9),
  attempt: fc.nat(6),
  kills: fc.nat(4),
});
const outcomes: fc.Arbitrary<TransactionOutcome> = fc.oneof(
  fc.record({ kind: fc.constant('completed' as const), reached: fc.constantFrom(0, 1, 2, END) }),
  fc.record({ kind: fc.constant('failed' as const), place: fc.integer({ min: 0, max: 2 }), killed: fc.boolean() }),
  fc.record({
    kind: fc.constant('waiting' as const),
    cause: fc.constantFrom('request' as const, 'resume' as const, 'recover' as const),
    eligibleAtMs: fc.nat(),
  }),
);
const requests = fc.record({
  pause: fc.boolean(),
  remove: fc.boolean(),
  interrupt: fc.boolean(),
  expedite: fc.boolean(),
});

describe('whatever it is asked', () => {
  test('T2: a failed or interrupted transaction leaves the context where it began, and keeps nothing', () => {
    fc.assert(
      fc.property(contexts, outcomes, requests, (context, outcome, asked) => {
        const result = next(context, outcome, asked);
        const isRolledBack = outcome.kind === 'failed' || (outcome.kind === 'completed' && asked.interrupt);
        if (!isRolledBack) return;
        expect(result.keepsWork).toBe(false);
        if (result.kind === 'stand') {
          expect([result.place, result.transaction]).toEqual([context.place, context.transaction]);
        }
      }),
    );
  });

  test('T3: remove always ends it, pause always holds it, and neither waits for the other', () => {
    fc.assert(
      fc.property(contexts, outcomes, requests, (context, outcome, asked) => {
        const result = next(context, outcome, asked);
        if (asked.remove) {
          const keepsWork = outcome.kind === 'completed' && !asked.interrupt;
          expect(result).toEqual({ kind: 'leave', state: 'removed', keepsWork });
        } else if (result.kind === 'leave') {
          expect(outcome).toMatchObject({ kind: 'completed', reached: END });
        } else if (result.kind === 'act' || result.kind === 'hand') {
          throw new Error('nothing was demanded, and nobody handles errors');
        } else if (asked.pause && !(outcome.kind === 'waiting' && outcome.cause !== 'request')) {
          expect(['paused', 'failed']).toContain(result.state);
        }
      }),
    );
  });

  test('it is pure: the same question has the same answer, and the question is not changed', () => {
    fc.assert(
      fc.property(contexts, outcomes, requests, (context, outcome, asked) => {
        const before = JSON.stringify([context, outcome, asked, plan]);
        expect(next(context, outcome, asked)).toEqual(next(context, outcome, asked));
        expect(JSON.stringify([context, outcome, asked, plan])).toBe(before);
      }),
    );
  });

  test('a transaction counts up only when its work is kept; attempts start again with it', () => {
    fc.assert(
      fc.property(contexts, outcomes, requests, (context, outcome, asked) => {
        const result = next(context, outcome, asked);
        if (result.kind !== 'stand') return;
        expect(result.transaction).toBe(context.transaction + (result.keepsWork ? 1 : 0));
        if (result.keepsWork) expect([result.attempt, result.kills]).toEqual([0, 0]);
        expect(result.eligibleAtMs).toBeGreaterThanOrEqual(outcome.kind === 'waiting' ? outcome.eligibleAtMs : nowMs);
      }),
    );
  });

  test('T1: any life ends after at most its retries, and stays ended', () => {
    fc.assert(
      fc.property(
        fc.array(
          outcomes.filter(({ kind }) => kind === 'failed'),
          { minLength: 20, maxLength: 20 },
        ),
        failures => {
          let context = fresh;
          for (const failure of failures) {
            const result = next(context, { ...failure, place: 0 } as TransactionOutcome);
            if (result.kind !== 'stand') throw new Error('a failure must not end it');
            if (result.state === 'failed') {
              expect(context.attempt === retry.retries || result.kills >= killMax).toBe(true);
              return;
            }
            context = result;
          }
          throw new Error('it is tried for ever');
        },
      ),
    );
  });
});

describe('what follows', () => {
  const stand = (more: object): Partial<Next> => ({
    kind: 'stand',
    state: 'ready',
    place: 0,
    transaction: 0,
    attempt: 0,
    kills: 0,
    eligibleAtMs: nowMs,
    ...more,
  });
  test.each<[string, Next, object]>([
    ['a break', next(fresh, completed), stand({ place: 1, transaction: 1, keepsWork: true, reason: 'break' })],
    [
      'the end',
      next(fresh, { kind: 'completed', reached: END }),
      { kind: 'leave', state: 'finished', keepsWork: true },
    ],
    [
      'a break, paused',
      next(fresh, completed, pause),
      stand({ place: 1, transaction: 1, state: 'paused', keepsWork: true, reason: 'paused' }),
    ],
    ['a break, removed', next(fresh, completed, remove), { kind: 'leave', state: 'removed', keepsWork: true }],
    ['a break, interrupted', next(fresh, completed, interrupt), stand({ keepsWork: false, reason: 'interrupted' })],
    [
      'a break, interrupted and paused',
      next(fresh, completed, { ...interrupt, pause: true }),
      stand({ state: 'paused', keepsWork: false, reason: 'paused' }),
    ],
    [
      'a break, interrupted and removed',
      next(fresh, completed, { ...interrupt, remove: true }),
      { kind: 'leave', state: 'removed', keepsWork: false },
    ],
    [
      'the end, paused',
      next(fresh, { kind: 'completed', reached: END }, pause),
      { kind: 'leave', state: 'finished', keepsWork: true },
    ],
    [
      'a first failure',
      next(fresh, failed),
      stand({ attempt: 1, eligibleAtMs: nowMs + 100, keepsWork: false, reason: 'retry' }),
    ],
    [
      'a second',
      next({ ...fresh, attempt: 1 }, failed),
      stand({ attempt: 2, eligibleAtMs: nowMs + 400, keepsWork: false, reason: 'retry' }),
    ],
    [
      'a third, its delay cut short',
      next({ ...fresh, attempt: 2 }, failed),
      stand({ attempt: 3, eligibleAtMs: nowMs + 1_000, keepsWork: false, reason: 'retry' }),
    ],
    [
      'a last',
      next({ ...fresh, attempt: 3 }, failed),
      stand({ attempt: 3, state: 'failed', keepsWork: false, reason: 'failed' }),
    ],
    [
      'a failure where none is tried again',
      next(fresh, { kind: 'failed', place: 1, killed: false }),
      stand({ state: 'failed', reason: 'failed' }),
    ],
    [
      'a failure with its thread',
      next(fresh, { kind: 'failed', place: 0, killed: true }),
      stand({ attempt: 1, kills: 1, eligibleAtMs: nowMs + 100, reason: 'retry' }),
    ],
    [
      'a third one',
      next({ ...fresh, kills: killMax - 1 }, { kind: 'failed', place: 0, killed: true }),
      stand({ kills: killMax, state: 'failed', reason: 'failed' }),
    ],
    [
      'a failure, paused',
      next(fresh, failed, pause),
      stand({ attempt: 1, state: 'paused', eligibleAtMs: nowMs + 100, reason: 'paused' }),
    ],
    [
      'a pause while it waits',
      next(fresh, { kind: 'waiting', cause: 'request', eligibleAtMs: 7 }, pause),
      stand({ state: 'paused', eligibleAtMs: 7, reason: 'paused' }),
    ],
    [
      'a removal while it waits',
      next(fresh, { kind: 'waiting', cause: 'request', eligibleAtMs: 7 }, remove),
      { kind: 'leave', state: 'removed', keepsWork: false },
    ],
    [
      'a resume',
      next({ ...fresh, attempt: 2 }, { kind: 'waiting', cause: 'resume', eligibleAtMs: 7 }),
      stand({ attempt: 2, eligibleAtMs: 7, reason: 'resumed' }),
    ],
    [
      'a recovery',
      next({ ...fresh, attempt: 3, kills: 3 }, { kind: 'waiting', cause: 'recover', eligibleAtMs: nowMs }),
      stand({ reason: 'resumed' }),
    ],
  ])('%s', (_, result, expected) => {
    expect(result).toMatchObject(expected);
  });

  test('delays grow with the default policy: 1, 2, 4, 8, 16 seconds', () => {
    const plain = compilePlan({ name: '/test/plain', actions: [{ name: 'a', type: 'null' }], flows: [] }, '/');
    const delays = [0, 1, 2, 3, 4].map(attempt => {
      const result = transition(plain, { ...fresh, attempt }, failed, noRequests, nowMs);
      return result.kind === 'stand' ? result.eligibleAtMs - nowMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(transition(plain, { ...fresh, attempt: 5 }, failed, noRequests, nowMs)).toMatchObject({ state: 'failed' });
  });
});

describe('retry policies', () => {
  test('a delay of nothing stays nothing, however often it grows', () => {
    const never = { retries: 1_000, delayMs: 0, factor: 100, delayMaxMs: 1_000, jitter: 0, codes: null };
    expect(delayMs(never, 1_000, 0.5)).toBe(0);
  });

  const policies = fc.record({
    retries: fc.nat(20),
    delayMs: fc.nat(86_400_000),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    delayMaxMs: fc.nat(2_592_000_000),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    codes: fc.option(fc.array(fc.constantFrom<string>('A', 'B', 'C'), { minLength: 1 })),
  });
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('jitter shortens a delay by at most its fraction, never below 0 nor above the cap', () => {
    fc.assert(
      fc.property(policies, fc.nat(1_000), randoms, (policy, attempt, random) => {
        const fullMs = delayMs({ ...policy, jitter: 0 }, attempt, random);
        const drawnMs = delayMs(policy, attempt, random);
        expect(Number.isInteger(drawnMs)).toBe(true);
        expect(fullMs).toBeLessThanOrEqual(policy.delayMaxMs);
        expect(drawnMs).toBeLessThanOrEqual(fullMs);
        expect(drawnMs).toBeGreaterThanOrEqual(Math.floor(fullMs * (1 - policy.jitter)));
        expect(delayMs(policy, attempt, 0)).toBe(fullMs);
      }),
    );
  });

  test('without jitter delays never shrink from one attempt to the next', () => {
    fc.assert(
      fc.property(policies, fc.nat(1_000), (policy, attempt) => {
        const plainly: PlanRetry = { ...policy, jitter: 0 };
        expect(delayMs(plainly, attempt + 1, 0)).toBeGreaterThanOrEqual(delayMs(plainly, attempt, 0));
      }),
    );
  });

  test('the drawn number decides: half of a jitter of a half is a quarter', () => {
    const policy = { ...defaultRetry, delayMs: 1_000, jitter: 0.5 };
    expect([0, 0.5, 0.998].map(random => delayMs(policy, 0, random))).toEqual([1_000, 750, 501]);
    expect(delayMs({ ...policy, jitter: 1 }, 3, 0.5)).toBe(4_000);
  });

  test('what is tried again is tried `retries` times, whatever the order of its errors', () => {
    fc.assert(
      fc.property(policies, fc.nat(30), fc.constantFrom('A', 'B', 'C', 'D', null), (policy, attempt, code) => {
        const isNamed = policy.codes === null || code === null || policy.codes.includes(code);
        expect(isRetried(policy, attempt, code)).toBe(attempt < policy.retries && isNamed);
      }),
    );
  });
});

describe('who takes what fails', () => {
  const handled = { ...failed, handler: 7 } as const;
  const busy = { retries: 3, codes: ['Busy'] };
  const withRetry = (own: object | undefined): Plan =>
    compilePlan(
      {
        name: '/test/handled',
        actions: [{ name: 'a', type: 'null', ...(own === undefined ? {} : { retry: own }) }],
        flows: [],
      },
      '/',
    );
  const follow = (own: object | undefined, outcome: TransactionOutcome, context = fresh, asked = noRequests) =>
    transition(withRetry(own), context, outcome, asked, nowMs);

  test.each<[string, Next, object]>([
    ['the handler before the built-in retries', follow(undefined, handled), { kind: 'hand', handler: 7, kills: 0 }],
    [
      'its own policy before the handler',
      follow({ retries: 1 }, handled),
      { kind: 'stand', reason: 'retry', attempt: 1 },
    ],
    ['the handler after it', follow({ retries: 1 }, handled, { ...fresh, attempt: 1 }), { kind: 'hand' }],
    ['an error of its codes', follow(busy, { ...failed, code: 'Busy' }), { kind: 'stand', reason: 'retry' }],
    ['another one', follow(busy, { ...failed, code: 'Bad' }), { kind: 'stand', state: 'failed' }],
    ['another one, handled', follow(busy, { ...handled, code: 'Bad' }), { kind: 'hand' }],
    ['the built-in retries', follow(undefined, failed), { kind: 'stand', reason: 'retry', attempt: 1 }],
    [
      'a thread that ended',
      follow(undefined, { ...handled, killed: true }, { ...fresh, kills: 1 }),
      { kind: 'hand', kills: 2 },
    ],
    [
      'the third one',
      follow(undefined, { ...handled, killed: true }, { ...fresh, kills: killMax - 1 }),
      { kind: 'stand', state: 'failed', kills: killMax },
    ],
    ['a pause', follow(undefined, handled, fresh, pause), { kind: 'hand', isPaused: true }],
    ['a removal', follow(undefined, handled, fresh, remove), { kind: 'leave', state: 'removed' }],
    ['an interrupt', follow(undefined, handled, fresh, interrupt), { kind: 'stand', reason: 'interrupted' }],
  ])('%s', (_, result, expected) => {
    expect(result).toMatchObject(expected);
  });
});
