// The Queue contract: the order in which ready work is claimed. Homes: embedded, Redis.
//
// The queue is an index of the store: it can be lost at any moment and is rebuilt from the store (D1). What stands
// between two losses is an epoch. It holds slices: positions `from` up to (not including) `to` of a segment. Members of
// a slice are in order, so splitting a slice keeps the order exact. The time is the queue's own (D7): those who share
// one need not agree on theirs.
//
// Guarantees:
//   Q1. Claims come in order: effective priority, then the share of the key (`key-rules.ts`), then eligible time (creation
//       time on a FIFO branch), then arrival, then position. What has no room under a throttle does not compete.
//   Q2. A position of a segment is in at most one place: ready, delayed or claimed. Offering what is known does nothing.
//   Q3. Nothing is claimed before its eligible time, by the queue's time. Once that has come it stays come, though the
//       clock be set back.
//   Q4. A claim not settled within its lease is offered again, marked `redelivered`: read the store before running it.
//   Q5. A claim that is settled, released or expired can be settled again without effect.
//   Q6. Nothing is claimed before the epoch is open: until then whoever still executes something can announce it, so that
//       it is not started a second time.
//   Q7. A call that meets another epoch than the one this object is attached to, or none, changes nothing and rejects
//       with `QUEUE_LOST`.
//   Q8. A call that rejects with `QUEUE_UNAVAILABLE` may have been done, or not, or in part; repeating it does no harm.
//       What a claim took whose answer was lost is the answer to the engine's next claim.
//   Q9. No claim makes more members than a throttle lets be claimed below its branch; what was claimed before it was set
//       counts. Those announced count, and may be more.
//  Q10. No claim makes more members of a key than its rules let be claimed at a time; the same counts as under a throttle.
//  Q11. Under strict rules a key has one member claimed at a time, and of those that wait, ready or delayed, the first by
//       creation, then arrival, then position: while that one is delayed, or has no room, none of the key is claimed.
//       With what is not of its key it competes as any other, by its own priority and times.
//  Q12. In a window of any length w, by the queue's time, at most `members * w / perMs + burst` members are claimed below a
//       branch with a rate, or of a key whose rules have one, those given back aside. A release gives back what was taken but
//       for as much as may have come again since (it may have been lost at the burst); nothing where the claim was announced,
//       or a throttle or rules for keys were set since, here or elsewhere: so none adds to the bound. Nor does a clock that is
//       set back, and of what had come it costs at most what came since a token was last taken, or none was found. A rate
//       begins with nothing, when it is set where there was none and in each epoch, so that no loss of the queue adds to it.

import type { KeyRules } from './key-rules.js';
import type { Rate } from './rate.js';

export type { Rate } from './rate.js';

import type { Whereabouts } from './whereabouts.js';

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
  /** Of the instance, for the rules of its branch: 1 to 128 bytes without control characters. Absent: it has none. */
  readonly key?: string;
  /**
   * Some of it may have been committed since it was read: claims of it are marked `redelivered`. Whoever fills a queue
   * that others use meanwhile, or repeats an offer that was not answered, says so. Default false.
   */
  readonly redelivered?: boolean;
  /** It waits at a trigger: while its time is far nobody need offer it. */
  readonly sleeps?: true;
}

export interface ClaimedSlice extends Slice {
  /** Its last lease ran out, or it was offered so: some of it may have been committed. */
  readonly redelivered: boolean;
}

/** What was put back of a claim whose lease had ended, and whose it was. */
export interface ExpiredSlice extends Slice {
  readonly engine: string;
}

/** Slices put back by one `expire` at most. */
export const expiredMax = 500;

export interface Claim {
  readonly kind: 'claimed';
  readonly id: string;
  readonly engine: string;
  readonly slices: readonly ClaimedSlice[];
  /** Members in all slices. */
  readonly count: number;
}

/** Nothing is ready that has room, or nothing was asked for. */
export interface NothingReady {
  readonly kind: 'nothing';
  /**
   * Until the first of what is delayed is eligible, or a rate that is used up lets something be claimed again; `null` when
   * there is neither, or the epoch is not open.
   */
  readonly eligibleInMs: number | null;
}

export interface ClaimRequest {
  /** Who claims; its running count is kept under this name. */
  readonly engine: string;
  /** Members at most. */
  readonly limit: number;
  readonly leaseMs: number;
}

/** A claim of an earlier epoch whose slices an engine still holds, with all that is needed to put them back. */
export interface AnnouncedClaim {
  readonly id: string;
  readonly slices: readonly Offer[];
}

/** Bounds of what is claimed below a branch, all of it together; `null`: none. */
export interface Throttle {
  /** Members claimed at most, by each engine. 0 keeps all of it waiting. */
  readonly perEngine: number | null;
  /** By all engines. */
  readonly clusterWide: number | null;
  /** Members begun in a time, by all engines. */
  readonly rate: Rate | null;
}

/** A throttle, and the members claimed below its branch. */
export interface ThrottleState extends Throttle {
  readonly running: number;
  /** By engine; those that hold some. */
  readonly runningBy: ReadonlyMap<string, number>;
}

/**
 * How long, in ms, a member waits from one step of its effective priority to the next, down to 1; `off`: it has none. Steps
 * fall on a grid common to all, so that the first may come sooner. The cost of a claim grows with the number of different
 * windows.
 */
export type FairnessWindow = number | 'off';

