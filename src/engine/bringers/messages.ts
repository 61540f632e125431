// Brings messages to those who wait for them. Whoever publishes, and whoever comes to wait, wakes this engine's rounds, one
// publisher at a time; what an engine did not come to because it died is found by the master's sweep.
//
// Invariants:
//   G1. A message of a queue is consumed by the commit that brings it to its one consumer.
//   G2. A publisher is looked at after each commit that publishes to it, or has somebody wait for it: of two such, by whichever
//       engines, the later one sees both.
//   G3. A message that no selector takes holds up no other: it is passed over, and looked at once a selector as long as
//       `#passed` remembers.
//   G4. Two engines may bring at once: first commit wins, the other looks again.

import type { Commit, Segment } from '../../store/contract.js';
import type { Message, MessageKey, MessagePlace, Publisher } from '../../store/messages.js';
import type { PlanAction } from '../../workflow/plan.js';
import { beforeMessageEvents, messageEvent, publisherOf } from '../../workflow/waited-events.js';
import type { EngineParts } from '../parts.js';
import { Rounds } from '../rounds.js';
import { type Delivery, deliver, deliveriesMax, type Waiter, WrittenTexts, waitersOf } from './deliveries.js';
import { QueueMatch, readMessage, resultOf, selectorOf } from './message-matching.js';

const sweepMs = 5_000;
/** Publishers a sweep looks at, at most; the next goes on behind them. */
const sweptMax = 1_000;
const pageSegments = 200;
/** Another engine was first: the wait is up to so long, so that the two do not meet again. */
const againMs = 50;
const passedMax = 10_000;

type World = Pick<EngineParts, 'store' | 'clock' | 'definitions' | 'holdings' | 'committer'> & {
  /** Of several engines one sweeps. */
  readonly leads: () => boolean;
  readonly failed: (error: unknown) => void;
};

export class Messenger {
  readonly #world: World;
  readonly #sweeps: Rounds;
  readonly #due = new Set<string>();
  /** Up to which sequence a publisher's messages have been looked at in vain, by trigger (queue) or segment (topic). */
  readonly #passed = new Map<string, number>();
  #sweptTo = beforeMessageEvents;
  #isStarted = false;
  #work: Promise<void> | null = null;

  constructor(world: World) {
    this.#world = world;
    this.#sweeps = new Rounds(() => this.#sweep(), sweepMs, world.clock);
  }

  start(): void {
    this.#isStarted = true;
    this.#sweeps.start(0);
  }

  /** Resolves when nothing is being brought. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#due.clear();
    await this.#sweeps.stop();
    await this.#work;
  }

  /** A commit is durable. */
  committed({ messages, segments }: Commit): void {
    if (!this.#isStarted) return;
    for (const { publisher } of messages ?? []) this.#due.add(publisher);
    for (const { waitsFor } of segments) this.#look(waitsFor);
    this.#begin();
  }

  #look(event: string | null): void {
    const publisher = publisherOf(event);
    if (publisher !== null) this.#due.add(publisher);
  }

