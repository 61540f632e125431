// The seam below the SQL: something that runs prepared statements in transactions. `SqlStore` is written once upon it;
// PGlite (in a thread of its own, or in memory) and PostgreSQL implement it.
//
// Guarantees:
//   V1. The calls of one `transaction` are applied whole or not at all, in order.
//   V2. It resolves when they are durable (strict durability). Transactions that wait together share fsyncs.
//   V3. A failing transaction does not fail its neighbours.
//   V4. Nothing is acknowledged after a failed fsync: PGlite refuses every further call with `STORE_FAILED`; a PostgreSQL
//       server ends, and what was under way is refused with `STORE_UNAVAILABLE`.
//   V5. A transaction refused with `STORE_UNAVAILABLE` may have been applied all the same. Asking again may help.
//   V6. Transactions that touch the same things are carried out in the order they were asked for.

/** A prepared statement. Parameters and results are in PostgreSQL's binary formats; see `binary.ts`. */
export interface SqlStatement {
  /** Unique; the statement is prepared once under it. */
  readonly name: string;
  /** SQL of PostgreSQL 15. Parameters need casts (`$1::uuid[]`): their types are taken from the text. */
  readonly text: string;
}

/** One execution. A `Uint8Array` is bound in binary, a string in text format. */
export interface SqlCall {
  readonly statement: SqlStatement;
  readonly parameters: readonly (Uint8Array | string | null)[];
  /** How results come back. Default `binary`. */
  readonly results?: 'binary' | 'text';
}

/** Rows of one call; a column is its bytes in the asked format, or `null`. */
export type SqlRows = (Uint8Array | null)[][];

/** The server refused a statement. `code` is the SQLSTATE. */
export class SqlError extends Error {
  override name = 'SqlError';
  constructor(
    readonly code: string,
    message: string,
    readonly statement: string,
  ) {
    super(message);
  }
}

export interface TransactionOptions {
  /** It changes nothing, and need not stand behind those that do, unless they touch what it touches. It sees what was
   * acknowledged before it was asked for. */
  readonly readOnly?: boolean;
  /** What V6 speaks of. */
  readonly touches?: readonly string[];
}

export interface SqlDriver {
  /** Below is a server: its transactions run side by side, this engine's and others', so that they wait for each other's
   * locks; and it checkpoints, vacuums and freezes itself. Default false: one transaction after the other, and nothing
   * is done that is not asked for. */
  readonly isServer?: boolean;
  /** False: another process that shares this store keeps its house. It may change. Default true. */
  readonly isKeeper?: boolean;
  transaction(calls: readonly SqlCall[], options?: TransactionOptions): Promise<SqlRows[]>;
  /** A script of statements without parameters, outside group commit: migrations, CHECKPOINT, VACUUM, TRUNCATE. */
  script(text: string): Promise<void>;
  diskBytes(): Promise<number>;
  close(): Promise<void>;
}
