// What takes part in the race: one file a contestant in contestants/, one object with three steps.
//
// Invariants, held by tally.ts and child.ts for everybody:
//   B1. An instance counts when its end is in the contestant's own store, not when its action has returned.
//       In `submit`, where nothing is executed, it counts when the submit itself has been acknowledged.
//   B2. The latency of an instance runs from the moment before its submit call to the moment its end was acknowledged.
//   B3. The scores that came back must add up to what the records say; a round with a wrong sum is an error.

import type { Scenario } from './scenarios/scenario.js';

export type RedisFsync = 'everysec' | 'always';

/** What a contestant is given. Everything it stores goes under `folder`, which is empty and removed afterwards. */
export interface Setting {
  readonly scenario: Scenario;
  /** Instances of this round. */
  readonly size: number;
  /** Small sizes and short durations, for the test suite. */
  readonly isToy: boolean;
  readonly folder: string;
  /** When the peer's Redis calls fsync on its append-only file. */
  readonly redisFsync: RedisFsync;
  readonly onProgress: (completed: number) => void;
}

/** What one round found. */
export interface Outcome {
  /** Instances whose end is stored; in `submit` those the store says it has. */
  readonly completed: number;
  /** From before the first submit until the last end was stored. */
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Sum of the scores that came back, one an instance. */
  readonly checksum: number;
  /** Attempts of actions that were executed; `null` when the contestant cannot tell. */
  readonly actions: number | null;
  /** Bytes its store needed on disk for this round; `null` when it is not measured. */
  readonly storeBytes: number | null;
  /** The scenario's own comparison (backlog, cold), when it has one. */
  readonly ratio: number | null;
  /** CPU of the process, all threads, for the measured part; absent: that of the whole `run`. */
  readonly cpuMicros?: number;
  /** Further figures worth a line under the table: name -> value with unit. */
  readonly remarks: Readonly<Record<string, string>>;
}

export interface Contestant {
  readonly name: string;
  /** Why it takes no part in `scenario`, or `null` when it does. */
  refuses(scenario: Scenario): string | null;
  /** Start servers, make schemas, connect, load code: everything that is not measured. Returns the settings, for print. */
  prepare(setting: Setting): Promise<string>;
  run(setting: Setting): Promise<Outcome>;
  /** Stop what `prepare` started. Called after a failed `prepare` or `run` too. */
  close(): Promise<void>;
}
