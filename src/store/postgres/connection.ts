// One connection: transactions out, one behind the other without waiting, their rows or refusals in.
//
// `pg` connects, speaks TLS and authenticates; from then on its socket is ours. Its parser turns result columns into
// strings, and its pipeline mode knows one statement a transaction; `wire.ts` is what PGlite is spoken to with as well.
//
// Each transaction ends with a Sync of its own, which makes it an implicit transaction of its own: one that fails fails
// alone (V3), and its locks are held for as long as it takes itself. Whatever is asked for in one turn of the event loop
// travels together, and what comes later does not wait for an answer, so that a busy connection costs no round trips.
// The alternative is PGlite's: several transactions before one Sync share their fsync, but also their fate, and hold
// all their locks in an order of nobody's choosing, which is how engines deadlock (D6). The engine has already put what
// waits into one commit (D4), and PostgreSQL shares fsyncs between connections; so there is little left to win.
//
// Invariants:
//   N1. Every transaction is answered: by the server, or with STORE_UNAVAILABLE when the connection ends before. It may
//       then have been applied or not (S4 is for that).
//   N2. Answers come in the order of what was sent.
//   N3. A connection from which nothing comes for `answerMs` while an answer is awaited is given up.
//   N4. It keeps the process alive only while an answer is awaited.

import type { Duplex } from 'node:stream';
import pg, { type ClientConfig } from 'pg';
import type { Clock, Timer } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import { type SqlCall, SqlError, type SqlRows } from '../driver.js';
import {
  closeMessage,
  measureCall,
  parseMessage,
  queryMessage,
  readRows,
  type Scan,
  scanAnswer,
  syncMessage,
  terminateMessage,
  writeCall,
} from '../wire.js';
import { AnswerReader } from './answer-reader.js';
import { type Prepared, Statements } from './statements.js';
import { notConnected } from './unavailable.js';

export interface ConnectionOptions {
  readonly config: ClientConfig;
  /** For messages; without a password. */
  readonly location: string;
  readonly clock: Clock;
  /** How long the server may be silent while it owes an answer, milliseconds; `null`: for ever. */
  readonly answerMs: number | null;
  /** Give a server up that has become read-only: behind its name may be another one by now. */
  readonly mustWrite: boolean;
}

/** Something sent that will be answered up to its own ReadyForQuery. */
interface Exchange {
  answered(answer: Buffer, scan: Scan): void;
  lost(error: EngineError): void;
}

/** How long a goodbye may take before the socket is destroyed. */
const goodbyeMs = 1_000;
const readOnlyTransaction = '25006';
const unknownStatement = '26000';
const mayHaveRun = 'whether this transaction was carried out is not known';

export class Connection {
  readonly #stream: Duplex & { ref?(): void; unref?(): void };
  readonly #options: ConnectionOptions;
  readonly #reader = new AnswerReader(answer => this.#receive(answer));
  readonly #statements = new Statements();
  readonly #awaited: Exchange[] = [];
  #silence: Timer | null = null;
  #heardAtMs = 0;
  #isCorked = false;
  #ended: string | null = null;
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    // Its parser has read the answer to the start to its end, and the server speaks only when spoken to.
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    stream.on('error', error => this.#end(error.message));
    this.closed = new Promise(resolve => {
      stream.once('close', () => {
        this.#end('the server has closed it');
        resolve();
      });
    });
    this.#stream.unref?.(); // N4
  }

