// A client of the store thread: the `SqlDriver` at the other end of a MessagePort, in any thread.
//
// Transactions asked for in one turn of the event loop travel together, in as few messages as their bounds allow.
//
// Invariants:
//   C1. Every call is answered: by the thread, or with STORE_FAILED when the port closes. A port closes behind its last
//       message, also when the thread dies; the thread's own `exit` event can overtake its answers.
//   C2. The port keeps its process alive only while an answer is awaited.
//   C3. A message keeps the bounds of a group, unless it is a single transaction: the thread takes messages as they are.

import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../../observe/errors.js';
import { type SqlCall, type SqlDriver, SqlError, type SqlRows } from '../driver.js';
import { measureCall, readRows, writeCall } from '../wire.js';
import type { Failure, SessionFigures } from './session.js';
import { StatementNumbers } from './statement-numbers.js';
import {
  groupBytesMax,
  groupTransactionsMax,
  type PackedTransaction,
  type StoreReply,
  type StoreRequest,
} from './thread-protocol.js';

interface Pending {
  /** The answer's value: rows, or what was asked for. */
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Transactions on their way into one message. */
interface OutgoingMessage {
  readonly transactions: PackedTransaction[];
  readonly calls: SqlCall[];
  bytes: number;
}

function errorOf(failure: Failure): Error {
  return failure.kind === 'sql'
    ? new SqlError(failure.code, failure.message, failure.statement)
    : new EngineError(failure.code, failure.message);
}

export class PortClient implements SqlDriver {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  readonly #numbers = new StatementNumbers();
  #outbox: { readonly id: number; readonly calls: readonly SqlCall[] }[] = [];
  #lastId = 0;
  #markClosed = (): void => {};
  /** Resolves when the port has closed. */
  readonly closed = new Promise<void>(resolve => {
    this.#markClosed = resolve;
  });
  /** What calls are refused with when the port closes; the owner may know better. */
  endReason = 'the store thread has ended';
  #ended: Error | null = null;

  /** @param port from `ThreadedDriver.connect`; it is the client's from now on */
  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: StoreReply) => this.#receive(reply));
    port.on('close', () => {
      this.#end(this.endReason);
      this.#markClosed();
    });
    port.unref();
  }

  /**
   * Run calls as one transaction (V1-V4 of `driver.ts`). Parameters are read at the end of this turn of the event
   * loop: do not write into them until then.
   *
   * @throws {SqlError} when the database refuses a call
   * @throws {EngineError} STORE_FAILED when the store has failed or is closed
   */
  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]> {
    if (calls.length === 0) return Promise.resolve([]);
    return this.#ask(id => {
      if (this.#outbox.length === 0) queueMicrotask(() => this.flush());
      this.#outbox.push({ id, calls });
    }) as Promise<SqlRows[]>;
  }

  async script(text: string): Promise<void> {
    await this.#ask(id => this.#post({ kind: 'script', id, text }));
  }

  diskBytes(): Promise<number> {
    return this.#ask(id => this.#post({ kind: 'disk-bytes', id })) as Promise<number>;
  }

  figures(): Promise<SessionFigures> {
    return this.#ask(id => this.#post({ kind: 'figures', id })) as Promise<SessionFigures>;
  }

  /** Give up the connection; the store stays open for others. What is pending is refused. */
  async close(): Promise<void> {
    this.endReason = 'the connection to the store was closed';
    this.#end(this.endReason);
    this.#port.close();
    await this.closed;
  }

  /** C1: refuse what is pending and whatever comes. The first reason stays. */
  #end(reason: string): void {
    if (this.#ended !== null) return;
    this.#ended = new EngineError('STORE_FAILED', reason);
    this.#port.unref();
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
    this.#outbox = [];
  }

  #ask(send: (id: number) => void): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#port.ref(); // C2
      this.#pending.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Behind what is waiting: requests of one client are carried out in order. */
  #post(request: StoreRequest): void {
    this.flush();
    this.#port.postMessage(request);
  }

  /** Send what waits for the end of this turn. */
  flush(): void {
    const waiting = this.#outbox;
    this.#outbox = [];
    let message: OutgoingMessage = { transactions: [], calls: [], bytes: 0 };
    for (const { id, calls } of waiting) {
      try {
        const bytes = calls.reduce((total, call) => total + measureCall(call), 0);
        if (message.bytes + bytes > groupBytesMax || message.transactions.length === groupTransactionsMax) {
          this.#send(message); // C3; before its successor's statements get numbers, which may be given anew in between
          message = { transactions: [], calls: [], bytes: 0 };
        }
        message.transactions.push({ id, bytes, statements: calls.map(call => this.#numbers.of(call.statement)) });
        message.calls.push(...calls);
        message.bytes += bytes;
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    }
    this.#send(message);
  }

  #send({ transactions, calls, bytes }: OutgoingMessage): void {
    if (transactions.length === 0) return;
    // Not from the pool: a pooled buffer cannot be transferred.
    const wire = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const call of calls) at = writeCall(wire, at, call);
    const introduced = this.#numbers.takeIntroduced();
    const request: StoreRequest = { kind: 'transactions', wire, transactions, introduced };
    this.#port.postMessage(request, [wire.buffer as ArrayBuffer]);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#port.unref(); // C2
    return pending;
  }

  #receive(reply: StoreReply): void {
    switch (reply.kind) {
      case 'transactions':
        for (const answer of reply.answers) {
          const pending = this.#settle(answer.id);
          if ('failure' in answer) pending?.reject(errorOf(answer.failure));
          else pending?.resolve(readRows(reply.bytes, answer.from, answer.to));
        }
        break;
      case 'value':
        this.#settle(reply.id)?.resolve(reply.value);
        break;
      case 'failure':
        this.#settle(reply.id)?.reject(errorOf(reply.failure));
        break;
    }
  }
}
