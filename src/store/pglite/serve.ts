// The store thread: PGlite, its clients of this process, and those of others when it is told to listen.
//
// The thread serves the socket itself: a holder whose main loop is blocked, or far too busy, holds up nobody (D16), and a
// request takes no way through it.

import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../../observe/errors.js';
import { PgliteSession } from './session.js';
import type { PostgresModule } from './session-options.js';
import { SocketListener } from './shared/listener.js';
import { StoreServer } from './store-server.js';
import { layDown, readTemplate, trashFolder } from './template.js';
import type { StoreControl, StoreNotice, StoreThreadOptions } from './thread-protocol.js';

/** Open the store and serve it until told to close. */
export async function serveStore(control: MessagePort, options: StoreThreadOptions): Promise<void> {
  const notify = (notice: StoreNotice): void => control.postMessage(notice);
  let server: StoreServer;
  try {
    server = new StoreServer(await openSession(options), options.folder);
  } catch (error) {
    notify(refusalOf(error));
    control.close();
    return;
  }
  let listener: SocketListener | null = null;
  const hear = async (message: StoreControl): Promise<void> => {
    switch (message.kind) {
      case 'connect':
        server.connect(message.port as MessagePort);
        break;
      case 'listen':
        try {
          listener = await SocketListener.open(message.folder, message.terms, channel =>
            server.connectForeign(channel),
          );
          notify({ kind: 'listening' });
        } catch (error) {
          notify(refusalOf(error));
        }
        break;
      case 'close':
        listener?.close();
        await server.close();
        notify({ kind: 'closed' });
        control.close();
        // A PostgreSQL that was stopped can leave a timer behind, which would keep the thread for ten seconds.
        process.exit();
    }
  };
  control.on('message', message => void hear(message));
  notify({ kind: 'opened' });
}

function refusalOf(error: unknown): StoreNotice {
  const code = error instanceof EngineError ? error.code : 'STORE_FAILED';
  return { kind: 'refused', code, message: (error as Error).message };
}

async function openSession(options: StoreThreadOptions): Promise<PgliteSession> {
  const { durability, settings, faults } = options;
  const wasm = compilePostgres();
  wasm.catch(() => {}); // told when it is awaited
  if (options.folder === null) {
    return PgliteSession.open({ folder: null, durability, settings, wasm, template: readTemplate() });
  }
  const folder = await layDown(options.folder);
  return PgliteSession.open({ folder, trash: trashFolder(options.folder), durability, settings, wasm, faults });
}

/** In threads of its own, while the folder is being looked at or laid down. */
async function compilePostgres(): Promise<PostgresModule> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { compile(bytes: Uint8Array): Promise<PostgresModule> };
  };
  return WebAssembly.compile(await fs.readFile(path.join(path.dirname(entry), 'pglite.wasm')));
}
