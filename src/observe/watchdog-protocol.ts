// What the main thread and the watchdog share: a few numbers in shared memory, and the messages between them.

import type { MessagePort } from 'node:worker_threads';

/** Indexes of the shared Int32Array. */
export const slot = {
  /** Grows whenever the main loop makes progress; wraps around. */
  progress: 0,
  /** One of `mainState`. */
  state: 1,
  /** 1 while the store's commands fail. */
  databaseFailing: 2,
  /** Instances executing. */
  running: 3,
  heapUsedKb: 4,
  heapTotalKb: 5,
  /** Becomes 1 when the watchdog has told that main stopped by an error; main may wait for it before it dies. */
  stopTold: 6,
} as const;

export const slotCount = 7;

export const mainState = { starting: 0, running: 1, stopped: 2, failed: 3 } as const;
export type MainState = keyof typeof mainState;
export const mainStates = Object.keys(mainState) as readonly MainState[];

/** Status events of the seed that the watchdog raises; `EngineDatabaseCommandsFailing` is raised by main. */
export type WatchdogEventName = 'Ok' | 'EngineMainBlocked' | 'EngineMainStopped';

/** What goes through the `record` port, to whoever makes audit events durable. */
export interface StatusEvent {
  readonly kind: 'status-event';
  readonly name: WatchdogEventName;
  readonly engine: string;
  readonly atMs: number;
  readonly message: string;
}

/** Where the thread finds the store itself, whoever holds it. */
export interface SharedStore {
  readonly folder: string;
  readonly durability: 'strict' | 'relaxed';
}

/** A server that has the store. */
export interface StoreServer {
  readonly url: string;
  readonly durability: 'strict' | 'relaxed';
}

export interface WatchdogThreadOptions {
  readonly engine: string;
  readonly shared: Int32Array;
  readonly host: string;
  /** `null`: no health port. */
  readonly port: number | null;
  readonly blockedAfterMs: number;
  readonly heartbeatMs: number;
  /** Lines are added to this file; `null`: to none. */
  readonly logFile: string | null;
  /** Errors go to standard error too. */
  readonly errorsToStandardError: boolean;
  readonly record: MessagePort | null;
  /** Connection to the store thread, for the entry; see `workers/watchdog-thread.ts`. */
  readonly storePort: MessagePort | null;
  /** In its place: the folder of a store that several processes share. */
  readonly storeFolder: SharedStore | null;
  /** In its place: the server that has the store. */
  readonly storeServer: StoreServer | null;
  readonly recorded: readonly WatchdogEventName[];
}

export type ToWatchdog =
  | { readonly kind: 'stop' }
  /** What health says beside its status, all of it. */
  | { readonly kind: 'remarks'; readonly remarks: readonly string[] }
  /** Why main stops; sent before the state says that it has. */
  | { readonly kind: 'failing'; readonly reason: string };

export type FromWatchdog =
  | { readonly kind: 'listening'; readonly port: number | null }
  /** The health port could not be opened; the thread ends. */
  | { readonly kind: 'refused'; readonly message: string };
