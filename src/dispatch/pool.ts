// The Dispatcher over Piscina: hands batches to threads, counts what they hold, and makes good what a lost thread held.
//
// Life of a batch: it becomes a ticket in the thread with most room; each message of outcomes shortens the ticket; at 0
// it is gone. When a thread is lost, `#lose` settles all its tickets in one synchronous step: what had arrived is
// taken, the culprit is answered, everybody else runs again (P1-P3). From then on the thread's messages are strays.
// Once a stop has aborted the members (`#isStopping`) a lost thread is settled only: nothing begins, and no thread.

import type { Piscina } from 'piscina';
import type { Plan } from '../workflow/plan.js';
import type { Dispatcher, DispatcherEvents, DispatcherOptions, Executing } from './contract.js';
import { findCulprit, type LossReason, type Verdict } from './culprit.js';
import { Isolation } from './isolation.js';
import { resolveDispatcherOptions } from './options.js';
import { type PackedOutcomes, unpackOutcomes } from './packing.js';
import type { ActionError, Batch, ThreadAnswer, Withdrawn } from './protocol.js';
import { refusedOutcome } from './refused-outcome.js';
import { Relaunch } from './relaunch.js';
import { Room } from './room.js';
import { openMember, remaindersOf, settle, timeoutMsOf } from './settlement.js';
import { uptimeMs } from './shared-state.js';
import { TakenOff } from './taken-off.js';
import { type MemberName, Ticket } from './ticket.js';
import { Watch } from './watch.js';
import { costKey, createPiscina, WorkerThread } from './worker-thread.js';

/** @param nowMs the engine's time of day, for the times in outcomes */
export function createDispatcher(
  options: Partial<DispatcherOptions>,
  events: DispatcherEvents,
  nowMs: () => number = Date.now,
): Dispatcher {
  return new ThreadPool(resolveDispatcherOptions(options), events, nowMs);
}

