// The Redis home of the Queue contract: what several engines share.
//
// Each call is one script, which Redis runs as a whole, or several of bounded size: Redis does nothing else meanwhile.
// What a call in several parts has done stays done if it fails on the way; repeating it is safe (Q8).
// Of two that set the same of a branch the one that began last is carried out; the other resolves where it notices.

import { randomUUID } from 'node:crypto';
import { EngineError } from '../../observe/errors.js';
import {
  type AnnouncedClaim,
  type Attachment,
  type BranchSettings,
  type Claim,
  type ClaimedSlice,
  type ClaimRequest,
  type ExpiredSlice,
  expiredMax,
  type FairnessWindow,
  type NothingReady,
  type Offer,
  type Queue,
  type QueueCounts,
  type Slice,
  type Throttle,
  type ThrottleState,
} from '../contract.js';
import { assertRules, type KeyRules } from '../key-rules.js';
import type { Whereabouts } from '../whereabouts.js';
import { RedisConnection } from './connection.js';
import { QueueKeys } from './keys.js';
import { announce } from './scripts/announce.js';
import { announced } from './scripts/announced.js';
import { attach } from './scripts/attach.js';
import { claim } from './scripts/claim.js';
import { claimed } from './scripts/claimed.js';
import { counts } from './scripts/counts.js';
import { expire } from './scripts/expire.js';
import { extend } from './scripts/extend.js';
import { offer } from './scripts/offer.js';
import { open } from './scripts/open.js';
import { release } from './scripts/release.js';
import { setFairness } from './scripts/set-fairness.js';
import { type FilingProgress, setFifo } from './scripts/set-fifo.js';
import { type InheritingProgress, setInheritedPriority } from './scripts/set-inherited-priority.js';
import { setKeys } from './scripts/set-keys.js';
import { type HangingProgress, setThrottle } from './scripts/set-throttle.js';
import { settings } from './scripts/settings.js';
import { settle } from './scripts/settle.js';
import { throttles } from './scripts/throttles.js';
import { whereIs } from './scripts/where-is.js';
import { withdraw } from './scripts/withdraw.js';
import type { EpochCaller } from './scripts.js';

export interface RedisQueueOptions {
  /** `redis://host:port/db`, `rediss://` for TLS, or the path of a unix socket. */
  readonly url: string;
  /** Those that share a queue give the same name: 1 to 64 letters, digits, `.`, `_`, `-`. Default `default`. */
  readonly name?: string;
  /** Id of the store it is an index of: while another store's engines use the name, `attach` is refused. Default: empty. */
  readonly store?: string;
  /** A call that is not answered for so long rejects with `QUEUE_UNAVAILABLE`. Milliseconds. Default 5,000 */
  readonly answerWithinMs?: number;
  /** Told of every error of a connection, tries to connect included. Default: nobody; the calls reject all the same. */
  readonly onError?: (error: Error) => void;
}

/** Arguments of one call at most: what a script does in one go. */
const offersPerCall = 100;
const slicesPerCall = 200;
const claimsPerCall = 1_000;
/** Entries one script moves at most, where it chooses them itself: some 10 ms of Redis. */
const entriesPerCall = 500;

/**
 * A queue in Redis. Connects with its first call.
 *
 * @param nowMs tests alone: the queue's time, instead of the server's
 * @throws EngineError `OPTION_INVALID`
 */
export function createRedisQueue(options: RedisQueueOptions, nowMs?: () => number): Queue {
  const name = options.name ?? 'default';
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new EngineError('OPTION_INVALID', `name: "${name}" must be 1 to 64 letters, digits, ".", "_" or "-"`);
  }
  const connection = new RedisConnection({
    url: options.url,
    answerWithinMs: options.answerWithinMs ?? 5_000,
    onError: options.onError ?? (() => {}),
  });
  return new RedisQueue(connection, new QueueKeys(name), options.store ?? '', nowMs ?? (() => ''));
}

