// The parts of one engine, as its pieces see each other. Made once, in the composition root (`create-engine.ts`).

import type { Dispatcher } from '../dispatch/contract.js';
import type { Clock } from '../observe/clock.js';
import type { LogEvents } from '../observe/log-events.js';
import type { Commit, Store } from '../store/contract.js';
import type { AuditFilter } from '../workflow/filter.js';
import type { Holdings } from './claims/holdings.js';
import type { Leases } from './claims/leases.js';
import type { BuildWorld } from './commit/commit-builder.js';
import type { Committer } from './commit/committer.js';
import type { FailingWorld } from './commit/failed-items.js';
import type { Results } from './commit/results.js';
import type { LiveConfiguration } from './configuration/live-configuration.js';
import type { Definitions } from './definitions/definitions.js';
import type { EngineMetrics } from './engine-metrics.js';
import type { EngineHealth } from './health.js';
import type { IdSource } from './ids.js';
import type { ResolvedOptions } from './options.js';
import type { SteadyQueue } from './queueing/steady-queue.js';

export interface EngineParts {
  readonly options: ResolvedOptions;
  /** Other engines work on the same store. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly store: Store;
  readonly queue: SteadyQueue;
  readonly configuration: LiveConfiguration;
  readonly dispatcher: Dispatcher;
  readonly ids: IdSource;
  readonly holdings: Holdings;
  readonly definitions: Definitions;
  readonly results: Results;
  readonly leases: Leases;
  readonly health: EngineHealth;
  readonly log: LogEvents;
  readonly metrics: EngineMetrics;
  readonly filter: AuditFilter;
  readonly build: BuildWorld;
  readonly failing: FailingWorld;
  readonly committer: Committer;
  /** False while the store may be another engine's. */
  readonly mayClaim: () => boolean;
  /** A commit is durable, and what it made ready is offered. */
  readonly committed: (commit: Commit) => void;
  /** The claim loop has something to look at. */
  readonly wake: () => void;
}
