// The runtime of a worker thread: takes batches from its port, runs members' transactions, sends outcomes back.
//
// One transaction is a loop over actions. An action that returns a value goes on in the same turn of the loop, one that
// returns a promise is parked until it settles, in a microtask. So a synchronous action costs no macrotask, and only
// awaited ones count towards `concurrency`.
//
// Invariants:
//   R1. A member has exactly one outcome: `isExecuting` is cleared by whoever makes it, and everybody asks first.
//   R2. Outcomes wait at most for the microtasks of this turn of the event loop, or 2 ms when those go on; before
//       an action whose synchronous part is known to be slow, or not known, they are sent first.
//   R3. The event loop turns at least every `turnMs` between members, so that timers fire and signals arrive.
//   R4. While user code runs the async store is the member, so that what it throws later is charged to it.

import { AsyncLocalStorage } from 'node:async_hooks';
import { threadId } from 'node:worker_threads';
import { failureFlow } from '../../workflow/plan.js';
import { type Act, isThenable, type PlacedAction, type Polled } from '../action.js';
import type { PackedBatch } from '../packing.js';
import type { ActionError, ToThread } from '../protocol.js';
import { SharedState, uptimeOffsetMs } from '../shared-state.js';
import { chosenExit } from './chosen-exit.js';
import { clearDeadline, isOverTime, setDeadline, TriggerTimeout, timeoutFault } from './deadline.js';
import { errorAsData } from './error-as-data.js';
import { exitOfUnfired, type Fired, resultOfFired, type Unfired } from './fired.js';
import { jsonText } from './json-text.js';
import { Member } from './member.js';
import { servicesOf } from './member-services.js';
import { Outbox } from './outbox.js';
import { Rows } from './rows.js';
import { logStray, nameCulprit } from './strays.js';
import { BatchQueue } from './thread-batch.js';
import { type NodeExit, type PathNode, ThreadPlan, type ThreadWorld } from './thread-plan.js';
import type { ThreadTask } from './thread-task.js';

const turnMs = 5;
/** A synchronous part longer than this is slow (R2). */
const slowMs = 1;
const nobody = -1;

export class ThreadRuntime {
  readonly #task: ThreadTask;
  readonly #world: ThreadWorld;
  readonly #shared: SharedState;
  readonly #plans = new Map<number, ThreadPlan>();
  readonly #queue = new BatchQueue();
  readonly #rows: Rows;
  readonly #outbox: Outbox;
  // R4. `enterWith` costs 10 ns a synchronous call and 90 ns an asynchronous one; `run` 15 to 20 and 100.
  readonly #current = new AsyncLocalStorage<Member | undefined>();
  #nowMs = performance.now();
  #turnedAtMs = 0;
  #willTurn = false;
  #isPumping = false;
  #isEnding = false;