class RedisQueue implements Queue, EpochCaller {
  readonly #connection: RedisConnection;
  readonly #keys: QueueKeys;
  readonly #store: string;
  readonly #testNowMs: () => number | '';
  #epoch: string | null = null;
  #engine: string | null = null;
  /** By engine, ids of claims whose answer was lost: the next claims are asked for under them (Q8). */
  readonly #unanswered = new Map<string, string[]>();
  /** By channel. */
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(connection: RedisConnection, keys: QueueKeys, store: string, testNowMs: () => number | '') {
    this.#connection = connection;
    this.#keys = keys;
    this.#store = store;
    this.#testNowMs = testNowMs;
  }

  get epoch(): string | null {
    return this.#epoch;
  }

  async attach(engine: string, leaseMs: number): Promise<Attachment> {
    await this.#connection.assertSuitable();
    const request = { proposedEpoch: randomUUID(), engine, leaseMs, store: this.#store, testNowMs: this.#testNowMs() };
    const { attachment, epoch } = await attach(this.#connection, this.#keys, request);
    if (epoch !== this.#epoch) this.#unanswered.clear();
    this.#epoch = epoch;
    this.#engine = engine;
    return attachment;
  }

  /** For the scripts' wrappers. */
  async call(...[script, args]: Parameters<EpochCaller['call']>): Promise<unknown> {
    const epoch = this.#epoch;
    if (epoch === null) throw new EngineError('QUEUE_LOST', 'this object has not been attached to an epoch');
    const keys = [this.#keys.epoch, this.#keys.counters(epoch)];
    return this.#connection.run(script, keys, run => [`${epoch}@${run}`, this.#testNowMs(), ...args]);
  }

  async announce(engine: string, claims: readonly AnnouncedClaim[], leaseMs: number): Promise<void> {
    const held = claims.flatMap(({ id, slices }) => slices.map(slice => ({ claim: id, slice })));
    const pages = pagesOf(held, offersPerCall);
    for (const [index, page] of pages.entries()) {
      await announce(this, { engine, leaseMs, held: page, isLast: index === pages.length - 1 });
    }
  }

  announced(): Promise<string[]> {
    return announced(this);
  }

  open(): Promise<void> {
    return open(this);
  }

  async offer(offers: readonly Offer[]): Promise<void> {
    for (const page of pagesOf(offers, offersPerCall)) await offer(this, page);
  }

  async claim(request: ClaimRequest): Promise<Claim | NothingReady> {
    const { engine, limit } = request;
    const id = (limit > 0 ? this.#unanswered.get(engine)?.pop() : undefined) ?? randomUUID();
    try {
      const answer = await untilAll(() => claim(this, { ...request, id, most: entriesPerCall }));
      if ('kind' in answer) return answer;
      const { within, beyond } = cut(answer, limit);
      // One that is answered late may hold more than is asked for by now.
      if (beyond.length > 0) await this.release(id, beyond);
      return { kind: 'claimed', id, engine, slices: within, count: countOf(within) };
    } catch (error) {
      if (error instanceof EngineError && error.code === 'QUEUE_UNAVAILABLE') {
        this.#unanswered.set(engine, [...(this.#unanswered.get(engine) ?? []), id]);
      }
      throw error;
    }
  }

  async settle(claim: string, slices: readonly Slice[]): Promise<void> {
    for (const page of pagesOf(slices, slicesPerCall)) await settle(this, claim, page);
  }

  async release(claim: string, slices: readonly Slice[]): Promise<void> {
    for (const page of pagesOf(slices, slicesPerCall)) await release(this, claim, page);
  }

  async extend(claims: readonly string[], leaseMs: number): Promise<string[]> {
    const gone: string[] = [];
    for (const page of pagesOf(claims, claimsPerCall)) gone.push(...(await extend(this, page, leaseMs)));
    return gone;
  }

  async withdraw(slices: readonly Slice[]): Promise<Slice[]> {
    const withdrawn: Slice[] = [];
    for (const page of pagesOf(slices, slicesPerCall)) withdrawn.push(...(await withdraw(this, page)));
    return withdrawn;
  }

  async claimed(segments: readonly string[]): Promise<Slice[]> {
    const found: Slice[] = [];
    for (const page of pagesOf(segments, slicesPerCall)) found.push(...(await claimed(this, page)));
    return found;
  }

  expire(): Promise<ExpiredSlice[]> {
    return expire(this, expiredMax);
  }

  async setInheritedPriority(branch: string, priority: number | null): Promise<void> {
    let progress: InheritingProgress | null = null;
    do progress = await setInheritedPriority(this, { branch, priority, progress, most: entriesPerCall });
    while (progress !== null);
  }

  async setFifo(branch: string, fifo: boolean | null): Promise<void> {
    let progress: FilingProgress | null = null;
    do progress = await setFifo(this, { branch, fifo, progress, most: entriesPerCall });
    while (progress !== null);
  }

  async setFairness(branch: string, window: FairnessWindow | null): Promise<void> {
    let progress: FilingProgress | null = null;
    do progress = await setFairness(this, { branch, window, progress, most: entriesPerCall });
    while (progress !== null);
  }

  async setThrottle(branch: string, throttle: Throttle | null): Promise<void> {
    let progress: HangingProgress | null = null;
    do progress = await setThrottle(this, { branch, throttle, progress, most: entriesPerCall });
    while (progress !== null);
  }

  async setKeys(branch: string, rules: KeyRules | null): Promise<void> {
    if (rules !== null) assertRules(rules);
    let progress: HangingProgress | null = null;
    do progress = await setKeys(this, { branch, rules, progress, most: entriesPerCall });
    while (progress !== null);
  }

  settings(): Promise<ReadonlyMap<string, BranchSettings>> {
    return settings(this);
  }

  throttles(): Promise<ReadonlyMap<string, ThrottleState>> {
    return throttles(this);
  }

  counts(): Promise<QueueCounts> {
    return untilAll(() => counts(this, entriesPerCall));
  }

  whereIs(segment: string, position: number): Promise<Whereabouts> {
    return whereIs(this, segment, position, entriesPerCall);
  }

  onReady(listener: () => void): () => void {
    return this.#listen(this.#keys.ready, listener);
  }

  tellLeft(): Promise<void> {
    return this.#connection.publish(this.#keys.left);
  }

  onLeft(listener: () => void): () => void {
    return this.#listen(this.#keys.left, listener);
  }

  /** All channels share a connection, made for the first who listens. */
  #listen(channel: string, listener: () => void): () => void {
    if (this.#listeners.size === 0) {
      const channels = [this.#keys.ready, this.#keys.left];
      for (const each of channels) this.#listeners.set(each, new Set());
      this.#connection.listen(channels, (on, giver) => {
        if (giver !== '' && giver === this.#engine) return;
        for (const told of this.#listeners.get(on) ?? []) told();
      });
    }
    const listeners = this.#listeners.get(channel)!;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}

/** In parts of bounded size, at least one: a call of nothing still tells whether the epoch is another. */
function pagesOf<T>(list: readonly T[], size: number): (readonly T[])[] {
  if (list.length <= size) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, page) => list.slice(page * size, (page + 1) * size));
}

/** Ask until a script has made ready all that its time has come for. */
async function untilAll<T>(ask: () => Promise<T | 'more'>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== 'more') return answer;
  }
}

function countOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The first `limit` members, and the rest. */
function cut(slices: readonly ClaimedSlice[], limit: number): { within: ClaimedSlice[]; beyond: ClaimedSlice[] } {
  const within: ClaimedSlice[] = [];
  const beyond: ClaimedSlice[] = [];
  let room = limit;
  for (const slice of slices) {
    const at = Math.min(slice.to, slice.from + room);
    if (at > slice.from) within.push({ ...slice, to: at });
    if (at < slice.to) beyond.push({ ...slice, from: at });
    room -= at - slice.from;
  }
  return { within, beyond };
}
