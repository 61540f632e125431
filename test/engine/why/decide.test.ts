// Why an instance does not run, decided from facts alone: each reason, which comes first, and what would let it go on.

import { describe, expect, test } from 'vitest';
import { whyOf } from '../../../src/engine/why/decide.js';
import type { ContextFacts, EngineFacts, WhyFacts } from '../../../src/engine/why/facts.js';
import { hasQueue } from '../../../src/engine/why/queue-reasons.js';
import type { Reason } from '../../../src/engine/why/reasons.js';
import { spanWords } from '../../../src/engine/why/words.js';
import type { ReadyMember, Shortage } from '../../../src/queue/whereabouts.js';
import { neverMs, request } from '../../../src/store/contract.js';

const instance = '01a1ff5f-3d3d-7000-9259-b21893d90000';
const atMs = Date.UTC(2030, 0, 2, 8);

const first: ReadyMember = {
  kind: 'ready',
  waitedMs: 2_000,
  redelivered: false,
  priority: { effective: 10, base: 10, origin: 'default', branch: null },
  window: 'off',
  filedBy: 'eligible',
  shortages: [],
  before: 0,
};
const ready: ContextFacts = {
  context: 0,
  action: 'score',
  type: 'call',
  state: 'ready',
  requests: 0,
  attempt: 1,
  eligibleAtMs: atMs - 2_000,
  waitsFor: null,
  error: null,
  pausedBy: null,
  waitsOn: null,
  where: first,
  executes: null,
};
const absent = { kind: 'absent' as const };
const engines: EngineFacts = {
  engine: 'one',
  state: 'started',
  executing: ['one'],
  isQueueOpen: true,
  isQueueShared: true,
  storeFailure: null,
  isBehind: false,
  threads: { count: 2, inHand: 0, isFull: false, longestSinceMs: null },
  ready: 7,
};

function reasonsOf(
  context: Partial<ContextFacts> | readonly Partial<ContextFacts>[],
  more: Partial<EngineFacts> = {},
): readonly Reason[] {
  const contexts = (Array.isArray(context) ? context : [context]).map(each => ({ ...ready, ...each }));
  const facts: WhyFacts = {
    instance,
    workflow: '/imports/flow',
    atMs,
    ended: null,
    contexts,
    contextCount: contexts.length,
    engines: { ...engines, ...more },
  };
  return whyOf(facts).reasons;
}

const codes = (...asked: Parameters<typeof reasonsOf>): string[] => reasonsOf(...asked).map(({ code }) => code);
const held = { kind: 'claimed', engine: 'two', leaseLeftMs: 20_000, redelivered: false } as const;
const error = { code: 'Flaky', message: 'no route' };

