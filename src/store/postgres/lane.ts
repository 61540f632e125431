// A connection that is made again when it is lost, by the first who needs it.
//
// Invariants:
//   A1. Transactions of a lane are sent in the order they were asked for.
//   A2. While no connection can be had they are refused with STORE_UNAVAILABLE and nothing was sent: at once between two
//       attempts, else when the attempt under way has failed. Attempts are `retryMsMin` to `retryMsMax` apart.
//   A3. A transaction is sent once. Whether to ask again is for whoever knows what it means (S4).

import type { Clock } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { SqlCall, SqlRows } from '../driver.js';
import type { Connection } from './connection.js';

interface Waiting {
  send(connection: Connection): void;
  reject(error: Error): void;
}

const retryMsMin = 50;
const retryMsMax = 1_000;
/** How long a lane that closes waits for answers. */
const closeMs = 10_000;
/** Transactions that wait for an attempt to connect; the engine keeps far fewer under way. */
const waitingMax = 10_000;

export class Lane {
  readonly #connect: () => Promise<Connection>;
  readonly #clock: Clock;
  #connection: Connection | null = null;
  #attempt: Promise<void> | null = null;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #retryMs = retryMsMin;
  #retryAtMs = 0;
  #refusal: EngineError | null = null;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(connect: () => Promise<Connection>, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Transactions asked for and not answered. */
  get load(): number {
    return this.#underWay;
  }

  /** What is asked for now is refused at once (A2). */
  get isRefusing(): boolean {
    return (
      this.#isClosed || (!this.#isConnected && this.#refusal !== null && this.#clock.monotonicMs() < this.#retryAtMs)
    );
  }

  /** Connect now. @throws {EngineError} what the attempt says */
  async open(): Promise<void> {
    await this.#reach();
    if (this.#refusal !== null) throw this.#refusal;
  }

  /** @throws as `Connection.transaction` does */
  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]> {
    return this.#count(() => this.#ask(connection => connection.transaction(calls)));
  }

  /** @throws as `Connection.script` does */
  script(text: string): Promise<void> {
    return this.#count(() => this.#ask(connection => connection.script(text)));
  }

  async #count<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  /** Refuse what is asked for from now on, wait for what was asked before, and say goodbye. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const late = this.#clock.setTimer(closeMs, () => void this.#connection?.close());
    if (this.#underWay > 0) await new Promise<void>(resolve => this.#onIdle.push(resolve));
    late.cancel();
    await this.#attempt;
    await this.#connection?.close();
  }

  get #isConnected(): boolean {
    return this.#connection !== null && !this.#connection.hasEnded;
  }

  #ask<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new EngineError('STORE_FAILED', 'the store is closed'));
    if (this.#isConnected) return use(this.#connection!);
    if (this.isRefusing || this.#waiting.length === waitingMax) return Promise.reject(this.#unavailable());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ send: connection => resolve(use(connection)), reject });
      void this.#reach();
    });
  }

  /** One attempt at a time; what waits for it is sent or refused in the moment it is over (A1). */
  #reach(): Promise<void> {
    this.#attempt ??= this.#connect()
      .then(
        connection => {
          this.#connection = connection;
          this.#refusal = null;
          this.#retryMs = retryMsMin;
          for (const { send } of this.#waiting.splice(0)) send(connection);
        },
        (error: unknown) => {
          this.#refusal = error as EngineError;
          this.#retryAtMs = this.#clock.monotonicMs() + this.#retryMs;
          this.#retryMs = Math.min(2 * this.#retryMs, retryMsMax);
          for (const { reject } of this.#waiting.splice(0)) reject(this.#unavailable());
        },
      )
      .finally(() => {
        this.#attempt = null;
      });
    return this.#attempt;
  }

  /** Whatever keeps a connection from being made again, asking later may help. */
  #unavailable(): EngineError {
    if (this.#refusal?.code === 'STORE_UNAVAILABLE') return this.#refusal;
    const reason = this.#refusal?.message ?? 'too many transactions wait for a connection';
    return new EngineError('STORE_UNAVAILABLE', reason, { cause: this.#refusal });
  }
}
