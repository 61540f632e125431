// A client of the store thread: the `SqlDriver` at the other end of a channel, in any thread or process.
//
// Transactions asked for in one turn of the event loop travel together, in as few messages as their bounds allow. While
// the channel is full they wait here.
//
// Invariants:
//   C1. Every call is answered: by the thread, or with a refusal when the channel closes. A port closes behind its last
//       message, also when the thread dies; the thread's own `exit` event can overtake its answers.
//   C2. The channel keeps its process alive only while an answer is awaited.
//   C3. A message keeps the bounds of a group, unless it is a single transaction: the thread takes messages as they are.
//   C4. Requests leave in the order they were asked in.

import { EngineError } from '../../observe/errors.js';
import { isAdHoc } from '../ad-hoc.js';
import { type SqlCall, type SqlDriver, SqlError, type SqlRows } from '../driver.js';
import { measureCall, readRows, writeCall } from '../wire.js';
import type { Channel } from './channel.js';
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

/** What was asked and has not been sent. */
type Outgoing =
  | { readonly id: number; readonly calls: readonly SqlCall[] }
  | { readonly id: number; readonly request: StoreRequest };

/**
 * What calls are refused with when the channel closes.
 *
 * @param wasSent the thread may have carried the call out
 */
export type Refusal = (reason: string, wasSent: boolean) => EngineError;

export const refusedForGood: Refusal = reason => new EngineError('STORE_FAILED', reason);

/** Transactions on their way into one message. */
interface OutgoingMessage {
  readonly transactions: PackedTransaction[];
  readonly calls: SqlCall[];
  bytes: number;
  /** Of statements somebody else wrote, which may be as long as they like. */
  textBytes: number;
}

function errorOf(failure: Failure): Error {
  return failure.kind === 'sql'
    ? new SqlError(failure.code, failure.message, failure.statement)
    : new EngineError(failure.code, failure.message);
}

function adHocTextBytes({ statement: { name, text } }: SqlCall): number {
  return isAdHoc(name) ? Buffer.byteLength(text, 'utf8') : 0;
}

/** As the database itself refuses what is too large, so that whoever asked halves it. */
function tooLarge(bytes: number, maximum: number): SqlError {
  return new SqlError('54000', `a transaction of ${bytes} bytes; at most ${maximum} can be sent`, '');
}

export class PortClient implements SqlDriver {
  readonly #channel: Channel<StoreRequest, StoreReply>;
  readonly #refusal: Refusal;
  /** Largest transaction, bytes. */
  readonly #transactionBytesMax: number;
  readonly #pending = new Map<number, Pending>();
  readonly #numbers = new StatementNumbers();
  #outbox: Outgoing[] = [];
  #lastId = 0;
  #markClosed = (): void => {};
  /** Resolves when the channel has closed. */
  readonly closed = new Promise<void>(resolve => {
    this.#markClosed = resolve;
  });
  /** What calls are told when the channel closes; the owner may know better. */
  endReason = 'the store thread has ended';
  #ended: string | null = null;

