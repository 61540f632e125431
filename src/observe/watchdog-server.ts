// The watchdog thread: holds the health port, judges the main loop, tells what main cannot tell itself.
//
//   /health        200 or 503, and what is the matter as JSON
//   /health/live   503 only when a new process might help: main is blocked, or stopped by an error
//   /health/ready  200 only when instances are being run
//
// Invariants:
//   H1. Nothing here passes through the main thread, which may be blocked: log lines are written to the file and to
//       descriptor 2 directly (`process.stderr` of a worker is written by main), events go through their own port.
//   H2. An answer is judged at the moment of the request, not at the last look.

import { appendFileSync, writeSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { type Clock, systemClock, type Timer } from './clock.js';
import { type Heartbeat, LogEvents, mainBlockedMessage, mainStoppedMessage } from './log-events.js';
import { jsonLine, readableLine } from './log-line.js';
import { type LogEntry, loggersTo } from './loggers.js';
import { type Finding, type HealthStatus, MainJudge } from './main-judge.js';
import {
  type FromWatchdog,
  mainStates,
  type StatusEvent,
  slot,
  type ToWatchdog,
  type WatchdogEventName,
  type WatchdogThreadOptions,
} from './watchdog-protocol.js';

const clock: Clock = systemClock;
const kbPerMb = 1_024;

/** Serve until main says stop. */
export function serveWatchdog(main: MessagePort, options: WatchdogThreadOptions): void {
  const thread = new WatchdogThread(options);
  const answer = (message: FromWatchdog): void => main.postMessage(message);
  main.on('message', (message: ToWatchdog) => {
    switch (message.kind) {
      case 'failing':
        thread.mainFails(message.reason);
        break;
      case 'remarks':
        thread.remarks = message.remarks;
        break;
      case 'stop':
        thread.stop();
        main.close();
    }
  });
  // Main is gone without a word; whoever records the events may still be there.
  main.on('close', () => thread.mainGone());
  if (options.port === null) {
    answer({ kind: 'listening', port: null });
    return;
  }
  const { server } = thread;
  const refuse = (error: Error): void => answer({ kind: 'refused', message: error.message });
  server.once('error', refuse);
  server.listen(options.port, options.host, () => {
    server.off('error', refuse);
    // Out of descriptors, say: unheard, the error would end the thread.
    server.on('error', error => thread.portFailed(error));
    answer({ kind: 'listening', port: (server.address() as AddressInfo).port });
  });
}

class WatchdogThread {
  readonly server: Server;
  /** What main has to say beside the status. */
  remarks: readonly string[] = [];
  readonly #options: WatchdogThreadOptions;
  readonly #judge: MainJudge;
  readonly #log: LogEvents;
  readonly #everyMs: number;
  #timer: Timer;
  #statusSinceMs = clock.nowMs();
  #failReason = 'unknown';
  #isStopped = false;

  constructor(options: WatchdogThreadOptions) {
    const { blockedAfterMs, heartbeatMs } = options;
    this.#options = options;
    // Often enough that being late matters little, seldom enough to cost nothing.
    const everyMs = Math.max(10, Math.min(100, blockedAfterMs / 5, heartbeatMs / 5));
    this.#judge = new MainJudge({ blockedAfterMs, heartbeatMs, everyMs }, clock.monotonicMs());
    this.#log = new LogEvents(loggersTo(entry => this.#write(entry), 'info'));
    this.server = createServer(this.#answer);
    this.#everyMs = everyMs;
    this.#timer = clock.setTimer(everyMs, this.#lookAgain);
  }

  mainFails(reason: string): void {
    this.#failReason = reason;
    // The state follows the message at once; main may be waiting for `stopTold` (W2).
    setImmediate(() => this.#look());
  }

  mainGone(): void {
    if (this.#isStopped) return;
    const state = mainStates[Atomics.load(this.#options.shared, slot.state)];
    if (state !== 'stopped' && state !== 'failed') {
      this.#failReason = 'the main thread is gone';
      this.#tell({ kind: 'stopped' });
    }
    this.stop();
  }

  portFailed(error: Error): void {
    this.#log.healthPortFailed({ error });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
    this.server.close();
    this.server.closeAllConnections();
    this.#options.record?.close();
  }

  readonly #lookAgain = (): void => {
    this.#look();
    this.#timer = clock.setTimer(this.#everyMs, this.#lookAgain);
  };

  #look(): void {
    const { shared } = this.#options;
    const before = this.#judge.status;
    const findings = this.#judge.observe(
      {
        progress: Atomics.load(shared, slot.progress),
        state: mainStates[Atomics.load(shared, slot.state)]!,
        databaseFailing: Atomics.load(shared, slot.databaseFailing) === 1,
      },
      clock.monotonicMs(),
    );
    if (this.#judge.status !== before) this.#statusSinceMs = clock.nowMs();
    for (const finding of findings) this.#tell(finding);
  }

  #tell(finding: Finding): void {
    const { engine, shared } = this.#options;
    switch (finding.kind) {
      case 'ok': {
        const heartbeat = this.#heartbeat();
        this.#log.heartbeat(heartbeat);
        this.#record('Ok', heartbeatText(heartbeat));
        break;
      }
      case 'blocked':
        this.#log.mainBlocked({ engine, forMs: finding.forMs });
        this.#record('EngineMainBlocked', mainBlockedMessage);
        break;
      case 'unblocked':
        this.#log.mainUnblocked({ engine, forMs: finding.forMs });
        break;
      case 'stopped':
        this.#log.mainStopped({ engine, reason: this.#failReason });
        this.#record('EngineMainStopped', `${mainStoppedMessage}: ${this.#failReason}`);
        Atomics.store(shared, slot.stopTold, 1);
        Atomics.notify(shared, slot.stopTold);
    }
  }

  #record(name: WatchdogEventName, message: string): void {
    const { engine, record, recorded } = this.#options;
    if (!recorded.includes(name)) return;
    const event: StatusEvent = { kind: 'status-event', name, engine, atMs: clock.nowMs(), message };
    record?.postMessage(event);
  }

  #heartbeat(): Heartbeat {
    const { engine, shared } = this.#options;
    return {
      engine,
      residentMb: Math.round(process.memoryUsage.rss() / 1_024 / kbPerMb),
      heapUsedMb: Math.round(Atomics.load(shared, slot.heapUsedKb) / kbPerMb),
      heapTotalMb: Math.round(Atomics.load(shared, slot.heapTotalKb) / kbPerMb),
      running: Atomics.load(shared, slot.running),
    };
  }

  #write(entry: LogEntry): void {
    const nowMs = clock.nowMs();
    const { engine, logFile, errorsToStandardError } = this.#options;
    attempt(() => logFile !== null && appendFileSync(logFile, jsonLine(entry, { engine, nowMs })));
    attempt(() => errorsToStandardError && entry.level === 'error' && writeSync(2, readableLine(entry, nowMs)));
  }

  readonly #answer: RequestListener = (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/health' && path !== '/health/live' && path !== '/health/ready') {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    this.#look(); // H2
    const { status, isBeyondHelp } = this.#judge;
    const isWell = path === '/health/live' ? !isBeyondHelp : status === 'ok';
    response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(this.#report(status))}\n`);
  };

  #report(status: HealthStatus): object {
    const message = status === 'stopped' && this.#judge.isBeyondHelp ? mainStoppedMessage : says[status];
    const since = new Date(this.#statusSinceMs).toISOString();
    const remarks = this.remarks.length === 0 ? null : { remarks: this.remarks };
    return { status, ...this.#heartbeat(), since, ...(message === null ? null : { message }), ...remarks };
  }
}

const says: Readonly<Record<HealthStatus, string | null>> = {
  ok: null,
  starting: 'The engine is starting',
  blocked: mainBlockedMessage,
  stopped: 'The engine is stopped',
  'database-failing': 'Database commands fail',
};

/** The heartbeat as the seed prints it. */
function heartbeatText({ engine, residentMb, heapUsedMb, heapTotalMb, running }: Heartbeat): string {
  return [
    `Engine Name: ${engine}`,
    `Resident Memory: ${residentMb} MB`,
    `Used Heap: ${heapUsedMb} MB`,
    `Total Heap: ${heapTotalMb} MB`,
    `Running Workflows: ${running}`,
  ].join('\n');
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // A full disk or a closed pipe: the other ways of telling remain, and health must go on being answered.
  }
}