/** What is set of a branch in this epoch and not taken away; `null`: nothing. */
export interface BranchSettings {
  readonly priority: number | null;
  readonly fifo: boolean | null;
  readonly fairness: FairnessWindow | null;
  readonly throttle: Throttle | null;
  readonly keys: KeyRules | null;
  /** False where a call was not carried out to its end, so that all of the branch is to be set again. */
  readonly isWhole: boolean;
}

export interface QueueCounts {
  /** Members whose eligible time has come and that wait to be claimed. */
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  /** Claimed members by engine. */
  readonly running: ReadonlyMap<string, number>;
}

/**
 * What an engine that has attached to an epoch is to do. `mine`: offer everything the store has open, set priorities and
 * FIFO, then `open` it. `filling`: somebody else does that. Both: `announce` what is held. `open`: nothing.
 */
export type Attachment = 'open' | 'filling' | 'mine';

export interface Queue {
  /** The epoch this object is attached to; `null` before the first `attach`. */
  readonly epoch: string | null;

  /**
   * Bind this object to the current epoch, or make one. While the epoch is being filled all calls are taken, and `claim`
   * finds nothing (Q6). Whoever fills says so again within its lease; the first to attach after that takes over.
   *
   * @throws EngineError `QUEUE_UNSUITABLE`, also when it is the queue of another store that has been heard of within a lease
   */
  attach(engine: string, leaseMs: number): Promise<Attachment>;
  /**
   * Tell the epoch what this engine still holds, all of it in one call, though that be nothing. Its claims exist again
   * under their ids, with a new lease; what somebody else has claimed meanwhile stays theirs. One without slices is none.
   */
  announce(engine: string, claims: readonly AnnouncedClaim[], leaseMs: number): Promise<void>;
  /** The engines that have announced in this epoch, in order of name. */
  announced(): Promise<string[]>;
  /**
   * The epoch is filled: claims may be made. Who fills a queue that others use waits, before, until those who are alive
   * have announced, or for a lease (Q6). Opening an open one does nothing.
   */
  open(): Promise<void>;

  /** Put slices in. Positions already known are left as they are (Q2). */
  offer(offers: readonly Offer[]): Promise<void>;
  /** Take what is first in order. May be less than is ready. */
  claim(request: ClaimRequest): Promise<Claim | NothingReady>;
  /** Part of a claim is done; the claim ends with its last member. */
  settle(claim: string, slices: readonly Slice[]): Promise<void>;
  /** Part of a claim goes back to where it was, at once, and to the rates above it as if it had not been claimed. */
  release(claim: string, slices: readonly Slice[]): Promise<void>;
  /**
   * Let leases last `leaseMs` from now, or as long as they do already. Returns the claims that no longer exist. Asked of no
   * claim it still says that this queue's store is in use.
   */
  extend(claims: readonly string[], leaseMs: number): Promise<string[]>;
  /**
   * Take waiting slices out. Returns the parts that were waiting; what is claimed stays claimed. Repeated, it does not
   * name again what the first call took out.
   */
  withdraw(slices: readonly Slice[]): Promise<Slice[]>;
  /** The parts of these segments that are claimed now. */
  claimed(segments: readonly string[]): Promise<Slice[]>;
  /**
   * Put what claims hold whose lease has ended back in, marked `redelivered`: `expiredMax` slices at most, so it is asked
   * again until it answers none. Each is told once, to one caller; an answer that is lost is not told again.
   */
  expire(): Promise<ExpiredSlice[]>;
  /** Priority that members without their own inherit on a branch (trailing `/`); everything below it follows. */
  setInheritedPriority(branch: string, priority: number | null): Promise<void>;
  /** Order a branch and all below it by creation time (`true`), by eligible time (`false`), or as above it (`null`). */
  setFifo(branch: string, fifo: boolean | null): Promise<void>;
  /** Fairness of a branch and all below it, or as above it (`null`). Where nothing is set it is off. */
  setFairness(branch: string, window: FairnessWindow | null): Promise<void>;
  /**
   * Bound what is claimed below a branch, beside the bounds of the branches above; `null` takes the bound away. A rate that
   * takes the place of another goes on with what that one had left, as far as its own burst holds it.
   *
   * @throws EngineError `OPTION_INVALID` for a rate out of the bounds of `rate.ts`
   */
  setThrottle(branch: string, throttle: Throttle | null): Promise<void>;
  /**
   * Rules for the keys of a branch and all below it; `null`: as above it.
   *
   * @throws EngineError `OPTION_INVALID` for a rate of each key that is none
   */
  setKeys(branch: string, rules: KeyRules | null): Promise<void>;
  /** What is set, by branch: those of which something is, or is not whole. */
  settings(): Promise<ReadonlyMap<string, BranchSettings>>;
  /** The throttles there are, by branch. */
  throttles(): Promise<ReadonlyMap<string, ThrottleState>>;
  counts(): Promise<QueueCounts>;
  /** Where a member is, and what keeps it there. Changes nothing; its cost is bounded. */
  whereIs(segment: string, position: number): Promise<Whereabouts>;
  /**
   * Be told that something may be ready that was not, but by a release of one's own. A hint that may be lost: a home may have
   * no way to tell, and whoever waits asks again after a while anyway. Returns what stops it.
   */
  onReady(listener: () => void): () => void;
  /** Tell the others on this queue that an engine has left, so that they need not wait to see it. */
  tellLeft(): Promise<void>;
  /** Be told that another has left, or may have. A hint like that of `onReady`. */
  onLeft(listener: () => void): () => void;
  close(): Promise<void>;
}
