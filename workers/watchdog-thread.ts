// Entry point of the watchdog thread; see `src/observe/watchdog-server.ts`.
//
// Status events become audit rows here, over a connection of this thread's own to the store thread, this process's or
// another's: the main thread, which usually writes the audit, may be what is blocked.

import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { statusRow } from '../src/audit/engine-events.js';
import type { StatusEvent, WatchdogThreadOptions } from '../src/observe/watchdog-protocol.js';
import { serveWatchdog } from '../src/observe/watchdog-server.js';
import type { SqlDriver } from '../src/store/driver.js';
import { PortClient } from '../src/store/pglite/port-client.js';
import { statusCall } from '../src/store/sql/status.js';

if (parentPort === null) throw new Error('watchdog-thread is started by src/observe/watchdog.ts, in a worker thread');
const options = workerData as WatchdogThreadOptions;
const store = await storeOf(options);
serveWatchdog(parentPort, { ...options, record: store === null ? options.record : portTo(store) });

async function storeOf({ storePort, storeFolder, storeServer }: WatchdogThreadOptions): Promise<SqlDriver | null> {
  if (storePort !== null) return new PortClient(storePort);
  if (storeServer !== null) {
    const { PostgresDriver } = await import('../src/store/postgres/driver.js');
    // Connects when there is something to say.
    return new PostgresDriver(storeServer.url, { durability: storeServer.durability, connections: 1 });
  }
  if (storeFolder === null) return null;
  // Only then: it brings PGlite along.
  const { followSharedFolder } = await import('../src/store/pglite/shared/folder.js');
  return followSharedFolder(storeFolder);
}

function portTo(store: SqlDriver): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.on('message', ({ engine, name, message, atMs }: StatusEvent) => {
    store.transaction([statusCall(atMs, statusRow(engine, name, message, atMs).trace)]).catch((error: Error) => {
      // The log has the event already; that the audit has it not is worth a line there, and nothing else can be done.
      process.stderr.write(`status event ${name} is not in the audit: ${error.message}\n`);
    });
  });
  port2.on('close', () => void store.close());
  port2.unref();
  return port1;
}
