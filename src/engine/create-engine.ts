// The composition root: the one place where the parts of an engine meet.

import { userInfo } from 'node:os';
import { join } from 'node:path';
import { GroupEvents } from '../audit/events-of.js';
import type { MemberTrace } from '../audit/trace.js';
import type { Dispatcher, DispatcherEvents } from '../dispatch/contract.js';
import { createDispatcher } from '../dispatch/pool.js';
import type { MemberEvent } from '../dispatch/protocol.js';
import { type Clock, systemClock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import { LogEvents } from '../observe/log-events.js';
import { containedLoggers, type Loggers, logFileIn, pinoLoggers, standardErrorLoggers } from '../observe/loggers.js';
import { Watchdog } from '../observe/watchdog.js';
import { EmbeddedQueue } from '../queue/embedded.js';
import type { StoreFaults } from '../store/pglite/fsync-hook.js';
import { openPgliteMemory } from '../store/pglite/in-memory.js';
import { openPgliteFolder, type ThreadedDriver } from '../store/pglite/threaded.js';
import { SqlStore } from '../store/sql-store.js';
import { auditEvents, eventCode } from '../workflow/events.js';
import { type AuditFilter, auditFilter, recommendedFilter } from '../workflow/filter.js';
import { CallAudit } from './call-audit.js';
import { Committer, offerOf } from './committer.js';
import { Contents } from './contents.js';
import { Definitions } from './definitions.js';
import { Engine } from './engine.js';
import { EngineMetrics } from './engine-metrics.js';
import { Feeder } from './feeder.js';
import { EngineHealth } from './health.js';
import { Holdings } from './holdings.js';
import { Housekeeper } from './housekeeper.js';
import { IdSource } from './ids.js';
import { Instances } from './instances.js';
import { recordLate } from './late-events.js';
import { Leases } from './leases.js';
import { Operator } from './operator.js';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { EngineParts } from './parts.js';
import { fillQueue } from './recovery.js';
import { Reporter } from './reporter.js';
import { Results } from './results.js';
import { SteadyQueue } from './steady-queue.js';
import { Submitter } from './submitter.js';

/** What tests alone hand in or look at; no part of the package's promises. */
export interface InternalOptions {
  /** Faults of a store on disk. */
  readonly storeFaults?: StoreFaults;
  /** Handed the driver of the store, for its figures. */
  readonly onDriver?: (driver: ThreadedDriver) => void;
}

/**
 * Create an engine, stopped. Opens the store, which holds a lock on its folder for the life of the engine.
 *
 * @param internal tests only
 * @throws EngineError `OPTION_INVALID`, `STORE_LOCKED`, `STORE_NOT_DURABLE`, `STORE_NEWER`
 */
export async function createEngine(given: EngineOptions = {}, internal: InternalOptions = {}): Promise<Engine> {
  const options = resolveOptions(given);
  const filter = filterOf(options.auditFilter);
  const driver = await openDriver(options, internal.storeFaults ?? {});
  internal.onDriver?.(driver);
  let loggers: Loggers | null = null;
  try {
    const clock = given.clock ?? systemClock;
    loggers = given.loggers ? contained(given.loggers, clock) : await defaultLoggers(options, clock);
    return await compose(given, options, filter, driver, loggers);
  } catch (error) {
    // Whoever tries again, with another health port for example, must find the folder free.
    await driver.close();
    await loggers?.close?.();
    throw error;
  }
}

async function compose(
  given: EngineOptions,
  options: ResolvedOptions,
  filter: AuditFilter,
  driver: ThreadedDriver,
  loggers: Loggers,
): Promise<Engine> {
  const clock = given.clock ?? systemClock;
  const metrics = new EngineMetrics();
  const store = await SqlStore.open(
    driver,
    driver.info,
    { historyMs: options.historyExpirationMs, auditMs: options.auditExpirationMs },
    auditEvents,
    clock.nowMs(),
    clock,
    // Audit rows come from many places; all pass here.
    ({ audit }) => {
      for (const { events } of audit) metrics.auditEvents.add(events);
    },
  );
  const ids = new IdSource(clock);
  const log = new LogEvents(loggers);
  const health = new EngineHealth({
    engine: options.name,
    clock,
    store,
    ids,
    filter,
    log,
    heartbeatMs: options.heartbeatMs,
  });
  // The parts name each other; what is called back before all are made is reached through `parts`.
  const wired: { parts?: EngineParts; feeder?: Feeder } = {};
  const dispatcher: Dispatcher = createDispatcher(
    {
      threads: options.threads,
      concurrency: options.concurrency,
      graceMs: options.actionGraceMs,
      blockedMs: options.actionBlockedMs,
      heapMb: options.threadHeapMb,
    },
    dispatcherEvents(wired),
    () => clock.nowMs(),
  );
  const definitions = new Definitions(store, dispatcher);
  const holdings = new Holdings(options.cacheBytes);
  const home = new EmbeddedQueue(() => clock.nowMs());
  const queue = new SteadyQueue({
    queue: home,
    engine: options.name,
    leaseMs: options.leaseMs,
    clock,
    fill: isOurs => fillQueue(home, { store, holdings, definitions, log, clock }, isOurs, false),
    offerOf: ({ segment: id, from, to }) => {
      const held = holdings.segment(id);
      return held === undefined ? null : offerOf(held.segment, from, to);
    },
    living: () => [options.name],
    wake: () => wired.feeder?.wake(),
    lost: fields => log.queueLost(fields),
    found: fields => log.queueFound(fields),
    failed: error => health.mainFailed(error),
  });
  // A stopped engine takes operations.
  await queue.attach();
  const parts: Omit<EngineParts, 'committer'> = {
    options,
    clock,
    store,
    queue,
    dispatcher,
    ids,
    holdings,
    definitions,
    results: new Results(store, log),
    leases: new Leases(queue, clock, options.leaseMs),
    health,
    log,
    metrics,
    filter,
    build: { engine: options.name, ids, events: new GroupEvents(filter), memberTrace: memberTracer(filter) },
    wake: () => wired.feeder?.wake(),
  };
  const whole: EngineParts = Object.assign(parts, { committer: new Committer(parts as EngineParts) });
  wired.parts = whole;
  // Whoever waits for an instance would wait for ever: nothing more is committed.
  health.onStoreDeath(error => whole.results.close(error));
  const feeder = new Feeder(whole);
  wired.feeder = feeder;
  await definitions.load();
  health.watchedBy(await startWatchdog(options, driver, filter, log, feeder));
  const operator = new Operator(whole);
  const instances = new Instances(store, definitions);
  return new Engine({
    parts: whole,
    operator,
    calls: new CallAudit(whole),
    submitter: new Submitter(whole, (instance, user) => operator.run('remove', { kind: 'instance', instance }, user)),
    feeder,
    instances,
    housekeeper: new Housekeeper(store, clock, log, metrics, error => health.storeFailed(error)),
    reporter: new Reporter(whole),
    contents: new Contents(whole, instances),
    defaultUser: userInfo().username,
    close: async () => {
      await health.close();
      await store.close();
      await loggers.close?.();
    },
  });
}

function startWatchdog(
  options: ResolvedOptions,
  driver: ThreadedDriver,
  filter: AuditFilter,
  log: LogEvents,
  feeder: Feeder,
): Promise<Watchdog> {
  const recorded = (['Ok', 'EngineMainBlocked', 'EngineMainStopped'] as const).filter(name =>
    filter.allows(eventCode(name)),
  );
  return Watchdog.start({
    engine: options.name,
    port: options.healthPort,
    blockedAfterMs: options.blockedAfterMs,
    heartbeatMs: options.heartbeatMs,
    logFile: options.logsToFolder ? logFileIn(join(options.dataFolder, 'logs')) : null,
    storePort: driver.connect(),
    recorded,
    isProgressing: () => feeder.isProgressing(),
    lost: error => log.watchdogLost({ error }),
  });
}

/** Files beside the data, errors on standard error too; an engine in memory leaves no files behind. */
function defaultLoggers(options: ResolvedOptions, clock: Clock): Loggers | Promise<Loggers> {
  if (options.dataFolder === 'memory') return standardErrorLoggers({ clock });
  return pinoLoggers({ folder: join(options.dataFolder, 'logs'), engine: options.name, clock });
}

/** Loggers that throw must not stop the engine; standard error says so. */
function contained(loggers: Loggers, clock: Clock): Loggers {
  return containedLoggers(loggers, (logger, error) =>
    standardErrorLoggers({ clock }).system.error(`the application's logger ${logger} threw`, { error }),
  );
}

async function openDriver(options: ResolvedOptions, faults: StoreFaults): Promise<ThreadedDriver> {
  if (options.dataFolder === 'memory') return openPgliteMemory();
  return openPgliteFolder({ folder: options.dataFolder, durability: options.durability, faults });
}

function filterOf(entries: ResolvedOptions['auditFilter']): AuditFilter {
  const parsed = auditFilter(entries === 'recommended' ? recommendedFilter : entries);
  if (!parsed.ok) throw new EngineError('OPTION_INVALID', `auditFilter: ${parsed.fault.message}`);
  return parsed.value;
}

function dispatcherEvents(wired: { parts?: EngineParts; feeder?: Feeder }): DispatcherEvents {
  return {
    outcomes: message => wired.parts!.committer.accept(message),
    late: event => void recordLate(wired.parts!, event),
    log: lines => {
      for (const line of lines) wired.parts!.log.userLogged(line);
    },
    room: () => wired.feeder!.wake(),
    threadLost: loss => {
      wired.parts!.metrics.threadsLost.add();
      wired.parts!.log.threadLost(loss);
    },
  };
}

/** User code's own events as they are kept. */
function memberTracer(filter: AuditFilter) {
  const lateCode = eventCode('ExitingActionOnError');
  return (
    member: number,
    { place, atMs, event }: MemberEvent,
    path: readonly number[],
    baseMs: number,
  ): MemberTrace | null => {
    const action = path.indexOf(place);
    const step = action * 30 + 25;
    switch (event.kind) {
      case 'custom':
        if (!filter.allowsCustom(event.name)) return null;
        return [member, 0, action, atMs - baseMs, step, event.name, event.message, null];
      case 'late-error':
        if (!filter.allows(lateCode)) return null;
        return [
          member,
          lateCode,
          action,
          atMs - baseMs,
          step,
          null,
          'thrown after the action had returned',
          event.error,
        ];
    }
  };
}
