// Entry point of the watchdog thread; see `src/observe/watchdog-server.ts`.
//
// Status events become audit rows here, over a connection of this thread's own to the store thread: the main thread,
// which usually writes the audit, may be what is blocked.

import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { statusRow } from '../src/audit/engine-events.js';
import type { StatusEvent, WatchdogThreadOptions } from '../src/observe/watchdog-protocol.js';
import { serveWatchdog } from '../src/observe/watchdog-server.js';
import { PortClient } from '../src/store/pglite/port-client.js';
import { statusCall } from '../src/store/sql/status.js';

if (parentPort === null) throw new Error('watchdog-thread is started by src/observe/watchdog.ts, in a worker thread');
const options = workerData as WatchdogThreadOptions;
serveWatchdog(parentPort, {
  ...options,
  record: options.storePort === null ? options.record : toStore(options.storePort),
});

function toStore(storePort: MessagePort): MessagePort {
  const store = new PortClient(storePort);
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
