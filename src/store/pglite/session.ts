// One PGlite, used by one thread: groups of transactions in, their rows or refusals out.
//
// A group is one message: Bind and Execute of every call of every transaction, and one Sync. PostgreSQL runs what stands
// before a Sync as one implicit transaction, so a group has one commit and one fsync (ten small ones: 0.43 ms, against
// 2.8 ms one by one).
//
// Guarantees are those of `driver.ts`; here is how:
//   V1. All calls of a transaction are in one group, and a group is applied whole or not at all.
//   V2. `execute` returns after the commit's fsync. At open a commit is made and the calls of fsync are counted; without
//       one a strict session is not opened.
//   V3. A group that fails at some transaction is run again without it: first those before, which were fine, then the
//       rest. A group that fails only when it commits has no culprit to be seen, and is run one by one.
//   V4. `PostgresProcess` stops PGlite after a failed fsync; from then on everything is refused with the reason.

import { PGlite } from '@electric-sql/pglite';
import { EngineError } from '../../observe/errors.js';
import { queryMessage, type Scan, scanAnswer } from '../wire.js';
import { CrashSync, markRelaxed } from './crash-sync.js';
import { PostgresProcess, type WasmModule } from './fsync-hook.js';
import { HomeFS } from './home-fs.js';
import { PreparedStatements, type WireTransaction } from './prepared.js';
import { type SessionOptions, startParams } from './session-options.js';
import { Trash } from './trash.js';

export interface SessionFigures {
  readonly groups: number;
  readonly transactions: number;
  readonly syncs: number;
  readonly syncMs: number;
  readonly longestSyncMs: number;
  readonly memoryBytes: number;
}

/** A refusal as a value, because an error loses its class between threads. */
export type Failure =
  | { readonly kind: 'sql'; readonly code: string; readonly message: string; readonly statement: string }
  | { readonly kind: 'engine'; readonly code: 'STORE_FAILED' | 'STORE_NOT_DURABLE'; readonly message: string };

/** Where a transaction's rows are in `PgliteSession.received`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export type WireAnswer = Range | Failure;

/** Transactions of a failed group that are tried together again; bounds what many failures in one group cost. */
const retryTogetherMax = 50;
const scratchBytes = 256 * 1024;
/** A buffer that grew beyond this is given back after use. */
const scratchKeptBytes = 8 * 1024 * 1024;

function grown(buffer: Buffer, used: number, needed: number): Buffer {
  const bigger = Buffer.allocUnsafeSlow(Math.max(needed, buffer.length * 2));
  buffer.copy(bigger, 0, 0, used);
  return bigger;
}

export class PgliteSession {
  /** Answers of the last `execute`; valid until the next. */
  received: Buffer = Buffer.allocUnsafeSlow(scratchBytes);
  readonly #db: PGlite;
  readonly #process: PostgresProcess;
  readonly #trash: Trash | null;
  readonly #prepared = new PreparedStatements();
  #receivedBytes = 0;
  #message: Buffer = Buffer.allocUnsafeSlow(scratchBytes);
  #groups = 0;
  #transactions = 0;
  #isClosing = false;

  private constructor(db: PGlite, process: PostgresProcess, trash: Trash | null) {
    this.#db = db;
    this.#process = process;
    this.#trash = trash;
  }

  /** @throws {EngineError} STORE_FAILED when it cannot be opened, STORE_NOT_DURABLE when fsync cannot be had */
  static async open(options: SessionOptions): Promise<PgliteSession> {
    const log: string[] = [];
    const process = new PostgresProcess();
    const isStrict = options.durability === 'strict';
    let crashSync: CrashSync | null = null;
    const trash = options.trash === undefined ? null : new Trash(options.trash);
    const prepare = (module: WasmModule): void => {
      if (isStrict) process.installFsync(module, crashSync, options.faults ?? {});
      trash?.install(module);
    };
    let db: PGlite;
    try {
      if (options.folder !== null) {
        if (isStrict) crashSync = await CrashSync.of(options.folder);
        else markRelaxed(options.folder);
      }
      db = await PGlite.create({
        ...(options.folder === null ? { dataDir: 'memory://' } : { fs: new HomeFS(options.folder, prepare) }),
        startParams: startParams(options),
        // Its "sync" after a call only concerns browsers; durability is the hook's.
        relaxedDurability: true,
        ...(options.wasm ? { pgliteWasmModule: await options.wasm } : {}),
        onStderr: (line: string) => {
          log.push(line);
          if (log.length > 10) log.shift();
          return false;
        },
        ...(options.template ? { loadDataDir: new Blob([options.template as Uint8Array<ArrayBuffer>]) } : {}),
      });
    } catch (error) {
      const said = [process.failure ?? (error as Error).message, ...log].join('; ');
      throw new EngineError('STORE_FAILED', `cannot open the database in ${options.folder ?? 'memory'}: ${said}`, {
        cause: error,
      });
    }
    process.watch(db.Module as unknown as WasmModule);
    if (process.failure !== null) throw new EngineError('STORE_FAILED', process.failure);
    const session = new PgliteSession(db, process, trash);
    if (isStrict) session.#proveDurable();
    return session;
  }

  get figures(): SessionFigures {
    return {
      groups: this.#groups,
      transactions: this.#transactions,
      ...this.#process.figures,
      memoryBytes: this.#process.memoryBytes,
    };
  }

