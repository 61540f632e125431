// The queue as the engine uses it. A queue may be out of reach, and may lose everything it knows (D1): here it is found
// again, told what this engine holds, filled from the store if that falls to us, and given what it missed.
//
// Invariants:
//   N1. What this engine holds of its claims is known here, so that it can be announced to a new epoch: nothing that
//       executes is started a second time.
//   N2. An offer, a settle or a release is carried out in the end, or the queue is filled anew: callers need not ask again.
//   N3. Only what cannot be answered without the queue rejects (`withdraw`, `claimed`, `whereIs`): the operation is told.
//   N4. Bounded: offers that wait for a queue out of reach are counted, and beyond a bound replaced by a walk through the
//       store, which offers everything.
//   N5. Two engines of the same name are two: in the queue a mark stands behind the name, which nobody else sees.

import type { Clock, Timer } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type {
  Attachment,
  Claim,
  ClaimRequest,
  ExpiredSlice,
  NothingReady,
  Offer,
  Queue,
  QueueCounts,
  Slice,
  ThrottleState,
} from '../../queue/contract.js';
import type { Whereabouts } from '../../queue/whereabouts.js';
import type { Segment } from '../../store/contract.js';
import { type HandedOver, HeldClaims } from '../claims/held-claims.js';
import type { OrderSettings } from '../configuration/order-settings.js';
import { byName, isTakenFrom, markedName, nameOf, unmarked } from './engine-marks.js';
import { type GivenBack, giveBack, QueueBacklog } from './queue-backlog.js';
import { awake } from './sleepers.js';

/** Waits between attempts to find the queue again: doubling, from and to. */
const retryMs = 100;
const retryMsMax = 2_000;
/** While somebody else fills it we look this often. */
const fillingMs = 200;

/** What the engine asks of the queue. */
export type EngineQueue = Pick<
  Queue,
  'offer' | 'claim' | 'settle' | 'release' | 'extend' | 'withdraw' | 'claimed' | 'expire' | 'counts'
>;

/** Whether the queue is still ours to fill; asked after each page. */
export type IsOurs = () => Promise<boolean>;

export interface SteadyQueueWorld {
  readonly queue: Queue;
  readonly engine: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Of the same queue: brought to it whenever it has been found. */
  readonly order: Pick<OrderSettings, 'isDue' | 'agree' | 'doubt'>;
  /** What was set of the order by operation is known. */
  learnOrder(): Promise<void>;
  /** Offer everything the store has; false when it was ours no longer. */
  fill(isOurs: IsOurs): Promise<boolean>;
  offerOf(segment: Segment, from: number, to: number): Offer;
  /** Names of the engines that live now, each as often as there are such engines. */
  living(): Promise<readonly string[]>;
  /** The queue is there again, or may have something: claim. */
  wake(): void;
  lost(fields: { reason: string }): void;
  found(fields: { tookMs: number; filled: boolean }): void;
  /** Something that is no trouble of the queue. */
  failed(error: unknown): void;
}

export class SteadyQueue implements EngineQueue {
  readonly #world: SteadyQueueWorld;
  /** Name and mark (N5). */
  readonly #self: string;
  /** What is held, by claim (N1). */
  readonly #held = new HeldClaims();
  #isOpen = false;
  #openings = 0;
  #isClosed = false;
  /** The epoch that knows what this engine holds. */
  #announcedIn: string | null = null;
  #wasLost = false;
  /** What it could not be told (N2). */
  readonly #backlog = new QueueBacklog();
  #finding: Promise<void> | null = null;
  #pause: { readonly timer: Timer; readonly end: () => void } | null = null;
  #interrupt: () => void = () => undefined;
  readonly #stopListening: () => void;

  constructor(world: SteadyQueueWorld) {
    this.#world = world;
    this.#self = markedName(world.engine);
    this.#stopListening = world.queue.onReady(() => world.wake());
  }

  /** Claims are answered. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How often it has been found. Whoever committed before the last time is late: the epoch was filled with what was made,
   * and others may have carried it out. */
  get openings(): number {
    return this.#openings;
  }

  /** Whether this engine still holds the claim, by what it knows. */
  holds(claim: string): boolean {
    return this.#held.has(claim);
  }

  /** What of a claim goes to the threads. */
  handedOver(claim: string, parts: readonly HandedOver[]): void {
    this.#held.handedOver(claim, parts);
  }

  /** Bind to the queue, so that operations can look into it before claims are answered. */
  async attach(): Promise<void> {
    await this.#attach();
  }