describe('why, decided', () => {
  test.each([
    ['finished', 'it has finished, 2030-01-02T08:00:00.000Z'],
    ['removed', 'it was removed, 2030-01-02T08:00:00.000Z'],
  ] as const)('%s', (state, text) => {
    const ended = { state, finishedAtMs: atMs };
    const facts = { instance, workflow: '/a/b', atMs, ended, contexts: [], contextCount: 0, engines };
    expect(whyOf(facts)).toMatchObject({
      isRunning: false,
      contexts: 0,
      reasons: [{ code: state, text, data: { finishedAtMs: atMs }, action: null, command: null }],
    });
  });

  test.each<[string, Partial<ContextFacts>, Partial<Reason>]>([
    [
      'running',
      { where: held, executes: { action: 'score', sinceMs: atMs - 5 } },
      {
        text: 'it executes score on engine two, since 2030-01-02T07:59:59.995Z',
        data: { engine: 'two', leaseLeftMs: 20_000, redelivered: false, sinceMs: atMs - 5 },
        command: null,
      },
    ],
    ['claimed', { where: held }, { command: null }],
    ['leaseEnded', { where: { ...held, leaseLeftMs: -1_500 } }, { command: null }],
    ['failed', { state: 'failed', error }, { command: `millrace recover ${instance}`, data: { attempt: 1, error } }],
    [
      'paused',
      { state: 'paused', pausedBy: { user: 'anna', atMs } },
      { command: `millrace resume ${instance}`, data: { by: 'anna', atMs } },
    ],
    ['paused', { requests: request.pause, where: absent }, { data: { by: null, atMs: null } }],
    [
      'joining',
      { state: 'joining', waitsOn: { kind: 'join', arrived: ['a'], missing: ['b', 'c'], need: 3 }, where: absent },
      { text: 'it waits at the join score for 3 of 3: here from a, not from b, c', command: null },
    ],
    ['arrived', { state: 'joining', waitsOn: { kind: 'arrived' }, where: absent }, {}],
    [
      'group',
      { state: 'waiting', waitsOn: { kind: 'group', total: 9, begun: 5, finished: 3 }, where: absent },
      { data: { total: 9, begun: 5, finished: 3 } },
    ],
    ['subWorkflow', { state: 'waiting', waitsOn: { kind: 'subWorkflow' }, where: absent }, {}],
    [
      'errorHandler',
      { state: 'waiting', waitsOn: { kind: 'errorHandler' }, error, where: absent },
      { data: { error } },
    ],
    [
      'mutex',
      { state: 'waiting', waitsOn: { kind: 'mutex', mutex: 'm', holder: 4, before: 1 }, where: absent },
      { text: 'it waits for the mutex m, which context 4 has; 1 get it before' },
    ],
    ['parked', { state: 'waiting', waitsOn: { kind: 'others' }, where: absent }, {}],
    [
      'retry',
      { attempt: 2, eligibleAtMs: atMs + 8_000, error, where: { kind: 'delayed', eligibleInMs: 8_000 } },
      {
        text: 'it has failed (Flaky: no route), and attempt 2 waits, until 2030-01-02T08:00:08.000Z (8 s from now)',
        command: `millrace recover ${instance}`,
      },
    ],
    ['notBefore', { eligibleAtMs: atMs + 1, where: absent }, { data: { untilMs: atMs + 1 }, command: null }],
    // By the queue's clock it is earlier.
    ['notBefore', { where: { kind: 'delayed', eligibleInMs: 30 } }, { data: { untilMs: atMs + 30 } }],
    [
      'sleeping',
      { type: 'timer', waitsFor: '', eligibleAtMs: atMs + 3_600_000, where: absent },
      { command: `millrace expedite ${instance}`, data: { untilMs: atMs + 3_600_000 } },
    ],
    ['sleeping', { type: 'delay', waitsFor: '', eligibleAtMs: atMs + 1, where: absent }, {}],
    ['polling', { type: 'fileExist', waitsFor: '', eligibleAtMs: atMs + 1, where: absent }, { command: null }],
    [
      'manual',
      { type: 'manual', waitsFor: '', eligibleAtMs: neverMs, where: absent },
      { command: `millrace expedite ${instance}`, data: {} },
    ],
    [
      'message',
      { type: 'message', waitsFor: 'message:/orders/placed', eligibleAtMs: neverMs, where: absent },
      { data: { publisher: '/orders/placed', untilMs: null }, command: 'millrace publish /orders/placed DATA' },
    ],
    ['auditEvent', { type: 'auditTrail', waitsFor: 'audit', eligibleAtMs: neverMs, where: absent }, {}],
    ['notQueued', { where: absent }, {}],
    ['queueUnreachable', { where: null }, {}],
    ['next', {}, { text: 'it is the next to be claimed; its priority is 10 (the default), and it has waited for 2 s' }],
  ])('%s', (code, context, expected) => {
    const [reason, ...others] = reasonsOf(context);
    expect(reason).toMatchObject({ code, context: null, action: 'score', ...expected });
    expect(reason!.text).not.toMatch(/undefined|null|NaN/);
    expect(others).toEqual([]);
  });

  test('of a queue that another engine has nothing is told from here', () => {
    const stopped = { state: 'stopped', executing: ['two'], isQueueShared: false, isQueueOpen: false } as const;
    const told = [{ code: 'queueUnreachable', text: 'engine two has the queue, and one cannot look into it: ask two' }];
    expect(reasonsOf({ where: null }, stopped)).toMatchObject(told);
    expect(reasonsOf({ where: null }, { ...stopped, isQueueOpen: true })).toMatchObject(told);
    expect(codes({ where: null }, { ...stopped, executing: [] })).toEqual(['noEngine']);
    expect(codes({ where: null }, { ...stopped, executing: ['one'] })).toEqual(['queueFilling']);
    const knows = (more: Partial<EngineFacts>) => hasQueue({ ...engines, ...more });
    expect(knows(stopped)).toBe(false);
    // It executed before the other.
    expect(knows({ ...stopped, isQueueOpen: true })).toBe(false);
    expect(knows({ ...stopped, isQueueShared: true })).toBe(true);
    expect(knows({ isQueueShared: false })).toBe(true);
    expect(knows({ ...stopped, executing: [], isQueueOpen: true })).toBe(true);
  });

  test('what an operator has asked of what executes is told behind it', () => {
    const requests = request.pause | request.remove | request.interrupt;
    expect(codes({ where: held, requests })).toEqual(['claimed', 'removing', 'interrupting', 'pausing']);
    // Whoever paused it before is not who has now.
    const [, pausing] = reasonsOf({ where: held, requests: request.pause, pausedBy: { user: 'anna', atMs } });
    expect(pausing).toMatchObject({ text: 'it was paused, and is held at its next transaction break', data: {} });
    // What waits is claimed for its removal.
    expect(codes({ requests: request.remove, type: 'manual', waitsFor: '', eligibleAtMs: neverMs })).toEqual([
      'removing',
      'next',
    ]);
  });

  test('without an engine, a queue or a store nothing else is decisive', () => {
    const waits = { where: { ...first, before: 3 } };
    expect(codes(waits, { executing: [], state: 'stopped' })).toEqual(['noEngine', 'inLine']);
    expect(codes(waits, { executing: [], state: 'stopping' })).toEqual(['stopping', 'inLine']);
    expect(codes({ where: absent }, { executing: [], state: 'stopped', isQueueOpen: false })).toEqual(['noEngine']);
    expect(codes(waits, { isQueueOpen: false })).toEqual(['queueFilling', 'inLine']);
    expect(codes({ where: absent }, { isQueueOpen: false })).toEqual(['queueFilling']);
    expect(codes(waits, { storeFailure: 'disk full' })).toEqual(['storeFailed']);
    expect(reasonsOf({ where: absent }, { executing: [], state: 'stopped' })[0]!.command).toBe('millrace start');
  });

  test('in line: how many are before it, of how many, its priority and what that is made of', () => {
    const priority = { effective: 5, base: 7, origin: 'branch', branch: '/imports/' } as const;
    const [reason] = reasonsOf({ where: { ...first, before: 40, priority, window: 60_000 } });
    expect(reason).toMatchObject({
      code: 'inLine',
      text: '40 or more of 7 that are ready are before it; its priority is 5 (of /imports/, 7 less 2 of fairness, a step every 1 min), and it has waited for 2 s',
      data: { before: 40, ready: 7, priority: { steps: 2 }, window: 60_000 },
      command: 'millrace config set /imports/ PRIORITY 1',
    });
    // Its own cannot be changed; and nothing is above 1.
    const own = { effective: 5, base: 5, origin: 'own', branch: null } as const;
    expect(reasonsOf({ where: { ...first, before: 1, priority: own } })[0]!.command).toBeNull();
  });

  test('throttles: the nearest first, with a command that makes room; per engine only where no engine has any', () => {
    const all: Shortage = { kind: 'clusterWide', branch: '/imports/', key: null, limit: 2, running: 3 };
    const each: Shortage = { kind: 'perEngine', branch: '/', limit: 4, engines: ['one'] };
    const none: Shortage = { kind: 'perEngine', branch: '/a/', limit: 0, engines: [] };
    const where = { ...first, shortages: [all, each, none] };
    expect(reasonsOf({ where }).map(({ code, command }) => [code, command])).toEqual([
      ['throttled', 'millrace config set /imports/ CONCURRENCY_THROTTLE_CLUSTER_WIDE 4'],
      ['throttled', 'millrace config set / CONCURRENCY_THROTTLE 5'],
      ['throttled', 'millrace config set /a/ CONCURRENCY_THROTTLE 1'],
    ]);
    expect(reasonsOf({ where }).map(({ text }) => text)).toEqual([
      '/imports/ has no room: 3 run, and its CONCURRENCY_THROTTLE_CLUSTER_WIDE is 2',
      '/ has no room on any engine: one runs 4, as many as its CONCURRENCY_THROTTLE lets',
      '/a/ has no room on any engine: its CONCURRENCY_THROTTLE is 0',
    ]);
    expect(codes({ where: { ...first, shortages: [each] } }, { executing: ['one', 'two'] })).toEqual(['next']);
  });

  test('a key at its bound, and one in strict order', () => {
    const strict: Shortage = { kind: 'strict', branch: '/imports/', key: 'acme', before: 2 };
    const full: Shortage = { kind: 'clusterWide', branch: '/imports/', key: 'acme', limit: 3, running: 3 };
    const [order, bound, one] = reasonsOf({ where: { ...first, shortages: [strict, full, { ...full, limit: 1 }] } });
    expect(order).toMatchObject({ code: 'keyInOrder', data: { key: 'acme', before: 2 }, command: null });
    expect(bound).toMatchObject({
      code: 'throttled',
      text: 'its key acme has no room in /imports/: 3 with it run, and 3 may (KEY_CONCURRENCY_THROTTLE)',
      data: { branch: '/imports/', key: 'acme', limit: 3, running: 3 },
      command: 'millrace config set /imports/ KEY_CONCURRENCY_THROTTLE 4',
    });
    expect(one!.command).toBeNull();
  });

  test('a rate that is used up, and when the next token comes', () => {
    const rate = { members: 100, perMs: 60_000, burst: 20 };
    const shortage: Shortage = { kind: 'rate', branch: '/imports/', key: null, rate, nextInMs: 230 };
    const shortages: Shortage[] = [shortage, { ...shortage, key: 'acme', nextInMs: 5_000 }];
    expect(reasonsOf({ where: { ...first, shortages } })).toMatchObject([
      {
        code: 'rateUsedUp',
        text: '/imports/ has used up its RATE (100 per 1 min, burst 20): the next may be claimed in 230 ms',
        data: { branch: '/imports/', key: null, rate, nextInMs: 230 },
        command: null,
      },
      {
        code: 'rateUsedUp',
        text: 'its key acme has used up the KEY_RATE of /imports/ (100 per 1 min, burst 20): the next may be claimed in 5 s',
        data: { branch: '/imports/', key: 'acme', rate, nextInMs: 5_000 },
        command: null,
      },
    ]);
  });

  test('full threads and a store that is behind; those of other engines are not seen', () => {
    const threads = { count: 2, inHand: 8, isFull: true, longestSinceMs: atMs - 90_000 };
    expect(codes({}, { isBehind: true })).toEqual(['storeBehind']);
    const [line, busy] = reasonsOf({ where: { ...first, before: 1 } }, { threads });
    expect(line!.code).toBe('inLine');
    expect(busy).toMatchObject({ code: 'threadsBusy', data: { threads: 2, inHand: 8, longestSinceMs: atMs - 90_000 } });
    expect(busy!.text).toContain('(1 min 30 s)');
    expect(codes({}, { threads, executing: ['one', 'two'] })).toEqual(['next']);
  });

  test('of several contexts that decides which executes, could, or is to be let go, before what waits for it', () => {
    const contexts = [
      { context: 1, state: 'joining', waitsOn: { kind: 'arrived' }, where: absent },
      { context: 2, state: 'paused' },
      { context: 3 },
      { context: 4, state: 'failed' },
      { context: 5, where: held },
    ] as const;
    expect(reasonsOf(contexts).map(({ context, code }) => `${context} ${code}`)).toEqual([
      '5 claimed',
      '4 failed',
      '3 next',
      '2 paused',
      '1 arrived',
    ]);
  });

  test('spans', () => {
    expect([0, 999, 1_000, 61_000, 3_600_000, 90_061_000].map(spanWords)).toEqual([
      '0 ms',
      '999 ms',
      '1 s',
      '1 min 1 s',
      '1 h',
      '1 d 1 h',
    ]);
  });
});
