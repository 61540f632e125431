// What is known of an instance and its engines when it is asked why it does not run: what the reasons are decided from.

import type { Whereabouts } from '../../queue/whereabouts.js';
import type { FinalState, SegmentState } from '../../store/contract.js';
import type { Action } from '../../workflow/model.js';
import type { EngineState } from '../status.js';
import type { WaitsOn } from './waits-on.js';

export interface WhyFacts {
  readonly instance: string;
  /** Full name, `/branch/name`. */
  readonly workflow: string;
  readonly atMs: number;
  /** How it ended; `null`: it lives. */
  readonly ended: { readonly state: FinalState; readonly finishedAtMs: number } | null;
  /** Some of its flow contexts, when it lives. */
  readonly contexts: readonly ContextFacts[];
  /** All of them. */
  readonly contextCount: number;
  readonly engines: EngineFacts;
}

export interface ContextFacts {
  /** 0: the instance has one. */
  readonly context: number;
  readonly action: string;
  readonly type: Action['type'];
  readonly state: SegmentState;
  /** Bits of `request`. */
  readonly requests: number;
  /** Of this transaction, from 1. */
  readonly attempt: number;
  readonly eligibleAtMs: number;
  /** As of `Segment.waitsFor`. */
  readonly waitsFor: string | null;
  /** The last one, of what failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Who paused it while it waited, and when; `null`: nobody has, or it is not known. */
  readonly pausedBy: { readonly user: string; readonly atMs: number } | null;
  /** What it stands joining or waiting for; `null`: neither. */
  readonly waitsOn: WaitsOn | null;
  /** `null`: the queue cannot be asked, or is not here. */
  readonly where: Whereabouts | null;
  /** What executes of it, and since when; `null`: nothing, or it is not known. */
  readonly executes: { readonly action: string; readonly sinceMs: number } | null;
}

export interface EngineFacts {
  /** The one that was asked. */
  readonly engine: string;
  readonly state: EngineState;
  /** Names of those that execute, the asked one among them if it does. */
  readonly executing: readonly string[];
  /** Whether claims are answered here. */
  readonly isQueueOpen: boolean;
  /** Engines have one queue; else each has its own, and that of the one that executes is filled. */
  readonly isQueueShared: boolean;
  /** Why the store can make nothing durable any more, or `null`. */
  readonly storeFailure: string | null;
  /** What follows is of the asked one. */
  readonly isBehind: boolean;
  readonly threads: {
    readonly count: number;
    /** Instances they were given. */
    readonly inHand: number;
    readonly isFull: boolean;
    /** Since when the action that has executed for longest does; `null`: none does. */
    readonly longestSinceMs: number | null;
  };
  /** Members whose time has come, in all of the queue; `null`: unknown. */
  readonly ready: number | null;
}
