// The store thread: PGlite and its clients.
//
// Whatever all clients have waiting becomes the next group, at once and up to a bound, message by message; what arrives
// while it is executed forms the one after (group commit without a timer). Requests of one client are carried out in its order.

import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EngineError } from '../../observe/errors.js';
import type { SqlStatement } from '../driver.js';
import type { WireTransaction } from './prepared.js';
import { PgliteSession, type WireAnswer } from './session.js';
import type { PostgresModule } from './session-options.js';
import { layDown, readTemplate, trashFolder } from './template.js';
import {
  groupBytesMax,
  groupTransactionsMax,
  type PackedTransaction,
  type StoreControl,
  type StoreNotice,
  type StoreReply,
  type StoreRequest,
  type StoreThreadOptions,
  type TransactionAnswer,
} from './thread-protocol.js';

interface Client {
  readonly port: MessagePort;
  /** By number. */
  readonly statements: SqlStatement[];
}

interface Waiting {
  readonly client: Client;
  readonly request: StoreRequest;
}

interface Member extends WireTransaction {
  readonly client: Client;
  readonly id: number;
}

/** Open the store and serve it until told to close. */
export async function serveStore(control: MessagePort, options: StoreThreadOptions): Promise<void> {
  const notify = (notice: StoreNotice): void => control.postMessage(notice);
  let server: StoreServer;
  try {
    server = new StoreServer(await openSession(options), options.folder);
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'STORE_FAILED';
    notify({ kind: 'refused', code, message: (error as Error).message });
    control.close();
    return;
  }
  control.on('message', async (message: StoreControl) => {
    if (message.kind === 'connect') {
      server.connect(message.port as MessagePort);
    } else {
      await server.close();
      notify({ kind: 'closed' });
      control.close();
      // A PostgreSQL that was stopped can leave a timer behind, which would keep the thread for ten seconds.
      process.exit();
    }
  });
  notify({ kind: 'opened' });
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

class StoreServer {
  readonly #session: PgliteSession;
  readonly #folder: string | null;
  readonly #clients = new Set<Client>();
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(session: PgliteSession, folder: string | null) {
    this.#session = session;
    this.#folder = folder;
  }

  connect(port: MessagePort): void {
    const client: Client = { port, statements: [] };
    this.#clients.add(client);
    port.on('message', (request: StoreRequest) => {
      this.#waiting.push({ client, request });
      this.#work();
    });
    port.on('close', () => this.#clients.delete(client));
  }

  /** Carry out what was asked before, then stop. */
  async close(): Promise<void> {
    this.#collect();
    while (this.#waiting.length > 0) this.#step();
    await this.#session.close();
    for (const client of this.#clients) client.port.close();
  }

  /** One step a turn of the event loop, so that control messages are heard between groups. */
  #work(): void {
    this.#collect();
    this.#step();
    if (this.#waiting.length === 0 || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#work();
    });
  }

  #collect(): void {
    for (const client of this.#clients) {
      for (;;) {
        const received = receiveMessageOnPort(client.port) as { message: StoreRequest } | undefined;
        if (received === undefined) break;
        this.#waiting.push({ client, request: received.message });
      }
    }
  }

  #step(): void {
    const group = this.#takeGroup();
    if (group.length > 0) {
      this.#answer(group, this.#session.execute(group));
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) this.#carryOut(next.client, next.request);
  }

  /** The transactions at the head of what waits; whole messages, each of which keeps the bounds (C3 of `port-client.ts`). */
  #takeGroup(): Member[] {
    const group: Member[] = [];
    let bytes = 0;
    for (;;) {
      const head = this.#waiting[0];
      if (head === undefined || head.request.kind !== 'transactions') return group;
      const { wire, transactions, introduced } = head.request;
      if (group.length > 0 && bytes + wire.length > groupBytesMax) return group;
      if (group.length > 0 && group.length + transactions.length > groupTransactionsMax) return group;
      for (const statement of introduced) head.client.statements[statement.number] = statement;
      this.#waiting.shift();
      bytes += wire.length;
      group.push(...unpackTransactions(head.client, wire, transactions));
    }
  }

  #answer(group: readonly Member[], answers: readonly WireAnswer[]): void {
    const byClient = new Map<Client, { bytes: number; answers: TransactionAnswer[]; pieces: Uint8Array[] }>();
    group.forEach(({ client, id }, index) => {
      const mine = byClient.get(client) ?? { bytes: 0, answers: [], pieces: [] };
      byClient.set(client, mine);
      const answer = answers[index] as WireAnswer;
      if ('kind' in answer) {
        mine.answers.push({ id, failure: answer });
        return;
      }
      const piece = this.#session.received.subarray(answer.from, answer.to);
      mine.answers.push({ id, from: mine.bytes, to: mine.bytes + piece.length });
      mine.pieces.push(piece);
      mine.bytes += piece.length;
    });
    for (const [client, { bytes: size, answers, pieces }] of byClient) {
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      client.port.postMessage({ kind: 'transactions', bytes, answers } satisfies StoreReply, [bytes.buffer]);
    }
  }

  #carryOut(client: Client, request: Exclude<StoreRequest, { kind: 'transactions' }> | StoreRequest): void {
    const reply = (message: StoreReply): void => client.port.postMessage(message);
    switch (request.kind) {
      case 'script': {
        const failure = this.#session.script(request.text);
        const { id } = request;
        reply(failure === null ? { kind: 'value', id, value: null } : { kind: 'failure', id, failure });
        break;
      }
      case 'figures':
        reply({ kind: 'value', id: request.id, value: this.#session.figures });
        break;
      case 'disk-bytes':
        void bytesBelow(this.#folder).then(value => reply({ kind: 'value', id: request.id, value }));
        break;
      case 'transactions':
        throw new Error('transactions are carried out in groups');
    }
  }
}

function unpackTransactions(client: Client, wire: Uint8Array, packed: readonly PackedTransaction[]): Member[] {
  let at = 0;
  return packed.map(({ id, bytes, statements }) => {
    const from = at;
    at += bytes;
    const named = statements.map(number => client.statements[number] as SqlStatement);
    return { client, id, wire: wire.subarray(from, at), statements: named };
  });
}

/** Bytes of the files below a folder. A file that goes while being counted counts nothing. */
async function bytesBelow(folder: string | null): Promise<number> {
  if (folder === null) return 0;
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(entry => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return bytesBelow(full);
      return fs.stat(full).then(
        stat => stat.size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((total, size) => total + size, 0);
}
