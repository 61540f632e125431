// What actions have cost lately, and how much of them a thread may hold (D8). Pure.
//
// Two means a workflow and place: how long a member holds its thread, and how long it takes from beginning to end. The
// first says how much thread time waits, the second how soon one of the `concurrency` slots is free again.
//
// Rules:
//   C1. Nothing known: one member in all threads together. From then on at most `growth` times the members measured.
//   C2. At most `waitingMs` of measured thread time in a thread, and always one member in an empty one.
//   C3. At most `concurrency` members executing, plus what becomes free within `waitingMs`.
//   C4. A mean is over the last `memory` members. A sample that is `shock` times the mean, and matters, makes the rest
//       forgotten: better to start small again than to leave a second of work waiting in a thread.

const growth = 8;
const memory = 256;
const shock = 4;
/** Below this a member can never be a shock: the threads share processors with others, and a pause is no news. */
const shockUs = 1_000;
/** Members in one batch, whatever they cost: more saves nothing, and delays their outcomes. */
export const batchMax = 1_000;

/** Mean cost of a member. */
export interface Cost {
  readonly members: number;
  readonly occupiedUs: number;
  readonly elapsedUs: number;
  /** Members measured since the last shock. */
  readonly measured: number;
}

/** What is in a thread: members, and the sums of what they are expected to cost. */
export interface Load {
  readonly members: number;
  readonly occupiedUs: number;
  readonly elapsedUs: number;
}

export interface RoomLimits {
  readonly concurrency: number;
  readonly waitingMs: number;
}

export class CostBook {
  readonly #costs = new Map<number, Cost>();
  /** Over all actions: what a member yet unknown will probably cost. */
  #overall: Cost | null = null;

  get overall(): Cost | null {
    return this.#overall;
  }

  of(key: number): Cost | null {
    return this.#costs.get(key) ?? null;
  }

  /** Learn what `members` cost together. */
  learn(key: number, members: number, occupiedUs: number, elapsedUs: number): void {
    this.#costs.set(key, learnt(this.#costs.get(key) ?? null, members, occupiedUs, elapsedUs));
    this.#overall = learnt(this.#overall, members, occupiedUs, elapsedUs);
  }
}

function learnt(known: Cost | null, members: number, occupiedUs: number, elapsedUs: number): Cost {
  const sample = { members, occupiedUs: occupiedUs / members, elapsedUs: elapsedUs / members, measured: members };
  if (known === null) return sample;
  const isShock = sample.occupiedUs > shockUs && sample.occupiedUs > known.occupiedUs * shock;
  const weightBefore = Math.min(known.members, isShock ? members : Math.max(0, memory - members));
  const weight = weightBefore + members;
  const mean = (before: number, now: number): number => (before * weightBefore + now * members) / weight;
  return {
    members: weight,
    occupiedUs: mean(known.occupiedUs, sample.occupiedUs),
    elapsedUs: mean(known.elapsedUs, sample.elapsedUs),
    measured: isShock ? members : known.measured + members,
  };
}

/** How many members of this cost a thread has room for. */
export function roomFor(cost: Cost, load: Load, limits: RoomLimits): number {
  const waitingUs = limits.waitingMs * 1_000;
  const byTime = Math.floor((waitingUs - load.occupiedUs) / Math.max(1, cost.occupiedUs)) + 1; // C2
  // C3: slots become free at the rate at which members of this mix end.
  const elapsedUs = Math.max(1, (load.elapsedUs + cost.elapsedUs) / (load.members + 1));
  const bySlots = limits.concurrency + Math.floor((waitingUs * limits.concurrency) / elapsedUs) - load.members;
  return Math.max(0, Math.min(byTime, bySlots, batchMax));
}

/** How many more members may go to all threads together (C1). */
export function trustIn(cost: Cost | null, inFlight: number): number {
  return Math.max(0, (cost === null ? 1 : cost.measured * growth) - inFlight);
}
