// Everything the engine says in its logs: one function an event, with its level, its logger and its words.
//
// Messages are constant texts, so that equal ones can be counted instead of repeated; what varies is in the fields. The
// one exception is what actions log, and it is marked.

import { ofActions } from './log-rate.js';
import type { Loggers, LogLevel } from './loggers.js';

/** The seed's words; monitoring looks for them. */
export const mainBlockedMessage =
  "The engine's primary flow of control is alive, but it is blocked or deadlocked and cannot make progress";
export const mainStoppedMessage = "The engine's primary flow of control has stopped due to an error condition";
export const databaseFailingMessage = 'At least five closely spaced database commands have all failed with an error';

export class LogEvents {
  readonly #loggers: Loggers;

  constructor(loggers: Loggers) {
    this.#loggers = loggers;
  }

  engineStarted(fields: { engine: string; store: string }): void {
    this.#loggers.system.info('engine started', fields);
  }

  engineStopped(fields: { engine: string }): void {
    this.#loggers.system.info('engine stopped', fields);
  }

  engineDisposed(fields: { engine: string }): void {
    this.#loggers.system.info('engine disposed of', fields);
  }

  /** A client called the API. */
  called(fields: { call: string; user: string; tookMs?: number }): void {
    this.#loggers.client.debug('call', fields);
  }

  /** A client's call was refused or failed. */
  callFailed(fields: { call: string; user: string; error: unknown }): void {
    this.#loggers.client.warn('call failed', fields);
  }

  /** The service over this engine met a fault of its own; its client was told the id. */
  serviceFailed(fields: { id: string; error: unknown }): void {
    this.#loggers.client.error('internal error of the service', fields);
  }

  queueRebuilt(fields: { segments: number; members: number; tookMs: number }): void {
    this.#loggers.system.info('queue rebuilt from the store', fields);
  }

  leads(fields: { epoch: number }): void {
    this.#loggers.system.info('this engine is master', fields);
  }

  leadsNoMore(): void {
    this.#loggers.system.info('this engine is master no longer', {});
  }

  /** It was silent for longer than its lease, and others have its work. */
  rejoined(fields: { sequence: number }): void {
    this.#loggers.system.warn('this engine had been given up and has joined again', fields);
  }

  memberGivenUp(fields: { name: string; sequence: number }): void {
    this.#loggers.system.warn('an engine has been silent for longer than its lease and is given up', fields);
  }