  /** Resolves when claims are answered: the queue has been found, and filled by whoever it falls to. */
  async open(): Promise<void> {
    if (this.#isOpen) return;
    const interrupted = new Promise<never>((_, reject) => {
      this.#interrupt = () =>
        reject(new EngineError('ENGINE_STOPPED', 'the engine was stopped before its queue was found'));
    });
    await Promise.race([this.#find(), interrupted]);
  }

  /** Whoever waits in `open` waits no longer; the queue is looked for all the same. */
  interrupt(): void {
    this.#interrupt();
  }

  /** What sleeps is left out. */
  async offer(all: readonly Offer[]): Promise<void> {
    const offers = awake(all, this.#world.clock.nowMs());
    if (offers.length === 0) return;
    // While it is being found offers are taken as well, but whether the walk has passed them is not known: they wait.
    if (!this.#isOpen) return this.#backlog.addOffers(offers);
    await this.#call(() => this.#world.queue.offer(offers)).catch(error => {
      this.#backlog.addOffers(offers);
      this.#trouble(error);
    });
  }

  async claim(request: Omit<ClaimRequest, 'engine'>): Promise<Claim | NothingReady> {
    if (!this.#isOpen) return { kind: 'nothing', eligibleInMs: null };
    try {
      const answer = await this.#world.queue.claim({ ...request, engine: this.#self });
      if (answer.kind === 'nothing') return answer;
      this.#held.took(answer);
      return { ...answer, engine: this.#world.engine };
    } catch (error) {
      this.#trouble(error);
      return { kind: 'nothing', eligibleInMs: null };
    }
  }

  settle(claim: string, slices: readonly Slice[]): Promise<void> {
    return this.#giveBack({ kind: 'settle', claim, slices });
  }

  release(claim: string, slices: readonly Slice[]): Promise<void> {
    return this.#giveBack({ kind: 'release', claim, slices });
  }

  /** Claims that are gone are forgotten: somebody else has their members, and our commits are fenced. */
  async extend(claims: readonly string[], leaseMs: number): Promise<string[]> {
    if (!this.#isOpen) return [];
    const gone = await this.#orElse(() => this.#world.queue.extend(claims, leaseMs), []);
    for (const id of gone) this.#held.forget(id);
    return gone;
  }

  /** Some of what is ready again because its lease had ended; none when there is no more. */
  async expire(): Promise<ExpiredSlice[]> {
    const expired = this.#isOpen ? await this.#orElse(() => this.#world.queue.expire(), []) : [];
    return expired.map(slice => ({ ...slice, engine: nameOf(slice.engine) }));
  }

  /** The others are told that this engine has left, if they can be reached; else they see it by themselves. */
  async tellLeft(): Promise<void> {
    await this.#orElse(() => this.#world.queue.tellLeft(), undefined);
  }

  onLeft(listener: () => void): () => void {
    return this.#world.queue.onLeft(listener);
  }

  async counts(): Promise<QueueCounts> {
    const unknown = { ready: 0, delayed: 0, claimed: 0, running: new Map<string, number>() };
    const counts = await this.#orElse(() => this.#world.queue.counts(), unknown);
    return { ...counts, running: byName(counts.running) };
  }

  /** `null`: the queue is out of reach. */
  async throttles(): Promise<ReadonlyMap<string, ThrottleState> | null> {
    const states = await this.#orElse(() => this.#world.queue.throttles(), null);
    if (states === null) return null;
    return new Map([...states].map(([branch, each]) => [branch, { ...each, runningBy: byName(each.runningBy) }]));
  }

  /** @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE` (N3) */
  withdraw(slices: readonly Slice[]): Promise<Slice[]> {
    return this.#call(() => this.#world.queue.withdraw(slices));
  }

  /** @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE` (N3) */
  claimed(segments: readonly string[]): Promise<Slice[]> {
    return this.#call(() => this.#world.queue.claimed(segments));
  }

  /** @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE` (N3) */
  async whereIs(segment: string, position: number): Promise<Whereabouts> {
    return unmarked(await this.#call(() => this.#world.queue.whereIs(segment, position)));
  }

  /** Bring the order of branches to the queue, if that is due; what cannot be told now is told when it has been found. */
  async agree(): Promise<void> {
    if (this.#isOpen && this.#world.order.isDue) {
      await this.#orElse(() => this.#world.order.agree(), undefined);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isOpen = false;
    this.#stopListening();
    this.#interrupt();
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#world.queue.close();
  }

  async #giveBack(given: GivenBack): Promise<void> {
    this.#held.gaveBack(given.claim, given.slices);
    // Behind the announcement: what overtook it would not be found.
    if (this.#finding !== null && !this.#isOpen) {
      this.#backlog.addGivenBack(given);
      return;
    }
    try {
      await giveBack(this.#world.queue, given);
    } catch (error) {
      // A queue that was lost knows nothing of it; one out of reach is told when it is back.
      if (isUnavailable(error)) this.#backlog.addGivenBack(given);
      this.#trouble(error);
    }
  }

  async #orElse<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#trouble(error);
      return otherwise;
    }
  }

  async #call<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#trouble(error);
      throw error;
    }
  }

  /** @param error of the queue: it is looked for; any other is told */
  #trouble(error: unknown): void {
    if (!isLost(error) && !isUnavailable(error)) {
      this.#world.failed(error);
      return;
    }
    if (this.#isClosed) return;
    if (this.#finding !== null) {
      // Just opened: then it is looked for once more.
      if (this.#isOpen) void this.#finding.then(() => this.#trouble(error));
      return;
    }
    this.#isOpen = false;
    this.#wasLost = true;
    this.#world.lost({ reason: (error as EngineError).message });
    void this.#find();
  }

  #find(): Promise<void> {
    this.#finding ??= this.#findUntilOpen().finally(() => {
      this.#finding = null;
    });
    return this.#finding;
  }

  async #findUntilOpen(): Promise<void> {
    const { clock, found, wake, order } = this.#world;
    const startedMs = clock.monotonicMs();
    let filled = false;
    let waitMs = retryMs;
    while (!this.#isClosed) {
      try {
        const attachment = await this.#attachAndAnnounce();
        if (attachment === 'mine') {
          await this.#othersAnnounced();
          filled = await this.#fill();
        }
        if (attachment === 'open' || filled) {
          const walk = () => this.#world.fill(() => Promise.resolve(true));
          while (!this.#backlog.isEmpty || order.isDue) {
            await this.#backlog.tell(this.#world.queue, walk);
            if (order.isDue) await order.agree();
          }
          // In the same breath: what comes from now on goes to the queue.
          this.#isOpen = true;
          this.#openings += 1;
          if (this.#wasLost) found({ tookMs: Math.round(clock.monotonicMs() - startedMs), filled });
          this.#wasLost = false;
          wake();
          return;
        }
        await this.#wait(fillingMs);
      } catch (error) {
        if (!isLost(error) && !isUnavailable(error)) this.#world.failed(error);
        await this.#wait(waitMs);
        waitMs = Math.min(retryMsMax, waitMs * 2);
      }
    }
  }

  async #fill(): Promise<boolean> {
    // What waited until now is in the store, and the walk has not begun.
    this.#backlog.forgetOffers();
    // Before anything can be claimed; the engine that decides brings its own later, should they be others.
    await this.#world.learnOrder();
    await this.#world.order.agree();
    if (!(await this.#world.fill(async () => (await this.#attachAgain()) === 'mine'))) return false;
    await this.#world.order.agree();
    await this.#world.queue.open();
    return true;
  }

  #attach(): Promise<Attachment> {
    return this.#world.queue.attach(this.#self, this.#world.leaseMs);
  }

  async #attachAndAnnounce(): Promise<Attachment> {
    const { queue, leaseMs, offerOf } = this.#world;
    const attachment = await this.#attach();
    this.#world.order.doubt();
    if (queue.epoch !== this.#announcedIn) {
      await queue.announce(this.#self, this.#held.announced(offerOf), leaseMs);
      this.#announcedIn = queue.epoch;
    }
    return attachment;
  }

  /** Keep the epoch ours. @throws EngineError `QUEUE_LOST` when it is another one by now: then all begins again */
  async #attachAgain(): Promise<Attachment> {
    const attachment = await this.#attach();
    if (this.#world.queue.epoch !== this.#announcedIn) throw new EngineError('QUEUE_LOST', 'lost while it was filled');
    return attachment;
  }

  /** Until all that live have said what they hold, or a lease has passed: whoever is silent for so long holds nothing. */
  async #othersAnnounced(): Promise<void> {
    const { clock, leaseMs, queue } = this.#world;
    const untilMs = clock.monotonicMs() + leaseMs;
    while (!this.#isClosed && clock.monotonicMs() < untilMs) {
      const announced = (await queue.announced()).map(nameOf);
      // Asked anew each time: an engine that leaves meanwhile says nothing more.
      const living = await this.#world.living();
      if (living.every(engine => isTakenFrom(announced, engine))) return;
      await this.#wait(fillingMs / 4);
      await this.#attachAgain();
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise(resolve => {
      this.#pause = { timer: this.#world.clock.setTimer(ms, resolve).unref(), end: resolve };
    });
  }
}

function isLost(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'QUEUE_LOST';
}

function isUnavailable(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'QUEUE_UNAVAILABLE';
}