  /** @throws {EngineError} OPTION_INVALID when the server says no for good, else STORE_UNAVAILABLE */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const client = new pg.Client(options.config);
    // It hears of the end of the connection too, and would have it thrown.
    client.on('error', () => {});
    try {
      await client.connect();
    } catch (error) {
      client.connection.stream.destroy();
      throw notConnected(error, options.location);
    }
    return new Connection(client.connection.stream, options);
  }

  /** Nothing can be sent any more. */
  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  /**
   * Run calls as one transaction, behind what was asked before.
   *
   * @throws {SqlError} when the server refuses a call: nothing was applied
   * @throws {EngineError} STORE_UNAVAILABLE when the answer did not come (N1)
   */
  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]> {
    return new Promise((resolve, reject) => {
      const wire = encoded(calls);
      const used = calls.map(({ statement }) => this.#prepare(statement));
      this.#send(wire, {
        answered: (answer, scan) => {
          if (scan.error === null) resolve(rowsOf(answer));
          else reject(refusalOf(scan, used));
        },
        lost: reject,
      });
      for (const name of this.#statements.takeExcess()) {
        this.#send(Buffer.concat([closeMessage(name), syncMessage]), { answered: () => {}, lost: () => {} });
      }
    });
  }

  /** A script by the simple protocol. */
  script(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#send(queryMessage(text), {
        answered: (_, { error }) => {
          if (error === null) resolve();
          else reject(new SqlError(error.code, error.message, 'script'));
        },
        lost: reject,
      });
    });
  }

  /** Say goodbye, behind what was asked before. */
  async close(): Promise<void> {
    if (this.#ended !== null) return this.closed;
    this.#stream.end(terminateMessage);
    const late = this.#options.clock.setTimer(goodbyeMs, () => this.#stream.destroy());
    await this.closed;
    late.cancel();
  }

  #prepare(statement: SqlCall['statement']): Prepared {
    const { prepared, isNew } = this.#statements.use(statement);
    if (isNew) {
      this.#send(Buffer.concat([parseMessage(statement), syncMessage]), {
        answered: (_, { error }) => {
          prepared.refusal = error;
        },
        lost: () => {},
      });
    }
    return prepared;
  }

  #send(bytes: Uint8Array, exchange: Exchange): void {
    if (this.#ended !== null) {
      exchange.lost(this.#lost('nothing was sent'));
      return;
    }
    if (this.#awaited.length === 0) this.#awaitAnswers();
    this.#awaited.push(exchange);
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#stream.write(bytes);
  }

  #hear(chunk: Buffer): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#end(`it sent what is not the protocol: ${(error as Error).message}`);
    }
  }

  #receive(answer: Buffer): void {
    const scan = scanAnswer(answer, 0, answer.length);
    const exchange = this.#awaited.shift(); // N2
    if (this.#awaited.length === 0) this.#rest();
    exchange?.answered(answer, scan);
    if (this.#options.mustWrite && scan.error?.code === readOnlyTransaction) this.#end(scan.error.message);
  }

  #awaitAnswers(): void {
    this.#stream.ref?.();
    const { clock, answerMs } = this.#options;
    this.#heardAtMs = clock.monotonicMs();
    if (answerMs !== null && this.#silence === null) this.#watch(answerMs);
  }

  /** N3. The timer is left to run when an answer comes, and looks at what has been heard when it fires. */
  #watch(waitMs: number): void {
    const { clock, answerMs } = this.#options;
    const look = (): void => {
      this.#silence = null;
      if (this.#awaited.length === 0) return;
      const leftMs = answerMs! - (clock.monotonicMs() - this.#heardAtMs);
      if (leftMs > 0) this.#watch(leftMs);
      else this.#end(`it has said nothing for ${answerMs} ms`);
    };
    this.#silence = clock.setTimer(waitMs, look).unref();
  }

  #rest(): void {
    this.#stream.unref?.();
  }

  /** N1: what is awaited will not come. The first reason stays, unless the server has told a better one. */
  #end(reason: string): void {
    if (this.#ended !== null) return;
    const unfinished = this.#reader.unfinished;
    const last = scanAnswer(unfinished, 0, unfinished.length).error;
    this.#ended = last === null ? reason : `${last.code}: ${last.message}`;
    this.#silence?.cancel();
    this.#stream.destroy();
    for (const exchange of this.#awaited.splice(0)) exchange.lost(this.#lost(mayHaveRun));
  }

  #lost(what: string): EngineError {
    const { location } = this.#options;
    return new EngineError('STORE_UNAVAILABLE', `the connection to ${location} was lost (${this.#ended}); ${what}`);
  }
}

/** Bind and Execute of all calls, and Sync. */
function encoded(calls: readonly SqlCall[]): Buffer {
  const bytes = calls.reduce((total, call) => total + measureCall(call), 0);
  const wire = Buffer.allocUnsafe(bytes + syncMessage.length);
  let at = 0;
  for (const call of calls) at = writeCall(wire, at, call);
  wire.set(syncMessage, at);
  return wire;
}

/** Not as views of a `Buffer`, whose `slice` does not copy (B2 of `binary.ts`). */
function rowsOf({ buffer, byteOffset, length }: Buffer): SqlRows[] {
  return readRows(new Uint8Array(buffer, byteOffset, length), 0, length);
}

function refusalOf({ error, ends }: Scan, used: readonly Prepared[]): SqlError {
  const at = used[ends.length];
  // What it would have been prepared from says more than that it is not.
  const { code, message } = (error!.code === unknownStatement && at?.refusal) || error!;
  return new SqlError(code, message, at?.statement.name ?? 'COMMIT');
}