  /** A stop has not waited for them any longer. */
  stopLeft(fields: { left: readonly string[] }): void {
    this.#loggers.system.warn(
      'a store or a queue in trouble was not told everything; the next engine finds it',
      fields,
    );
  }

  /** Its process on this machine is gone. */
  deadMemberLeft(fields: { name: string; pid: number; sequence: number }): void {
    this.#loggers.system.warn('an engine on this machine has died, and its place is taken', fields);
  }

  /** Without a Redis only one engine may have a store. */
  memberAwaited(fields: { name: string; host: string; forMs: number }): void {
    this.#loggers.system.warn(
      'another engine has had this store and may be dead: waiting until its lease ends',
      fields,
    );
  }

  /** A connection to the queue has failed, or a try to make one. */
  queueTrouble(error: Error): void {
    this.#loggers.system.warn('queue connection', { error: error.message });
  }

  /** Who asked why an instance does not run was answered without what the audit says of it. */
  auditUnread(fields: { error: unknown }): void {
    this.#loggers.system.warn('the audit cannot be read', fields);
  }

  /** The queue is out of reach or has lost what it knew; nothing is claimed until it is found again. */
  queueLost(fields: { reason: string }): void {
    this.#loggers.system.warn('queue lost', fields);
  }

  queueFound(fields: { tookMs: number; filled: boolean }): void {
    this.#loggers.system.info('queue found again', fields);
  }

  /** Claims were not settled in time and have been put back. */
  leaseExpired(fields: { members: number; engines: readonly string[] }): void {
    this.#loggers.system.warn('leases ran out, their members are offered again', fields);
  }

  /** Part of a commit came too late: an operation or another engine was first. Nothing of it was applied. */
  commitRefused(fields: { members: number; dropped: number }): void {
    this.#loggers.system.debug('commit refused, its members had changed', fields);
  }

  /** Files of engines that are no more stay. */
  oldLogsStay(fields: { folder: string; error: unknown }): void {
    this.#loggers.system.warn('old log files cannot be removed', fields);
  }

  runtimeConfigurationRead(fields: { file: string; branches: number }): void {
    this.#loggers.system.info('runtime configuration read', fields);
  }

  /** What was read before goes on holding. */
  runtimeConfigurationRefused(fields: { file: string; faults: number; first: readonly string[] }): void {
    this.#loggers.system.error('runtime configuration refused, the last good one holds', fields);
  }

  runtimeConfigurationMended(fields: { file: string }): void {
    this.#loggers.system.info('runtime configuration has no faults any more', fields);
  }

  /** It is read and taken again with the next look. */
  runtimeConfigurationUntaken(fields: { file: string; error: unknown }): void {
    this.#loggers.system.error('runtime configuration could not be taken', fields);
  }

  /** Properties set by operation hold from now on; `refused` ones are left out, of which the first are named. */
  settingsRead(fields: { version: number; settings: number; refused: number; first: readonly string[] }): void {
    this.#loggers.system[fields.refused === 0 ? 'info' : 'error']('settings of the runtime configuration read', fields);
  }

  /** What fails below a branch is handled as if no error handler were named. */
  errorHandlerUnusable(fields: { handler: string; faults: readonly string[] }): void {
    this.#loggers.system.error('error handler cannot be used', fields);
  }

  houseKept(fields: Readonly<Record<string, unknown>>): void {
    this.#loggers.system.debug('store kept house', fields);
  }

  threadLost(fields: { reason: string; rerun: number; message: string }): void {
    this.#loggers.system.warn('worker thread lost and replaced', fields);
  }

  /** An action failed and is tried again. */
  actionFailed(fields: { action: string; code: string; error: string; members: number }): void {
    this.#loggers.flowChart.warn('action failed', fields);
  }

  /** Instances have failed for good and wait to be recovered. */
  instanceFailed(fields: { workflow: string; action: string; code: string; error: string; members: number }): void {
    this.#loggers.flowChart.error('instance failed, it waits to be recovered', fields);
  }

  /** An action threw after it had returned. */
  lateError(fields: { instance: string; code: string; error: string }): void {
    this.#loggers.flowChart.warn('action threw after it had returned', fields);
  }

  /** An application's listener threw; what it throws later is not logged again. */
  listenerFailed(fields: { error: unknown }): void {
    this.#loggers.system.error('a listener of ended instances threw', fields);
  }

  /** A line that user code logged. */
  userLogged(line: { level: LogLevel; message: string; instance: string }): void {
    this.#loggers.flowChart[line.level](line.message, { instance: line.instance, ...ofActions });
  }

  storeFailed(fields: { error: unknown }): void {
    this.#loggers.system.error('store command failed', fields);
  }

  databaseFailing(fields: { error: unknown }): void {
    this.#loggers.system.error(databaseFailingMessage, fields);
  }

  databaseRecovered(): void {
    this.#loggers.system.info('database commands succeed again');
  }

  /** The store can make nothing durable any more and refuses writes until the process starts anew. */
  storeDead(fields: { error: unknown }): void {
    this.#loggers.system.error('the store refuses writes', fields);
  }

  mainBlocked(fields: { engine: string; forMs: number }): void {
    this.#loggers.system.error(mainBlockedMessage, fields);
  }

  mainUnblocked(fields: { engine: string; forMs: number }): void {
    this.#loggers.system.warn("The engine's primary flow of control makes progress again", fields);
  }

  mainStopped(fields: { engine: string; reason: string }): void {
    this.#loggers.system.error(mainStoppedMessage, fields);
  }

  /** What the engine holds: `EngineContentsSummary`. */
  contentsSummary(fields: { engine: string; contents: string }): void {
    this.#loggers.system.info('engine contents', fields);
  }

  /** The engine's `Ok` heartbeat, in both logs the seed names. */
  heartbeat(fields: Heartbeat): void {
    this.#loggers.system.info('heartbeat Ok', { ...fields });
    this.#loggers.auditTrail.info('Ok', { ...fields });
  }

  /** The health port could not take a connection. */
  healthPortFailed(fields: { error: unknown }): void {
    this.#loggers.system.warn('health port failed', fields);
  }

  /** The thread that answers for the engine's health has died. */
  watchdogLost(fields: { error: unknown }): void {
    this.#loggers.system.error('watchdog thread lost, health is no longer answered', fields);
  }
}

export interface Heartbeat {
  readonly engine: string;
  /** Memory of the process, MB. */
  readonly residentMb: number;
  /** Heap of the main thread, MB. */
  readonly heapUsedMb: number;
  readonly heapTotalMb: number;
  /** Instances executing. */
  readonly running: number;
}
