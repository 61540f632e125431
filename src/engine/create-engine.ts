// The composition root: the one place where the parts of an engine meet.

import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { GroupEvents, showsVariables } from '../audit/events-of.js';
import type { RuntimeConfiguration } from '../config/runtime-configuration.js';
import type { Dispatcher, DispatcherEvents } from '../dispatch/contract.js';
import { createDispatcher } from '../dispatch/pool.js';
import { type Clock, systemClock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import { LogEvents } from '../observe/log-events.js';
import { ownLogFile, removeOldLogs, sharedLogFile } from '../observe/log-files.js';
import { containedLoggers, type Loggers, logFileIn, pinoLoggers, standardErrorLoggers } from '../observe/loggers.js';
import { Watchdog } from '../observe/watchdog.js';
import type { Queue } from '../queue/contract.js';
import { currentProcess } from '../store/process-identity.js';
import { SqlStore } from '../store/sql-store.js';
import { auditEvents, eventCode } from '../workflow/events.js';
import { type AuditFilter, auditFilter, recommendedFilter } from '../workflow/filter.js';
import { Bringers } from './bringers/bringers.js';
import { CallAudit } from './call-audit.js';
import { Feeder } from './claims/feeder.js';
import { Holdings } from './claims/holdings.js';
import { Leases } from './claims/leases.js';
import { EngineCluster } from './cluster/cluster.js';
import { Failovers } from './cluster/failovers.js';
import { Committer } from './commit/committer.js';
import { recordLate } from './commit/late-events.js';
import { memberTracer } from './commit/member-tracer.js';
import { Reporter } from './commit/reporter.js';
import { Results } from './commit/results.js';
import { Configuration } from './configuration/configuration.js';
import { ErrorHandlers } from './configuration/error-handlers.js';
import { followConfiguration } from './configuration/follow-configuration.js';
import { LiveConfiguration } from './configuration/live-configuration.js';
import { OrderSettings } from './configuration/order-settings.js';
import { runsAs } from './configuration/run-as.js';
import { RuntimeValues } from './configuration/runtime-values.js';
import { Contents } from './contents.js';
import { InstanceDeadlines } from './deadlines/instance-deadlines.js';
import { Definitions } from './definitions/definitions.js';
import { Repository } from './definitions/repository.js';
import { Engine } from './engine.js';
import { EngineMetrics } from './engine-metrics.js';
import { EngineHealth } from './health.js';
import { openQueueHome, openStoreHome, type StoreAccess, type StoreHome, type StoreInternals } from './homes.js';
import { Housekeeper } from './housekeeper.js';
import { IdSource } from './ids.js';
import { retentionOf } from './maintenance.js';
import { lookElsewhere } from './operations/asked-elsewhere.js';
import { Operator } from './operations/operator.js';
import { Rescheduler } from './operations/rescheduler.js';
import { RunningWatch } from './operations/running-watch.js';
import { lookForSignalled } from './operations/signalled-programs.js';
import { Signaller } from './operations/signaller.js';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { EngineParts } from './parts.js';
import { offerOf } from './queueing/offers.js';
import { fillQueue, walkPage } from './queueing/recovery.js';
import { Sleepers } from './queueing/sleepers.js';
import { SteadyQueue } from './queueing/steady-queue.js';
import { Instances } from './reads/instances.js';
import { Submitter } from './submit/submitter.js';

/**
 * Create an engine, stopped. Opens the store, which holds a lock on its folder for the life of the engine.
 *
 * @param internal tests only
 * @throws EngineError `OPTION_INVALID` (a `ConfigurationError` with every fault of a runtime configuration), `STORE_LOCKED`,
 *   `STORE_NOT_DURABLE`, `STORE_NEWER`, `QUEUE_UNSUITABLE`, `QUEUE_UNAVAILABLE`
 */
export async function createEngine(given: EngineOptions = {}, internal: StoreInternals = {}): Promise<Engine> {
  const options = resolveOptions(given);
  const filter = filterOf(options.auditFilter);
  const configuration = await openConfiguration(options, given.clock ?? systemClock);
  const home = await openStoreHome(options, internal);
  let loggers: Loggers | null = null;
  let queueHome: Queue | null = null as Queue | null;
  try {
    const clock = given.clock ?? systemClock;
    loggers = given.loggers ? contained(given.loggers, clock) : await defaultLoggers(options, clock);
    return await compose(given, options, filter, configuration, home, loggers, queue => {
      queueHome = queue;
    });
  } catch (error) {
    await queueHome?.close();
    // Whoever tries again, with another health port for example, must find the folder free.
    await home.driver.close();
    await loggers?.close?.();
    throw error;
  }
}

/** The parts name each other: what is called back before all are made is reached through this. */
interface Wired {
  parts: EngineParts;
  feeder: Feeder;
  cluster: EngineCluster;
  bringers: Bringers;
  deadlines: InstanceDeadlines;
}

async function compose(
  given: EngineOptions,
  options: ResolvedOptions,
  filter: AuditFilter,
  configuration: RuntimeConfiguration | null,
  { driver, info, access }: StoreHome,
  loggers: Loggers,
  onQueue: (queue: Queue) => void,
): Promise<Engine> {
  const clock = given.clock ?? systemClock;
  const metrics = new EngineMetrics();
  const wired: Partial<Wired> = {};
  const store = await SqlStore.open(
    driver,
    info,
    retentionOf(options, clock.nowMs()),
    auditEvents,
    clock.nowMs(),
    clock,
    // Audit rows come from many places; all pass here.
    ({ audit, deadlines }) => {
      wired.deadlines?.committed(deadlines);
      for (const { events } of audit) metrics.auditEvents.add(events);
    },
    isClustered(options) && options.redis === null ? () => wired.cluster?.assertMayCommit() ?? null : null,
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
  const dispatcher: Dispatcher = createDispatcher(
    {
      threads: options.threads,
      concurrency: options.concurrency,
      graceMs: options.actionGraceMs,
      blockedMs: options.actionBlockedMs,
      heapMb: options.threadHeapMb,
      scripts: options.scripts,
      sql: options.sql,
      programs: options.programs,
    },
    dispatcherEvents(wired),
    () => clock.nowMs(),
  );
  const runtimeValues = new RuntimeValues(dispatcher);
  const definitions = new Definitions(store, runtimeValues);
  const holdings = new Holdings(options.cacheBytes);
  const isShared = options.redis !== null;
  const home = await openQueueHome(options, store.id, given.clock, error => log.queueTrouble(error));
  onQueue(home);
  const world = { store, holdings, definitions, log, clock };
  const leads = (): boolean => !isClustered(options) || (wired.cluster !== undefined && wired.cluster.epoch !== null);
  const order = new OrderSettings(home, leads);
  const live = new LiveConfiguration(configuration, store.settings);
  const queue = new SteadyQueue({
    queue: home,
    engine: options.name,
    leaseMs: options.leaseMs,
    clock,
    order,
    learnOrder: () => live.look(),
    fill: isOurs => fillQueue(home, world, isOurs, isShared),
    offerOf,
    living: async () => (await wired.cluster?.living()) ?? [options.name],
    wake: () => wired.feeder?.wake(),
    lost: fields => log.queueLost(fields),
    found: fields => log.queueFound(fields),
    failed: error => {
      // The find loop looks into the store as well.
      if (error instanceof EngineError && error.code.startsWith('STORE_')) health.storeFailed(error);
      else health.mainFailed(error);
    },
  });
  const handlers = new ErrorHandlers({ definitions, log, clock });
  // What it names is stored before anything can fail.
  await followConfiguration(live, { order, runtimeValues, handlers, queue, log, health });
  // A stopped engine takes operations.
  await queue.attach();
  const parts: Omit<EngineParts, 'committer'> = {
    options,
    isShared,
    clock,
    store,
    queue,
    configuration: live,
    dispatcher,
    ids,
    holdings,
    definitions,
    results: new Results(store, log, isClustered(options)),
    leases: new Leases(queue, clock, options.leaseMs),
    health,
    log,
    metrics,
    filter,
    build: {
      engine: options.name,
      ids,
      events: new GroupEvents(filter, options.auditing),
      memberTrace: memberTracer(filter),
      showsVariables: showsVariables(filter),
      runs: {
        isMarked: workflow => definitions.byNumber(workflow).plan.runs !== undefined,
        mayBeMarked: name => definitions.mayBeMarked(name),
        tellsActions: filter.allows(eventCode('ExitingAction')),
      },
      runsAs: runsAs(
        () => live.tree,
        workflow => definitions.byNumber(workflow).plan,
      ),
    },
    failing: { handlerOf: workflow => handlers.of(workflow), random: Math.random },
    mayClaim: () => wired.cluster?.mayClaim ?? true,
    committed: commit => wired.bringers?.committed(commit),
    wake: () => wired.feeder?.wake(),
  };
  const whole: EngineParts = Object.assign(parts, { committer: new Committer(parts as EngineParts) });
  wired.parts = whole;
  // Whoever waits for an instance would wait for ever: nothing more is committed.
  health.onStoreDeath(error => whole.results.close(error));
  const feeder = new Feeder(whole);
  wired.feeder = feeder;
  const deadlines = new InstanceDeadlines(whole, leads);
  wired.deadlines = deadlines;
  await definitions.load();
  health.watchedBy(await startWatchdog(options, access(), filter, log, feeder));
  const cluster = isClustered(options)
    ? new EngineCluster({
        members: store.members,
        profile: { name: options.name, host: hostname(), pid: process.pid, url: null, process: currentProcess() },
        leaseMs: options.leaseMs,
        isShared,
        clock,
        log,
        results: whole.results,
        offerPage: after => walkPage(queue, world, after),
        learn: async () => void (await Promise.all([definitions.load(), live.look()])),
        wake: () => feeder.wake(),
        storeFailed: error => health.storeFailed(error),
        leads: () => {
          order.doubt();
          void queue.agree();
        },
        tellLeft: () => queue.tellLeft(),
        onLeft: listener => queue.onLeft(listener),
      })
    : null;
  if (cluster !== null) wired.cluster = cluster;
  // What a stopped engine is given must reach the others.
  if (isShared) void queue.open().catch(error => log.queueTrouble(error as Error));
  const bringers = new Bringers({ ...whole, leads, failed: error => health.storeFailed(error) });
  wired.bringers = bringers;
  const operator = new Operator(whole);
  const instances = new Instances(
    store,
    definitions,
    segments =>
      // What executes is shown as waiting as long as the queue cannot tell.
      queue.claimed(segments).catch((error: unknown) => {
        log.queueTrouble(error as Error);
        return [];
      }),
    () => clock.nowMs(),
  );
  const calls = new CallAudit(whole);
  return new Engine({
    parts: whole,
    operator,
    signaller: new Signaller(whole),
    rescheduler: new Rescheduler(whole),
    calls,
    configuration: new Configuration(whole, calls, userInfo().username),
    repository: new Repository(whole, calls),
    submitter: new Submitter(whole, (instance, user) => operator.run('remove', { kind: 'instance', instance }, user)),
    feeder,
    failovers: new Failovers(whole),
    instances,
    housekeeper: new Housekeeper(store, clock, log, metrics, error => health.storeFailed(error)),
    reporter: new Reporter(whole),
    contents: new Contents(whole, instances),
    cluster,
    bringers,
    deadlines,
    runningWatch: new RunningWatch([() => lookForSignalled(whole), ...(isShared ? [() => lookElsewhere(whole)] : [])], {
      clock,
      failed: error => health.storeFailed(error),
    }),
    sleepers: new Sleepers({ store, queue, clock, leads, failed: error => health.storeFailed(error) }),
    defaultUser: userInfo().username,
    close: async () => {
      cluster?.close();
      await configuration?.close();
      await queue.close();
      await health.close();
      await store.close();
      await loggers.close?.();
    },
  });
}

/** Before anything is opened: a file with faults leaves no trace. Without one none of its code is loaded. */
async function openConfiguration(
  { runtimeConfiguration: file, runtimeConfigurationRefresh: refresh }: ResolvedOptions,
  clock: Clock,
): Promise<RuntimeConfiguration | null> {
  if (file === null) return null;
  const { RuntimeConfiguration } = await import('../config/runtime-configuration.js');
  return RuntimeConfiguration.open({ file, refresh, clock });
}

function startWatchdog(
  options: ResolvedOptions,
  access: StoreAccess,
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
    logFile: options.logsToFolder ? logFileIn(logFolderOf(options), logFileNameOf(options)) : null,
    ...access,
    recorded,
    isProgressing: () => feeder.isProgressing(),
    lost: error => log.watchdogLost({ error }),
  });
}