  #begin(): void {
    if (this.#due.size === 0 || this.#work !== null || !this.#isStarted) return;
    this.#work = this.#workOff().finally(() => {
      this.#work = null;
      this.#begin();
    });
  }

  async #workOff(): Promise<void> {
    for (const publisher of this.#due) {
      this.#due.delete(publisher);
      try {
        if (await this.#bring(publisher)) continue;
        const { clock } = this.#world;
        await new Promise<void>(resolve => void clock.setTimer(Math.random() * againMs, resolve));
        if (this.#isStarted) this.#due.add(publisher);
      } catch (error) {
        // The sweep looks again.
        this.#world.failed(error);
      }
    }
  }

  async #sweep(): Promise<void> {
    const { store, leads, failed } = this.#world;
    if (!leads()) return;
    try {
      for (let swept = 0; swept < sweptMax; swept++) {
        const event = await store.messages.nextEvent(this.#sweptTo);
        if (publisherOf(event) === null) {
          this.#sweptTo = beforeMessageEvents;
          break;
        }
        this.#sweptTo = event!;
        this.#look(event);
      }
      this.#begin();
    } catch (error) {
      failed(error);
    }
  }

  /** Brings what there is. False when something came in between: look again. */
  async #bring(name: string): Promise<boolean> {
    const { store, clock, definitions } = this.#world;
    let after: string | null = null;
    while (this.#isStarted) {
      const publisher = await store.messages.publisher(name);
      if (publisher === null || publisher.backlog === 0) return true;
      const page: Segment[] = await store.messages.waiting(messageEvent(name), clock.nowMs(), after, pageSegments);
      if (page.length === 0) return true;
      await definitions.ensure(page.map(({ workflow }) => workflow));
      const waiters = page.flatMap(waitersOf);
      const some = waiters.slice(0, deliveriesMax);
      const isTopic = publisher.style === 'topic';
      const isApplied = await (isTopic ? this.#topic(name, publisher, waiters) : this.#queue(name, publisher, some));
      if (isApplied === 'stale') return false;
      // Who was left out, or has been served in part, is on this page again.
      const isWhole = isTopic || some.length === waiters.length;
      if (isApplied === 'nothing' && !isWhole) return this.#queueRest(name, publisher, waiters);
      if (isApplied === 'nothing') {
        if (page.length < pageSegments) return true;
        after = page[page.length - 1]!.id;
      }
    }
    return true;
  }

  /** The first of a page wait in vain: the others, in their turn. */
  async #queueRest(name: string, publisher: Publisher, waiters: readonly Waiter[]): Promise<boolean> {
    for (let from = deliveriesMax; from < waiters.length; from += deliveriesMax) {
      const applied = await this.#queue(name, publisher, waiters.slice(from, from + deliveriesMax));
      if (applied !== 'nothing') return false;
    }
    return true;
  }

  async #queue(name: string, { sequence }: Publisher, waiters: readonly Waiter[]): Promise<Applied> {
    const { store, clock } = this.#world;
    const match = new QueueMatch<Waiter>();
    const keyOf = new Map<PlanAction, string>();
    for (const waiter of waiters) {
      const action = this.#actionOf(waiter);
      const key = `${name} ${waiter.segment.workflow} ${waiter.segment.place}`;
      // All there was has been looked at for it.
      if ((this.#passed.get(key) ?? 0) >= sequence) continue;
      keyOf.set(action, key);
      match.add(action, waiter);
    }
    const deliveries: Delivery[] = [];
    const consumed: MessageKey[] = [];
    let at: MessagePlace | null = null;
    let isEnd = match.unserved.length === 0;
    const above = Math.min(...[...keyOf.values()].map(key => this.#passed.get(key) ?? 0));
    while (match.unserved.length > 0) {
      const messages: Message[] = await store.messages.queued(name, above, clock.nowMs(), at);
      isEnd = messages.length === 0;
      if (isEnd) break;
      for (const message of messages) {
        const read = readMessage(message);
        const waiter = match.take(read);
        if (waiter === null) continue;
        deliveries.push({ ...waiter, brings: { given: resultOf(read) } });
        consumed.push({ publisher: name, sequence: message.sequence });
        if (deliveries.length === deliveriesMax) break;
      }
      at = messages[messages.length - 1]!;
    }
    const passed = isEnd ? match.unserved : [];
    const applied = await this.#deliver(deliveries, consumed);
    if (applied !== 'stale') for (const action of passed) this.#pass(keyOf.get(action)!, sequence);
    return applied;
  }

  async #topic(name: string, { sequence }: Publisher, waiters: readonly Waiter[]): Promise<Applied> {
    const { store, clock } = this.#world;
    const left = waiters.filter(({ segment }) => (this.#passed.get(segment.id) ?? 0) < sequence);
    if (left.length === 0) return 'nothing';
    const texts = await WrittenTexts.of(new Set(left.map(({ segment }) => segment)), this.#world);
    let open = left.map(waiter => {
      const { kept, arrivedAtMs } = texts.kept(waiter, this.#actionOf(waiter).name);
      const seen = Math.max(Number(kept.after ?? 0), this.#passed.get(waiter.segment.id) ?? 0);
      return { waiter, seen, sinceMs: kept.after === undefined ? arrivedAtMs : 0 };
    });
    const deliveries: Delivery[] = [];
    let above = Math.min(...open.map(({ seen }) => seen));
    while (open.length > 0 && deliveries.length < deliveriesMax) {
      const messages = await store.messages.published(name, above, clock.nowMs());
      if (messages.length === 0) {
        const applied = await this.#deliver(deliveries, []);
        // Of a segment in which somebody was served a new one has come about.
        if (applied !== 'stale') for (const { waiter } of open) this.#pass(waiter.segment.id, sequence);
        return applied;
      }
      for (const message of messages) {
        const read = readMessage(message);
        const takes = ({ waiter, seen, sinceMs }: (typeof open)[number]): boolean => {
          if (deliveries.length === deliveriesMax || message.sequence <= seen || message.publishedAtMs < sinceMs) {
            return false;
          }
          const selector = selectorOf(this.#actionOf(waiter));
          if (selector !== null && selector(read.properties) !== true) return false;
          deliveries.push({ ...waiter, brings: { given: resultOf(read), after: String(message.sequence) } });
          return true;
        };
        open = open.filter(each => !takes(each));
      }
      above = messages[messages.length - 1]!.sequence;
    }
    return this.#deliver(deliveries, []);
  }

  async #deliver(deliveries: readonly Delivery[], consumed: readonly MessageKey[]): Promise<Applied> {
    if (deliveries.length === 0) return 'nothing';
    return (await deliver(deliveries, consumed, this.#world)) ? 'brought' : 'stale';
  }

  #actionOf({ segment }: Waiter): PlanAction {
    return this.#world.definitions.byNumber(segment.workflow).plan.actions[segment.place]!;
  }

  #pass(key: string, sequence: number): void {
    this.#passed.set(key, sequence);
    if (this.#passed.size > passedMax) this.#passed.delete(this.#passed.keys().next().value!);
  }
}

type Applied = 'brought' | 'nothing' | 'stale';
