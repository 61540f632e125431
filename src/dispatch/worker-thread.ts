// One worker thread as the main thread sees it: its Piscina task, its port, its shared memory, what it holds.
//
// Piscina supervises: the task lasts as long as the thread, a rejection says how the thread died, aborting the task
// ends the thread, and a replacement is started for the next one.

import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { actionThreadDoor } from '../observe/thread-entry.js';
import type { Plan } from '../workflow/plan.js';
import type { DispatcherOptions } from './contract.js';
import type { Cost, CostBook, Load } from './costs.js';
import type { LossReason } from './culprit.js';
import { LivingGroups } from './living-groups.js';
import { packBatch } from './packing.js';
import type { FromThread, ThreadAnswer, ToThread, Withdrawn } from './protocol.js';
import { SharedState, sharedBytes } from './shared-state.js';
import type { ThreadTask } from './thread/thread-task.js';
import type { Ticket } from './ticket.js';

/** Plans a thread keeps: a number of versions is deployed in the life of an engine that nobody can bound. */
const plansMax = 256;
/** How long the end of a thread is waited for. One held by native code may outlive it; nobody waits for that. */
const endMs = 1_000;

export interface ThreadEvents {
  message(thread: WorkerThread, message: ThreadAnswer): void;
  /** The thread died by itself. */
  died(thread: WorkerThread, reason: LossReason, message: string): void;
}

/**
 * The supervisor: as many threads as wanted, started at once. `atomics: 'disabled'`, because its usual waiting on shared
 * memory stops a thread's event loop. A larger young generation (16, 64 MB) was tried: no gain.
 */