  constructor(task: ThreadTask, world: ThreadWorld) {
    this.#task = task;
    this.#world = world;
    this.#shared = new SharedState(task.memory, task.concurrency);
    this.#outbox = new Outbox(task.port, this.#shared);
    this.#rows = new Rows(task.concurrency);
    Member.services = servicesOf(task, this.#outbox);
  }

  receive(message: ToThread): void {
    switch (message.kind) {
      case 'plan':
        this.#plans.set(message.workflow, new ThreadPlan(message.plan, this.#world));
        return;
      case 'forget':
        this.#plans.delete(message.workflow);
        return;
      case 'batch':
        this.#accept(message.batch);
        return;
      case 'abort':
        this.#isEnding = true;
        this.#rows.interrupt();
        return;
      case 'withdraw':
        for (const held of [this.#rows, this.#queue]) held.withdraw(message.batch, message.slots, message.why);
        return;
    }
  }

  /** A batch that cannot be read is answered as a whole: its members would wait for ever, or end thread after thread. */
  #accept(packed: PackedBatch): void {
    const error = this.#queue.accept(packed, this.#plans);
    if (error !== null) this.#outbox.post({ kind: 'refused', batch: packed.id, error });
    else this.#pump();
  }

  /** Begin members as long as there are some and there is room. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#nowMs = performance.now();
    if (!this.#willTurn) this.#turnedAtMs = this.#nowMs;
    try {
      while (this.#rows.hasRoom && !this.#isEnding && this.#nowMs - this.#turnedAtMs < turnMs) {
        const member = this.#queue.next();
        if (member === null) break;
        this.#begin(member);
      }
    } finally {
      this.#shared.holds(nobody);
      this.#current.enterWith(undefined);
      this.#isPumping = false;
    }
    // Where there is no room the next begins when one that executes has ended.
    const mayBegin = this.#rows.hasRoom && !this.#isEnding;
    if ((mayBegin && !this.#queue.isEmpty) || this.#outbox.members > 0) this.#turnSoon();
    else if (mayBegin) this.#outbox.tellBegun();
  }

  #begin(member: Member): void {
    const { place, hasRun } = member.node;
    if (!hasRun && place.isSlow && this.#outbox.members > 0) this.#outbox.flush();
    this.#isEnding ||= this.#shared.ending;
    if (this.#isEnding) return;
    this.#rows.take(member);
    this.#outbox.begun();
    member.begins(this.#nowMs);
    const beginsAt = hasRun ? null : place.planAction.place;
    this.#shared.begin(member.row, member.part.batch.id, member.slot, beginsAt, this.#nowMs + uptimeOffsetMs);
    if (!hasRun || this.#leaveFirst(member)) this.#run(member);
  }

  /** The action where the transaction begins has run before. @returns whether a flow leads to another one within it */
  #leaveFirst(member: Member): boolean {
    let exit: NodeExit;
    try {
      exit = member.node.fixed ?? chosenExit(member);
    } catch (thrown) {
      return this.#failTransaction(member, thrown);
    }
    const now = performance.now();
    member.syncMs += now - this.#nowMs;
    this.#nowMs = now;
    if (exit.ends) return this.#complete(member, exit, null);
    member.node = exit.next();
    member.startedMs = now;
    if (member.node.place.isSlow && this.#outbox.members > 0) this.#outbox.flush();
    this.#shared.step(member.row, 'normal', exit.reached, now + uptimeOffsetMs);
    return true;
  }

  /** Run actions of a member until one must be awaited or the transaction has ended. */
  #run(member: Member): void {
    this.#current.enterWith(member); // R4
    for (;;) {
      if (member.endsWith !== null) {
        this.#failTransaction(member, member.endsWith);
        return;
      }
      const { action } = member.node.place;
      let returned: unknown;
      let isPromised: boolean;
      try {
        const loading = action.ready?.(this.#nowMs) ?? null;
        if (loading !== null) {
          this.#load(member, loading);
          return;
        }
        returned = action.run(member);
        isPromised = isThenable(returned);
      } catch (thrown) {
        this.#tick(member);
        if (this.#fail(member, thrown)) continue;
        return;
      }
      this.#tick(member);
      if (isPromised) this.#await(member, returned);
      if (isPromised || !this.#finishAction(member, returned)) return;
    }
  }

  /** Look at the clock once after a synchronous part: it ended now, and what comes next begins now. */
  #tick(member: Member): void {
    const now = performance.now();
    const heldMs = now - this.#nowMs;
    this.#nowMs = now;
    member.syncMs += heldMs;
    member.node.place.isSlow = heldMs > slowMs;
  }

  /** Its code is on the way: its time begins when that is there. */
  #load(member: Member, loading: Promise<void>): void {
    this.#shared.waitsForCode(member.row);
    this.#outbox.waitsForCode();
    const goOn = (): boolean => {
      member.begins(this.#nowMs);
      this.#shared.hasCode(member.row, this.#nowMs + uptimeOffsetMs);
      this.#outbox.hasCode();
      return true;
    };
    const { node } = member;
    loading.then(
      () => this.#settled(member, goOn, node),
      thrown => this.#settled(member, () => this.#fail(member, thrown), node),
    );
  }

  #await(member: Member, promised: unknown): void {
    const { node } = member;
    const settle = (returned: unknown): void => this.#settled(member, () => this.#finishAction(member, returned), node);
    const reject = (thrown: unknown): void => this.#settled(member, () => this.#fail(member, thrown), node);
    Promise.resolve(promised).then(settle, reject);
    setDeadline(member, this.#nowMs, this.#task.graceMs, () => this.#overdue(member));
  }

  /**
   * A parked member goes on, in a microtask.
   *
   * @param node where it was parked: an action that failed by a stray error may settle when the member has gone on
   */
  #settled(member: Member, goOn: () => boolean, node: PathNode = member.node): void {
    if (!member.isExecuting || member.node !== node) return;
    this.#nowMs = performance.now();
    this.#shared.holds(member.row);
    if (goOn()) this.#run(member);
    this.#shared.holds(nobody);
    this.#pump();
  }

  /** @returns whether the transaction goes on with another action */
  #finishAction(member: Member, returned: unknown): boolean {
    const { node } = member;
    const { place } = node;
    if (isOverTime(member, this.#nowMs)) return this.#fail(member, timeoutFault(member));
    clearDeadline(member);
    if (place.triggers && (returned as Polled).kind !== 'fired') return this.#unfired(member, returned as Unfired);
    const before = member.result;
    const act = place.acts ? (returned as Act) : null;
    let text = 'null';
    const value = place.triggers ? resultOfFired(member, returned as Fired) : act === null ? returned : act.result;
    if (act === null ? place.givesResult : value !== undefined) {
      try {
        text = jsonText(value, act === null ? 'the result' : 'what the action works on', this.#task.resultBytesMax);
      } catch (thrown) {
        return this.#fail(member, thrown);
      }
      member.result = text;
    }
    if (place.action.after !== undefined) {
      const parted = this.#finishAfter(member, place.action.after, returned, before);
      if (parted !== null) return parted;
    }
    member.actionVariables = null;
    if (act !== null) {
      return this.#complete(member, node.exit('normal', { reached: place.planAction.place, demand: act.demand }), null);
    }
    let exit: NodeExit;
    try {
      exit = node.fixed ?? chosenExit(member);
    } catch (thrown) {
      return this.#failTransaction(member, thrown);
    }
    return exit.ends ? this.#complete(member, exit, null) : this.#goOn(member, exit, text);
  }

  /** A trigger has not fired. @returns whether the transaction goes on with an action, by its expiration flow */
  #unfired(member: Member, polled: Unfired): boolean {
    let exit: NodeExit;
    try {
      exit = exitOfUnfired(member, polled, this.#task.resultBytesMax);
    } catch (thrown) {
      return this.#fail(member, thrown);
    }
    return exit.ends ? this.#complete(member, exit, null) : this.#goOn(member, exit, member.result!);
  }

  /**
   * What runs after the action belongs to it: its time, and its failure, which leaves RESULT as it was before the action.
   *
   * @returns `null` when it has run, else what `#finishAction` returns
   */
  #finishAfter(member: Member, after: PlacedAction, returned: unknown, before: string | null): boolean | null {
    let why: unknown = null;
    try {
      const loading = after.ready?.(this.#nowMs) ?? null;
      if (loading !== null) {
        member.result = before;
        const { node } = member;
        const again = (): void => this.#settled(member, () => this.#finishAction(member, returned), node);
        loading.then(again, thrown => this.#settled(member, () => this.#fail(member, thrown), node));
        return false;
      }
      after.run(member);
    } catch (thrown) {
      why = thrown;
    }
    this.#tick(member);
    if (why === null && !isOverTime(member, this.#nowMs)) return null;
    member.result = before;
    return this.#fail(member, why);
  }

  /**
   * @param text result of the action, or its error, as JSON
   * @returns true: the next action runs
   */
  #goOn(member: Member, exit: NodeExit, text: string): true {
    member.goOn(exit.next(), text, this.#nowMs);
    this.#shared.step(member.row, exit.how, exit.reached, this.#nowMs + uptimeOffsetMs);
    return true;
  }

  /** @param error of its last action, when that one's error or timeout flow is taken */
  #complete(member: Member, exit: NodeExit, error: ActionError | null): false {
    let payload: string | null;
    try {
      payload = member.leavesWith(exit.reached);
    } catch (thrown) {
      // What earlier transactions wrote is not JSON: the store gave something else than it was given.
      return this.#failTransaction(member, thrown);
    }
    this.#ended(member);
    this.#outbox.completed(member, exit, payload, error, this.#nowMs);
    return false;
  }

  /** The member's action failed. @returns whether the transaction goes on with another, by a flow for that */
  #fail(member: Member, thrown: unknown): boolean {
    if (!member.isExecuting) return false;
    const why = isOverTime(member, this.#nowMs) ? timeoutFault(member) : thrown;
    const isLate = why !== thrown || thrown instanceof TriggerTimeout;
    const how = isLate ? 'timeout' : 'error';
    const error = errorAsData(why, member.action);
    const flow = failureFlow(member.node.place.planAction, how, member.part.from.attempt, error.code);
    clearDeadline(member);
    if (member.isInterrupted && (flow !== null || why === thrown)) {
      // It heeded the signal: without an outcome it stays ready, and loses no attempt.
      this.#ended(member);
      this.#outbox.post({ kind: 'interrupted' });
      return false;
    }
    if (flow === null || member.isRolledBack) return this.#failTransaction(member, member.endsWith ?? why);
    const { place, plan } = member.node;
    const exit = member.node.exit(how, plan.wayOver(place.planAction.place, [flow]));
    const text = member.failedOver(error, flow.rollback);
    return exit.ends ? this.#complete(member, exit, error) : this.#goOn(member, exit, text);
  }

  /** @returns false: the transaction does not go on */
  #failTransaction(member: Member, why: unknown): false {
    clearDeadline(member);
    this.#ended(member);
    this.#outbox.failed(member, errorAsData(why, member.action), this.#nowMs);
    return false;
  }

  /** R1. */
  #ended(member: Member): void {
    member.isExecuting = false;
    this.#rows.release(member);
    this.#shared.end(member.row);
  }

  /** It did not heed its signal: only the end of the thread ends it. */
  #overdue(member: Member): void {
    if (!member.isExecuting) return;
    this.#isEnding = true;
    this.#outbox.flush();
    this.#outbox.post({ kind: 'overdue', batch: member.part.batch.id, slot: member.slot });
  }

  #turnSoon(): void {
    if (this.#willTurn) return;
    this.#willTurn = true;
    setImmediate(() => {
      this.#willTurn = false;
      if (this.#outbox.members > 0) this.#outbox.flush();
      this.#pump();
    });
  }

  /** The event loop turns, and batches can come. */
  start(): void {
    this.#outbox.post({ kind: 'ready', threadId });
    setInterval(() => {
      this.#shared.beat();
      this.#outbox.turned();
    }, this.#task.beatMs);
  }

  /** Something user code threw outside of any call: an error of the member it belongs to. */
  strayError(thrown: unknown): void {
    const member = this.#current.getStore();
    if (member === undefined) logStray(thrown, this.#outbox);
    else if (member.isExecuting) this.#settled(member, () => this.#fail(member, thrown));
    else member.recordEvent({ kind: 'late-error', error: errorAsData(thrown, member.action) });
  }

  /** Called before the thread exits: what is known goes out, and the culprit is named. */
  exiting(): void {
    nameCulprit(this.#current.getStore(), this.#shared, nobody);
    this.#outbox.flush();
  }
}