  /** Run a group; the answers are in its order. */
  execute(group: readonly WireTransaction[]): WireAnswer[] {
    this.#receivedBytes = 0;
    const answers: WireAnswer[] = [];
    const parts = [group];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const outcome = this.#runPart(part);
      answers.push(...outcome.answers);
      if (outcome.again.length > 0) parts.unshift(...outcome.again);
    }
    return answers;
  }

  /** A script of statements without parameters; one transaction, so VACUUM must come alone. */
  script(text: string): Failure | null {
    if (this.#isRefusing) return this.#refusal();
    this.#receivedBytes = 0;
    const scan = this.#exchange([queryMessage(text)], 0);
    if (this.#process.failure !== null) return this.#refusal(true);
    return scan.error && { kind: 'sql', code: scan.error.code, message: scan.error.message, statement: 'script' };
  }

  /** Checkpoint and stop. A failed PGlite is only forgotten: it cannot be spoken to. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#process.failure === null) await this.#db.close();
    this.#process.unplug('the store is closed');
    await this.#trash?.emptied;
  }

  get #isRefusing(): boolean {
    return this.#isClosing || this.#process.failure !== null;
  }

  /** @param sent it had been sent when the store failed, so nobody can tell whether it is on the disk */
  #refusal(sent = false): Failure {
    const unknown = sent ? '; whether this transaction is on the disk is not known' : '';
    const message = `the store refuses everything, because ${this.#process.failure ?? 'it is closed'}${unknown}`;
    return { kind: 'engine', code: 'STORE_FAILED', message };
  }

  /** Run transactions as one. Answers the first of them, and says what is to be run again, in what parts. */
  #runPart(part: readonly WireTransaction[]): { answers: WireAnswer[]; again: (readonly WireTransaction[])[] } {
    if (this.#isRefusing) return { answers: part.map(() => this.#refusal()), again: [] };
    const start = this.#receivedBytes;
    const composition = this.#prepared.compose(part);
    const scan = this.#exchange(composition.pieces, start);
    this.#prepared.note(composition, scan);
    if (this.#process.failure !== null) {
      return { answers: part.map(() => this.#refusal(true)), again: [] }; // V4
    }
    if (scan.error === null) return { answers: this.#ranges(part, start, scan), again: [] };

    this.#receivedBytes = start;
    const culprit = this.#culprit(part, scan);
    if (culprit === part.length) {
      if (part.length > 1) return { answers: [], again: part.map(transaction => [transaction]) };
      return { answers: [{ kind: 'sql', ...pick(scan), statement: 'COMMIT' }], again: [] };
    }
    // With others before it the culprit is tried again behind them, and then fails as the first of its part.
    if (culprit > 0) return { answers: [], again: [part.slice(0, culprit), part.slice(culprit)] };
    const parse = composition.parses[scan.parsed];
    const call = part[0]!.statements[scan.ends.length];
    const statement = parse?.transaction === 0 ? parse.statement : call;
    const again = chunks(part.slice(1), retryTogetherMax);
    return { answers: [{ kind: 'sql', ...pick(scan), statement: statement?.name ?? '' }], again };
  }

  /** Index of the transaction whose call failed; the number of transactions when it was the commit. */
  #culprit(part: readonly WireTransaction[], scan: Scan): number {
    let calls = 0;
    for (let index = 0; index < part.length; index++) {
      calls += part[index]!.statements.length;
      if (scan.ends.length < calls) return index;
    }
    return part.length;
  }

  #ranges(part: readonly WireTransaction[], start: number, scan: Scan): Range[] {
    this.#groups++;
    this.#transactions += part.length;
    let from = start;
    let calls = 0;
    return part.map(transaction => {
      calls += transaction.statements.length;
      const range = { from, to: scan.ends[calls - 1] ?? from };
      from = range.to;
      return range;
    });
  }

  /** Send one message and collect its answer behind `start` of `received`. */
  #exchange(pieces: readonly Uint8Array[], start: number): Scan {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    if (this.#message.length < size) this.#message = Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (const piece of pieces) {
      this.#message.set(piece, at);
      at += piece.length;
    }
    if (start === 0 && this.received.length > scratchKeptBytes) this.received = Buffer.allocUnsafeSlow(scratchBytes);
    // It is asynchronous by name only: without `syncToFs` all of it has happened when the promise is returned.
    // The synchronous call (`execProtocolRawSync`) parses every row first, and keeps it.
    this.#db
      .execProtocolRawStream(this.#message.subarray(0, size), { syncToFs: false, onRawData: this.#collect })
      // What it threw is seen below: then the server has not said that it is ready.
      .catch(() => {});
    if (this.#message.length > scratchKeptBytes) this.#message = Buffer.allocUnsafeSlow(scratchBytes);
    const scan = scanAnswer(this.received, start, this.#receivedBytes);
    if (!scan.ready || scan.error?.severity === 'PANIC' || scan.error?.severity === 'FATAL') {
      this.#process.unplug(scan.error === null ? 'PostgreSQL stopped without a word' : scan.error.message);
    }
    return scan;
  }

  #collect = (chunk: Uint8Array): void => {
    const needed = this.#receivedBytes + chunk.length;
    if (needed > this.received.length) this.received = grown(this.received, this.#receivedBytes, needed);
    this.received.set(chunk, this.#receivedBytes);
    this.#receivedBytes = needed;
  };

  /** V2: a commit that writes WAL must reach the hook. */
  #proveDurable(): void {
    const before = this.#process.figures.syncs;
    const failure = this.script(`select pg_logical_emit_message(true, 'millrace', 'is this durable?')`);
    if (failure !== null) throw new EngineError('STORE_FAILED', failure.message);
    if (this.#process.figures.syncs === before) {
      throw new EngineError(
        'STORE_NOT_DURABLE',
        'a commit was made without fsync; this version of PGlite cannot be made to survive a power cut',
      );
    }
  }
}

function pick(scan: Scan): { code: string; message: string } {
  return { code: scan.error!.code, message: scan.error!.message };
}

function chunks<T>(values: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < values.length; from += size) parts.push(values.slice(from, from + size));
  return parts;
}