export function createPiscina({ threads, heapMb }: DispatcherOptions): Piscina {
  const piscina = new Piscina({
    minThreads: threads,
    maxThreads: threads,
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  // A thread that fails while it is being ended has no task left to reject; there is nothing to do about it.
  piscina.on('error', () => {});
  return piscina;
}

/** Number of a workflow and place in the cost book; a plan has at most 10,001 places. */
export function costKey(workflow: number, place: number): number {
  return workflow * 16_384 + place;
}

export class WorkerThread {
  readonly shared: SharedState;
  readonly tickets = new Map<number, Ticket>();
  /** Runs suspects only, one at a time. */
  isReserved = false;
  isReady = false;
  isGone = false;
  members = 0;
  /** How long its event loop has been seen standing still. */
  stalledMs = 0;
  lastBeats = 0;
  readonly #piscina: Piscina;
  readonly #port: MessagePort;
  readonly #abort = new AbortController();
  /** Plans the thread has, the least recently used first. */
  readonly #plansSent = new Set<number>();
  readonly #membersByKey = new Map<number, number>();
  readonly #closed: Promise<void>;
  /** What its actions have started. */
  readonly #groups = new LivingGroups();
  #worker: Worker | null = null;

  constructor(piscina: Piscina, options: DispatcherOptions, beatMs: number, events: ThreadEvents) {
    this.#piscina = piscina;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const memory = new SharedArrayBuffer(sharedBytes(options.concurrency));
    this.shared = new SharedState(memory, options.concurrency);
    const { concurrency, graceMs, resultBytesMax, scripts, sql, programs } = options;
    const bounds = { concurrency, graceMs, beatMs, resultBytesMax };
    const task: ThreadTask = { port: port2, memory, ...bounds, scripts, sql, programs };
    port1.on('message', (message: FromThread) => {
      if (message.kind === 'process-group') this.#groups.note(message);
      // Strays of a thread that is being ended: its members are answered otherwise.
      else if (!this.isGone) events.message(this, message);
    });
    this.#closed = new Promise(resolve => port1.once('close', resolve));
    piscina.run(task, { filename: actionThreadDoor().href, transferList: [port2], signal: this.#abort.signal }).then(
      () => this.#died(events, 'error', 'the thread returned'),
      (error: Error & { code?: string }) => this.#died(events, reasonOf(error), error.message),
    );
  }

  /** What arrived before the thread was given up is taken; afterwards nothing is. */
  close(deliver: (message: ThreadAnswer) => void): void {
    if (this.isGone) return;
    for (let read = receiveMessageOnPort(this.#port); read !== undefined; read = receiveMessageOnPort(this.#port)) {
      const message = read.message as FromThread;
      if (message.kind === 'process-group') this.#groups.note(message);
      else deliver(message);
    }
    this.isGone = true;
    this.shared.markEnding();
  }

  /** End the thread, and what its actions have started. Resolves when it has ended, or will not. */
  async end(): Promise<void> {
    this.#abort.abort();
    let timer: NodeJS.Timeout | undefined;
    const isClosed = await Promise.race([
      this.#closed.then(() => true),
      new Promise<false>(resolve => {
        timer = setTimeout(() => resolve(false), endMs);
      }),
    ]);
    clearTimeout(timer);
    this.#groups.kill();
    if (!isClosed) this.#worker?.unref();
    this.#port.close();
  }

  ready(threadId: number): void {
    this.isReady = true;
    this.#worker = this.#piscina.threads.find(worker => worker.threadId === threadId) ?? null;
  }

  send(ticket: Ticket, plans: ReadonlyMap<number, Plan>): void {
    const batch = ticket.toSend();
    let last: number | null = null;
    for (const { workflow, place, ordinals } of batch.parts) {
      if (workflow !== last) this.#use(workflow, plans);
      last = workflow;
      this.count(costKey(workflow, place), ordinals.length);
    }
    this.tickets.set(ticket.id, ticket);
    this.#post({ kind: 'batch', batch: packBatch(batch) });
    for (const workflow of this.#plansSent) {
      if (this.#plansSent.size <= plansMax) break;
      this.forgetPlan(workflow);
    }
  }

  /** The thread gets it anew with the next batch that needs it. Batches sent before keep what they have. */
  forgetPlan(workflow: number): void {
    if (this.#plansSent.delete(workflow)) this.#post({ kind: 'forget', workflow });
  }

  #use(workflow: number, plans: ReadonlyMap<number, Plan>): void {
    if (!this.#plansSent.delete(workflow)) this.#post({ kind: 'plan', workflow, plan: plans.get(workflow)! });
    this.#plansSent.add(workflow);
  }

  /** @param slots in the ticket */
  withdraw(ticket: Ticket, slots: readonly number[], why: Withdrawn): void {
    this.#post({ kind: 'withdraw', why, batch: ticket.id, slots });
  }

  abortMembers(): void {
    this.#post({ kind: 'abort' });
  }

  /** Members of a key came (positive) or went. */
  count(key: number, members: number): void {
    this.members += members;
    const now = (this.#membersByKey.get(key) ?? 0) + members;
    if (now === 0) this.#membersByKey.delete(key);
    else this.#membersByKey.set(key, now);
  }

  membersOf(key: number): number {
    return this.#membersByKey.get(key) ?? 0;
  }

  /**
   * What it holds, at the costs known now. Members that wait for something outside have had most of their thread time,
   * so they count as members but not as time.
   *
   * @param unknown cost of a member never measured
   */
  load(book: CostBook, unknown: Cost): Load {
    let occupiedUs = 0;
    let elapsedUs = 0;
    for (const [key, members] of this.#membersByKey) {
      const cost = book.of(key) ?? unknown;
      occupiedUs += members * cost.occupiedUs;
      elapsedUs += members * cost.elapsedUs;
    }
    const { members, shared } = this;
    const share = members === 0 ? 0 : Math.max(0, members - shared.awaiting) / members;
    return { members, occupiedUs: occupiedUs * share, elapsedUs };
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message);
  }

  #died(events: ThreadEvents, reason: LossReason, message: string): void {
    if (!this.isGone) events.died(this, reason, message);
  }
}

function reasonOf(error: Error & { code?: string }): LossReason {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'memory';
  return /^worker exited with code/.test(error.message) ? 'exit' : 'error';
}
