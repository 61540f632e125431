// The priorities that branches inherit, brought from the runtime configuration to the queue.
//
// The queue is asked what it has, so that only what differs is set: after a change, after the queue was lost and filled
// again, and where another engine set something else. Among engines that share a queue the master's configuration holds.
//
// Invariants:
//   P1. What is wanted last is what is set last: a change that comes while others are carried out is carried out behind them.
//   P2. What could not be told is not agreed, and is agreed when the queue has been found again.
//   P3. Who stops deciding while calls are under way makes no more: they would undo what its successor has set.

import type { Queue } from '../queue/contract.js';

/** The event loop turns between so many calls: the embedded queue answers without letting it. */
const callsPerTurn = 10;

type PriorityQueue = Pick<Queue, 'inheritedPriorities' | 'setInheritedPriority'>;

export class InheritedPriorities {
  readonly #queue: PriorityQueue;
  #wanted: ReadonlyMap<string, number> = new Map();
  #isAgreed = false;
  #passing: Promise<boolean> | null = null;

  readonly #decides: () => boolean;

  /** @param decides whether this engine's configuration is the one that holds */
  constructor(queue: PriorityQueue, decides: () => boolean) {
    this.#queue = queue;
    this.#decides = decides;
  }

  /** The queue may have something else, and it is for this engine to set it. */
  get isDue(): boolean {
    return (this.#passing !== null || !this.#isAgreed) && this.#decides();
  }

  /** From now on these, by branch; `agree` brings them to the queue. */
  want(priorities: ReadonlyMap<string, number>): void {
    this.#wanted = priorities;
    this.#isAgreed = false;
  }

  /** The queue is another one, or somebody else may have set something. */
  doubt(): void {
    this.#isAgreed = false;
  }

  /** Resolves when the queue has what is wanted, or it is no longer for this engine to set (P3). @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE` (P2) */
  async agree(): Promise<void> {
    while (this.#passing !== null || !this.#isAgreed) {
      this.#passing ??= this.#pass().finally(() => {
        this.#passing = null;
      });
      if (!(await this.#passing)) return;
    }
  }

  /** @returns whether it came to its end (P3) */
  async #pass(): Promise<boolean> {
    // Whatever makes it untrue while calls are under way asks for another pass (P1).
    this.#isAgreed = true;
    try {
      if (await this.#set(this.#wanted)) return true;
      this.#isAgreed = false;
      return false;
    } catch (error) {
      this.#isAgreed = false;
      throw error;
    }
  }

  async #set(wanted: ReadonlyMap<string, number>): Promise<boolean> {
    const decided = this.#decides();
    const there = await this.#queue.inheritedPriorities();
    const changes: [string, number | null][] = [...wanted].filter(
      ([branch, priority]) => there.get(branch) !== priority,
    );
    for (const branch of there.keys()) if (!wanted.has(branch)) changes.push([branch, null]);
    for (const [at, [branch, priority]] of changes.entries()) {
      if (decided && !this.#decides()) return false;
      await this.#queue.setInheritedPriority(branch, priority);
      if ((at + 1) % callsPerTurn === 0) await new Promise(resolve => setImmediate(resolve));
    }
    return true;
  }
}
