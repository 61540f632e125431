// Where a queue has a member, and what keeps it there: for people who ask why something does not run. No claim needs it.

import type { FairnessWindow, Rate } from './contract.js';

export type Whereabouts =
  /** The queue does not know it. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'delayed'; readonly eligibleInMs: number }
  | {
      readonly kind: 'claimed';
      readonly engine: string;
      /** Negative: it has ended, and nobody has put the claim back yet. */
      readonly leaseLeftMs: number;
      readonly redelivered: boolean;
    }
  | ReadyMember;

/** A member whose time has come. */
export interface ReadyMember {
  readonly kind: 'ready';
  /** Since its eligible time. */
  readonly waitedMs: number;
  readonly redelivered: boolean;
  readonly priority: MemberPriority;
  readonly window: FairnessWindow;
  /** The time by which it is ordered among those of the same effective priority: that at which it became eligible, or was
   * created (FIFO). */
  readonly filedBy: 'eligible' | 'created';
  /** What of the bounds on its path has no room for it, its own branch first. Empty: it has room everywhere. */
  readonly shortages: readonly Shortage[];
  /**
   * Members that are claimed before it if nothing changes: at least so many. Slices are counted member by member up to a
   * bound; of those beyond it one each, or none. Of a branch beside its path that has a throttle one member is counted, or
   * none where it has no room, or where that differs by engine; of other keys that share with its own, what has a higher
   * priority at most. 0: it is the next of those that have room, as far as is seen.
   */
  readonly before: number;
}

/** The priority with which a member competes, and what it is made of. */
export interface MemberPriority {
  /** Now: its base less one for each step of fairness it has taken, 1 at least. */
  readonly effective: number;
  readonly base: number;
  /** `own`: the instance's; `branch`: what the nearest branch that says something says; `default`: none does. */
  readonly origin: 'own' | 'branch' | 'default';
  /** That branch; `null`: it comes from none. */
  readonly branch: string | null;
}

/** A bound below a branch that is reached. */
export type Shortage =
  /** Nobody may claim more there. */
  | {
      readonly kind: 'clusterWide';
      readonly branch: string;
      /** It is the bound of one key by the rules of the branch; `null`: of all below the branch. */
      readonly key: string | null;
      readonly limit: number;
      readonly running: number;
    }
  /** Its key is in strict order, by the rules of the branch: members of it that wait and go before it, at least. */
  | { readonly kind: 'strict'; readonly branch: string; readonly key: string; readonly before: number }
  | {
      readonly kind: 'perEngine';
      readonly branch: string;
      readonly limit: number;
      /** Those that may claim no more there, in order of name; others may. With a limit of 0 none may, whoever is named. */
      readonly engines: readonly string[];
    }
  /** Nobody may claim more there before the next token comes. */
  | {
      readonly kind: 'rate';
      readonly branch: string;
      /** It is the rate of one key by the rules of the branch; `null`: of all below the branch. */
      readonly key: string | null;
      readonly rate: Rate;
      readonly nextInMs: number;
    };

/** The priority of a member at a time. @param eligibleAtMs since when it waits */
export function effectivePriority(base: number, window: FairnessWindow, eligibleAtMs: number, nowMs: number): number {
  if (window === 'off') return base;
  return Math.max(1, base - (Math.floor(nowMs / window) - Math.floor(eligibleAtMs / window)));
}
