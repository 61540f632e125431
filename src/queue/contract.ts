// The Queue contract: the order in which ready work is claimed. Homes: embedded, Redis.
//
// The queue is an index of the store and can be rebuilt from it at any time. It holds slices: positions `from` up to
// (not including) `to` of a segment. Members of a slice are in order, so splitting a slice keeps the order exact.
//
// Guarantees:
//   Q1. Claims come in order: effective priority, then eligible time (creation time on a FIFO lane), then arrival.
//   Q2. A position of a segment is in at most one place: ready, delayed or claimed. Offering what is known does nothing.
//   Q3. Nothing is claimed before its eligible time, by the time claims bring. Once that has come it stays come, though
//       the clock be set back.
//   Q4. A claim not settled within its lease is offered again, marked `redelivered`: read the store before running it.
//   Q5. A claim that is settled, released or expired can be settled again without effect.

/** Positions `from` up to, not including, `to` of a segment. */
export interface Slice {
  readonly segment: string;
  readonly from: number;
  readonly to: number;
}

/** A slice on its way into the queue. */
export interface Offer extends Slice {
  /** Full name of the workflow, `/branch/name`; the lane is its branch. */
  readonly name: string;
  /** Own priority, or `null` to inherit the lane's. */
  readonly priority: number | null;
  readonly eligibleAtMs: number;
  readonly createdAtMs: number;
}

export interface ClaimedSlice extends Slice {
  /** Its last lease ran out: some of it may have been committed. */
  readonly redelivered: boolean;
}

export interface Claim {
  readonly id: string;
  readonly engine: string;
  readonly slices: readonly ClaimedSlice[];
  /** Members in all slices. */
  readonly count: number;
  readonly leaseUntilMs: number;
}

export interface ClaimRequest {
  /** Who claims; its running count is kept under this name. */
  readonly engine: string;
  /** Members at most. */
  readonly limit: number;
  readonly nowMs: number;
  readonly leaseMs: number;
}

export interface QueueCounts {
  /** Members whose eligible time has come and that wait to be claimed. */
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  /** Claimed members by engine. */
  readonly running: ReadonlyMap<string, number>;
}

export interface Queue {
  /** Changes when the queue is rebuilt; claims of an older epoch cannot be settled. */
  readonly epoch: string;

  /** Put slices in. Positions already known are left as they are (Q2). */
  offer(offers: readonly Offer[]): Promise<void>;
  /** Take what is first in order, or `null` when nothing is ready. */
  claim(request: ClaimRequest): Promise<Claim | null>;
  /** Part of a claim is done; the claim ends with its last member. */
  settle(claim: string, slices: readonly Slice[]): Promise<void>;
  /** Part of a claim goes back to where it was, at once. */
  release(claim: string, slices: readonly Slice[]): Promise<void>;
  /** Prolong leases. Returns the claims that no longer exist. */
  extend(claims: readonly string[], leaseUntilMs: number): Promise<string[]>;
  /** Take waiting slices out. Returns the parts that were waiting; what is claimed stays claimed. */
  withdraw(slices: readonly Slice[]): Promise<Slice[]>;
  /** The parts of these segments that are claimed now. */
  claimed(segments: readonly string[]): Promise<Slice[]>;
  /** Put the claims whose lease ended before `nowMs` back in, marked `redelivered`. Returns how many members. */
  expire(nowMs: number): Promise<number>;
  /** When the next delayed slice becomes eligible, milliseconds since the epoch; `null` when none waits. */
  nextEligibleAtMs(): Promise<number | null>;
  /** Priority that members without their own inherit on a branch (trailing `/`); everything below it follows. */
  setInheritedPriority(branch: string, priority: number | null): Promise<void>;
  counts(): Promise<QueueCounts>;
  close(): Promise<void>;
}