  /**
   * @param channel a port from `ThreadedDriver.connect`, or a socket; it is the client's from now on
   * @param refusal default: `STORE_FAILED`
   */
  constructor(
    channel: Channel<StoreRequest, StoreReply>,
    refusal: Refusal = refusedForGood,
    transactionBytesMax = Number.POSITIVE_INFINITY,
  ) {
    this.#channel = channel;
    this.#refusal = refusal;
    this.#transactionBytesMax = transactionBytesMax;
    channel.on('message', reply => this.#receive(reply));
    channel.on('drain', () => this.flush());
    channel.on('close', reason => {
      this.#end(typeof reason === 'string' ? `${this.endReason}: ${reason}` : this.endReason);
      this.#markClosed();
    });
    channel.unref();
  }

  /**
   * Run calls as one transaction (V1-V4 of `driver.ts`). Do not write into parameters until it is settled.
   *
   * @throws {SqlError} when the database refuses a call
   * @throws {EngineError} STORE_FAILED when the store has failed, and the refusal when the channel is closed
   */
  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]> {
    if (calls.length === 0) return Promise.resolve([]);
    return this.#ask(id => {
      if (this.#outbox.length === 0) queueMicrotask(() => this.flush());
      this.#outbox.push({ id, calls });
    }) as Promise<SqlRows[]>;
  }

  async script(text: string): Promise<void> {
    await this.#request(id => ({ kind: 'script', id, text }));
  }

  diskBytes(): Promise<number> {
    return this.#request(id => ({ kind: 'disk-bytes', id })) as Promise<number>;
  }

  figures(): Promise<SessionFigures> {
    return this.#request(id => ({ kind: 'figures', id })) as Promise<SessionFigures>;
  }

  /** Give up the connection; the store stays open for others. What is pending is refused. */
  async close(): Promise<void> {
    this.endReason = 'the connection to the store was closed';
    this.#end(this.endReason);
    this.#channel.close();
    await this.closed;
  }

  /** C1: refuse what is pending and whatever comes. The first reason stays. */
  #end(reason: string): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#channel.unref();
    const unsent = new Set(this.#outbox.map(({ id }) => id));
    for (const [id, { reject }] of this.#pending) reject(this.#refusal(reason, !unsent.has(id)));
    this.#pending.clear();
    this.#outbox = [];
  }

  #ask(send: (id: number) => void): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#refusal(this.#ended, false));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#channel.ref(); // C2
      this.#pending.set(id, { resolve, reject });
      send(id);
    });
  }

  #request(requestOf: (id: number) => StoreRequest): Promise<unknown> {
    return this.#ask(id => {
      this.#outbox.push({ id, request: requestOf(id) });
      this.flush();
    });
  }

  /** Send what waits for the end of this turn, or for room in the channel. */
  flush(): void {
    const waiting = this.#outbox;
    let sent = 0;
    while (sent < waiting.length && this.#channel.isFull !== true) {
      const next = waiting[sent]!;
      if ('request' in next) {
        this.#channel.postMessage(next.request);
        sent += 1;
      } else {
        sent += this.#sendFrom(waiting, sent);
      }
    }
    waiting.splice(0, sent);
  }

  /** One message of the transactions from an index on; returns how many of them are done with. */
  #sendFrom(waiting: readonly Outgoing[], from: number): number {
    const message: OutgoingMessage = { transactions: [], calls: [], bytes: 0, textBytes: 0 };
    let at = from;
    for (; at < waiting.length; at++) {
      const next = waiting[at]!;
      if ('request' in next) break;
      const { id, calls } = next;
      try {
        const bytes = calls.reduce((total, call) => total + measureCall(call), 0);
        const textBytes = calls.reduce((total, call) => total + adHocTextBytes(call), 0);
        const isFull =
          message.bytes + message.textBytes + bytes + textBytes > groupBytesMax ||
          message.transactions.length === groupTransactionsMax;
        if (isFull && message.transactions.length > 0) break; // C3
        if (bytes + textBytes > this.#transactionBytesMax) throw tooLarge(bytes + textBytes, this.#transactionBytesMax);
        message.transactions.push({ id, bytes, statements: calls.map(call => this.#numbers.of(call.statement)) });
        message.calls.push(...calls);
        message.bytes += bytes;
        message.textBytes += textBytes;
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    }
    this.#send(message);
    return at - from;
  }

  #send({ transactions, calls, bytes }: OutgoingMessage): void {
    if (transactions.length === 0) return;
    // Not from the pool: a pooled buffer cannot be transferred.
    const wire = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const call of calls) at = writeCall(wire, at, call);
    const introduced = this.#numbers.takeIntroduced();
    const request: StoreRequest = { kind: 'transactions', wire, transactions, introduced };
    this.#channel.postMessage(request, [wire.buffer as ArrayBuffer]);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#channel.unref(); // C2
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
