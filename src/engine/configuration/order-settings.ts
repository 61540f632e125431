// What branches are to have of the order of execution (priorities, FIFO, fairness, throttles, rules for keys), brought from the runtime
// configuration to the queue.
//
// The queue is asked what it has, so that only what differs is set: after a change, after the queue was lost and filled
// again, and where another engine set something else. Among engines that share a queue the master's configuration holds.
//
// Invariants:
//   P1. What is wanted last is what is set last: a change that comes while others are carried out is carried out behind them.
//   P2. What could not be told is not agreed, and is agreed when the queue has been found again.
//   P3. Who stops deciding while calls are under way makes no more: they would undo what its successor has set.

import { isDeepStrictEqual } from 'node:util';
import type { BranchSettings, Queue } from '../../queue/contract.js';

/** The event loop turns between so many calls: the embedded queue answers without letting it. */
const callsPerTurn = 10;

export type OrderQueue = Pick<
  Queue,
  'settings' | 'setInheritedPriority' | 'setFifo' | 'setFairness' | 'setThrottle' | 'setKeys'
>;

/** Of a branch. */
export type WantedOrder = Omit<BranchSettings, 'isWhole'>;

const nothing: WantedOrder = { priority: null, fifo: null, fairness: null, throttle: null, keys: null };
const unset: BranchSettings = { ...nothing, isWhole: true };

/** How each is set. Bounds first: what is let run too early cannot be called back. */
const setters: {
  readonly [Name in keyof WantedOrder]: (queue: OrderQueue, branch: string, value: WantedOrder[Name]) => Promise<void>;
} = {
  throttle: (queue, branch, value) => queue.setThrottle(branch, value),
  keys: (queue, branch, value) => queue.setKeys(branch, value),
  priority: (queue, branch, value) => queue.setInheritedPriority(branch, value),
  fifo: (queue, branch, value) => queue.setFifo(branch, value),
  fairness: (queue, branch, value) => queue.setFairness(branch, value),
};

type Call = () => Promise<void>;

export class OrderSettings {
  readonly #queue: OrderQueue;
  #wanted: ReadonlyMap<string, WantedOrder> = new Map();
  #isAgreed = false;
  #passing: Promise<boolean> | null = null;

  readonly #decides: () => boolean;

  /** @param decides whether this engine's configuration is the one that holds */
  constructor(queue: OrderQueue, decides: () => boolean) {
    this.#queue = queue;
    this.#decides = decides;
  }

  /** The queue may have something else, and it is for this engine to set it. */
  get isDue(): boolean {
    return (this.#passing !== null || !this.#isAgreed) && this.#decides();
  }

  /** From now on these, by branch; `agree` brings them to the queue. */
  want(settings: ReadonlyMap<string, WantedOrder>): void {
    this.#wanted = settings;
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

  async #set(wanted: ReadonlyMap<string, WantedOrder>): Promise<boolean> {
    const decided = this.#decides();
    const calls = this.#callsFor(wanted, await this.#queue.settings());
    for (const [at, call] of calls.entries()) {
      if (decided && !this.#decides()) return false;
      await call();
      if ((at + 1) % callsPerTurn === 0) await new Promise(resolve => setImmediate(resolve));
    }
    return true;
  }

  /** A property of all branches before the next one, and of each what is taken away behind what is set, so that a bound that moves
   * to another branch is at no moment at neither. */
  #callsFor(wanted: ReadonlyMap<string, WantedOrder>, there: ReadonlyMap<string, BranchSettings>): Call[] {
    const gone = [...there.keys()].filter(branch => !wanted.has(branch));
    const branches = [...wanted, ...gone.map((branch): [string, WantedOrder] => [branch, nothing])];
    const callsOf = <Name extends keyof WantedOrder>(name: Name): Call[] => {
      const set: Call[] = [];
      const takenAway: Call[] = [];
      for (const [branch, { [name]: value }] of branches) {
        const { [name]: before, isWhole } = there.get(branch) ?? unset;
        if (isWhole && isDeepStrictEqual(before, value)) continue;
        (value === null ? takenAway : set).push(() => setters[name](this.#queue, branch, value));
      }
      return [...set, ...takenAway];
    };
    return (Object.keys(setters) as (keyof WantedOrder)[]).flatMap(callsOf);
  }
}