class ThreadPool implements Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #events: DispatcherEvents;
  readonly #nowMs: () => number;
  readonly #plans = new Map<number, Plan>();
  readonly #planOf = (workflow: number): Plan => this.#plans.get(workflow)!;
  readonly #room: Room;
  readonly #isolation = new Isolation();
  readonly #relaunch = new Relaunch();
  readonly #watch: Watch;
  #piscina: Piscina | null = null;
  #threads: WorkerThread[] = [];
  /** Tickets no thread can take now. */
  #held: Ticket[] = [];
  readonly #takenOff = new TakenOff();
  #inFlight = 0;
  #ticketsMade = 0;
  #isStopping = false;
  #onChange: () => void = () => {};
  #onStarted: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(options: DispatcherOptions, events: DispatcherEvents, nowMs: () => number) {
    this.#options = options;
    this.#room = new Room(options);
    this.#events = events;
    this.#nowMs = nowMs;
    this.#watch = new Watch(options, {
      timeoutMsOf: (thread, row) => timeoutMsOf(thread, row, this.#planOf),
      lose: (thread, reason) => this.#lose(thread, reason, '', findCulprit(reason, thread.shared, uptimeMs())),
      look: (thread, rows) => {
        if (this.#takenOff.holdsOn(thread, uptimeMs(), options.graceMs)) {
          this.#lose(thread, 'removed', '', { culprit: null, suspects: [] });
        } else if (this.#room.learnFromExecuting(thread, rows, this.#threads)) this.#afterChange();
      },
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async start(): Promise<void> {
    if (this.#piscina !== null) return;
    this.#piscina = createPiscina(this.#options);
    const started = new Promise<void>((resolve, reject) => {
      this.#onStarted = { resolve, reject };
    });
    for (let at = 0; at < this.#options.threads; at++) this.#launch();
    this.#watch.start(() => this.#threads);
    try {
      await started;
    } catch (error) {
      await this.stop(0);
      throw error;
    } finally {
      this.#onStarted = null;
    }
  }

  define(workflow: number, plan: Plan): void {
    this.#plans.set(workflow, plan);
    for (const thread of this.#threads) thread.forgetPlan(workflow);
  }

  capacity(workflow: number, place: number): number {
    return this.#room.capacity(costKey(workflow, place), this.#open());
  }

  appetite(): number {
    return this.#room.appetite(this.#open());
  }

  run(batch: Batch): void {
    if (this.#piscina === null) throw new Error('the dispatcher has not been started');
    for (const { workflow } of batch.parts) {
      if (!this.#plans.has(workflow)) throw new Error(`workflow ${workflow} has not been defined`);
    }
    this.#inFlight += batch.count;
    this.#send(this.#ticket(batch));
  }

  withdraw(batch: number, members: readonly MemberName[], why: Withdrawn): void {
    if (why === 'removed') {
      this.#takenOff.add(batch, members, uptimeMs());
      if (this.#answerTaken(this.#held) > 0) {
        this.#held = this.#held.flatMap(ticket =>
          ticket.remaining === 0 ? [] : [this.#ticket(ticket.batch, ticket.open())],
        );
      }
    }
    for (const thread of this.#threads) {
      for (const ticket of thread.tickets.values()) {
        const slots = ticket.batch.id === batch ? ticket.openSlotsOf(members) : [];
        if (slots.length > 0) thread.withdraw(ticket, slots, why);
      }
    }
  }

  /** @returns how many they were */
  #answerTaken(tickets: Iterable<Ticket>): number {
    const outcomes = this.#takenOff.takeOut(tickets, this.#nowMs());
    const count = outcomes.reduce((sum, { groups }) => sum + groups.length, 0);
    this.#inFlight -= count;
    for (const outcome of outcomes) this.#events.outcomes(outcome);
    return count;
  }

  executing(): Executing[] {
    const behindMs = this.#nowMs() - uptimeMs();
    return this.#threads.flatMap(thread =>
      thread.shared.executing().flatMap(row => {
        const open = openMember(thread, row);
        const place = row.path.at(-1);
        // Where flows are chosen no action executes.
        if (open === null || place === undefined) return [];
        const { batch } = open.ticket;
        const startedAtMs = Math.floor(behindMs + row.startedAtMs);
        return [{ batch: batch.id, slot: Ticket.slotOf(batch, open.name), place, startedAtMs }];
      }),
    );
  }

  async stop(graceMs: number): Promise<void> {
    const piscina = this.#piscina;
    if (piscina === null) return;
    await this.#idleWithin(graceMs, () => this.#inFlight === 0);
    this.#isStopping = true;
    if (this.#inFlight > 0) {
      for (const thread of this.#threads) thread.abortMembers();
      await this.#idleWithin(this.#options.graceMs, () => this.executing().length === 0);
    }
    this.#watch.stop();
    const threads = this.#threads;
    for (const thread of threads) thread.close(message => this.#receive(thread, message));
    this.#piscina = null;
    this.#threads = [];
    this.#held = [];
    this.#isStopping = false;
    this.#isolation.clear();
    this.#takenOff.clear();
    this.#inFlight = 0;
    // First, else Piscina would start another thread for each that ends. Not awaited: it waits for the exit of every thread,
    // and one held by native code may never come to it.
    void piscina.destroy();
    await Promise.all(threads.map(thread => thread.end()));
  }

  #launch(): void {
    const thread = new WorkerThread(this.#piscina!, this.#options, this.#watch.beatMs, {
      message: (from, message) => this.#receive(from, message),
      died: (from, reason, message) => this.#died(from, reason, message),
    });
    this.#threads.push(thread);
  }

  /** Whether threads of this supervisor are to be started and given work still. */
  #isRunning(piscina: Piscina | null): boolean {
    return piscina !== null && this.#piscina === piscina && !this.#isStopping;
  }

  #launchIn(pauseMs: number): void {
    const piscina = this.#piscina;
    if (!this.#isRunning(piscina)) return;
    if (pauseMs === 0) {
      this.#launch();
      return;
    }
    setTimeout(() => {
      if (this.#isRunning(piscina)) this.#launch();
    }, pauseMs).unref();
  }

  #receive(thread: WorkerThread, message: ThreadAnswer): void {
    switch (message.kind) {
      case 'ready':
        thread.ready(message.threadId);
        if (this.#threads.every(({ isReady }) => isReady)) this.#onStarted?.resolve();
        this.#afterChange();
        break;
      case 'outcomes':
        this.#answer(thread, message.outcomes);
        break;
      case 'late':
        this.#events.late(message);
        break;
      case 'log':
        this.#events.log(message.lines);
        break;
      case 'begun':
        if (!this.#isStopping) this.#handOver();
        break;
      case 'interrupted':
        this.#onChange();
        break;
      case 'refused':
        this.#refused(thread, message.batch, message.error);
        break;
      case 'overdue': {
        const rows = thread.shared.executing();
        const culprit = rows.find(row => row.batch === message.batch && row.slot === message.slot) ?? null;
        this.#lose(thread, 'timeout', '', { culprit, suspects: [] });
        break;
      }
    }
  }

  #answer(thread: WorkerThread, packed: PackedOutcomes): void {
    const ticket = thread.tickets.get(packed.batch);
    if (ticket === undefined) return;
    const {
      outcomes: { groups, events },
      costs,
    } = unpackOutcomes(packed);
    this.#relaunch.answered();
    const named = groups.map((group, at) => {
      const { workflow, place } = ticket.batch.parts[group.part]!;
      const key = costKey(workflow, place);
      const count = group.members.length;
      const { occupiedUs, elapsedUs } = costs[at]!;
      this.#room.learn(key, count, occupiedUs, elapsedUs);
      thread.count(key, -count);
      this.#inFlight -= count;
      return ticket.answer(group);
    });
    this.#takenOff.answered({ batch: ticket.batch.id, groups: named });
    const namedEvents = events.map(event => ({ ...event, member: ticket.indexOf(event.part, event.member) }));
    if (ticket.remaining === 0) {
      thread.tickets.delete(ticket.id);
      this.#isolation.ended(ticket);
    }
    this.#events.outcomes({ batch: ticket.batch.id, groups: named, events: namedEvents });
    this.#afterChange();
  }

  #refused(thread: WorkerThread, id: number, error: ActionError): void {
    const ticket = thread.tickets.get(id);
    if (ticket === undefined) return;
    const outcome = refusedOutcome(ticket, error, this.#nowMs(), this.#planOf);
    for (const { part, members } of outcome.groups) {
      const { workflow, place } = ticket.batch.parts[part]!;
      thread.count(costKey(workflow, place), -members.length);
      this.#inFlight -= members.length;
    }
    thread.tickets.delete(id);
    this.#isolation.ended(ticket);
    this.#events.outcomes(outcome);
    this.#afterChange();
  }

  /** Somebody was answered, or a thread came or went: suspects, held tickets, the engine and `stop` may go on. */
  #afterChange(): void {
    if (!this.#isStopping) this.#handOver();
    this.#onChange();
  }

  #handOver(): void {
    for (const { thread, suspect } of this.#isolation.assign(this.#threads)) {
      const ticket = this.#ticket(suspect.batch, remaindersOf([suspect])[0]!.indexes);
      this.#isolation.started(ticket, suspect);
      thread.send(ticket, this.#plans);
    }
    if (this.#held.length > 0) for (const ticket of this.#held.splice(0)) this.#send(ticket);
    if (this.#open().length > 0 && this.#room.takeRefusal()) this.#events.room();
  }

  #died(thread: WorkerThread, reason: LossReason, message: string): void {
    if (!thread.isReady) {
      this.#onStarted?.reject(new Error(`a worker thread does not start: ${message}`));
    }
    this.#lose(thread, reason, message, findCulprit(reason, thread.shared, uptimeMs()));
  }

  /** A thread is lost: settle everything it held, in one step, and start another in its place. */
  #lose(thread: WorkerThread, reason: LossReason, message: string, verdict: Verdict): void {
    if (thread.isGone) return;
    const rows = thread.shared.executing();
    thread.close(late => {
      // That it asks for its end is old news.
      if (late.kind !== 'overdue') this.#receive(thread, late);
    });
    this.#threads = this.#threads.filter(other => other !== thread);
    const hasEnded = thread.end();
    const taken = this.#answerTaken(thread.tickets.values());
    const world = { options: this.#options, nowMs: this.#nowMs(), planOf: this.#planOf };
    const { outcomes, suspects, innocent } = settle({ thread, reason, message, verdict, rows }, world);
    const again = [...innocent, ...this.#isolation.lost(thread.tickets.values(), outcomes.length > 0)];
    this.#inFlight -= outcomes.length;
    this.#launchIn(taken > 0 ? 0 : this.#relaunch.lost(verdict));
    for (const outcome of outcomes) this.#events.outcomes(outcome);
    const count = again.reduce(
      (sum, { indexes }) => sum + indexes.reduce((members, list) => members + list.length, 0),
      0,
    );
    this.#events.threadLost({ reason, rerun: this.#isStopping ? 0 : count + suspects.length, message });
    const piscina = this.#piscina;
    // Only when the thread has ended, so that nobody runs twice at a time. After a stop they are the engine's again.
    void hasEnded.then(() => {
      if (!this.#isRunning(piscina)) return;
      this.#isolation.add(suspects);
      for (const { batch, indexes } of again) this.#held.push(this.#ticket(batch, indexes));
      this.#afterChange();
    });
    this.#afterChange();
  }

  #ticket(batch: Batch, indexes?: readonly Uint16Array[]): Ticket {
    this.#ticketsMade = (this.#ticketsMade % 0x7fff_ffff) + 1;
    return new Ticket(this.#ticketsMade, batch, indexes);
  }

  #send(ticket: Ticket): void {
    const thread = this.#isStopping ? null : this.#room.roomiest(ticket, this.#open());
    if (thread === null) {
      this.#held.push(ticket);
      return;
    }
    thread.shared.clockOffsetMs = this.#nowMs() - Date.now();
    thread.send(ticket, this.#plans);
  }

  /** Threads that take batches. */
  #open(): WorkerThread[] {
    return this.#threads.filter(({ isReserved }) => !isReserved);
  }

  /** Resolves when `isIdle`, looked at after each change, or after `ms`. */
  #idleWithin(ms: number, isIdle: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      this.#onChange = () => {
        if (!isIdle()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onChange();
    });
  }
}