/** Files beside the data, errors on standard error too; an engine in memory leaves no files behind. */
async function defaultLoggers(options: ResolvedOptions, clock: Clock): Promise<Loggers> {
  if (options.dataFolder === 'memory') return standardErrorLoggers({ clock });
  const folder = logFolderOf(options);
  const loggers = await pinoLoggers({ folder, fileName: logFileNameOf(options), engine: options.name, clock });
  try {
    if (isClustered(options)) removeOldLogs(folder, clock.nowMs());
  } catch (error) {
    new LogEvents(loggers).oldLogsStay({ folder, error });
  }
  return loggers;
}

function logFolderOf({ dataFolder }: ResolvedOptions): string {
  return join(dataFolder, 'logs');
}

/** Engines of a cluster may have one folder. */
function logFileNameOf(options: ResolvedOptions): string {
  return isClustered(options) ? sharedLogFile(options.name) : ownLogFile;
}

/** Loggers that throw must not stop the engine; standard error says so. */
function contained(loggers: Loggers, clock: Clock): Loggers {
  return containedLoggers(loggers, (logger, error) =>
    standardErrorLoggers({ clock }).system.error(`the application's logger ${logger} threw`, { error }),
  );
}

/** Whether others may work on the same store. */
function isClustered({ redis, postgres }: ResolvedOptions): boolean {
  return redis !== null || postgres !== null;
}

function filterOf(entries: ResolvedOptions['auditFilter']): AuditFilter {
  const parsed = auditFilter(entries === 'recommended' ? recommendedFilter : entries);
  if (!parsed.ok) throw new EngineError('OPTION_INVALID', `auditFilter: ${parsed.fault.message}`);
  return parsed.value;
}

function dispatcherEvents(wired: Partial<Wired>): DispatcherEvents {
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
