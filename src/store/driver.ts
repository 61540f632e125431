// The seam below the SQL: something that runs prepared statements in transactions. `SqlStore` is written once upon it;
// PGlite (in a thread of its own, or in memory) and, later, PostgreSQL implement it.
//
// Guarantees:
//   V1. The calls of one `transaction` are applied whole or not at all, in order.
//   V2. It resolves when they are durable (strict durability). Transactions that wait together share one fsync.
//   V3. A failing transaction does not fail its neighbours: a failing group is run again one by one.
//   V4. After a failed fsync every further call is refused with `STORE_FAILED`.

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

export interface SqlDriver {
  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]>;
  /** A script of statements without parameters, outside group commit: migrations, CHECKPOINT, VACUUM, TRUNCATE. */
  script(text: string): Promise<void>;
  diskBytes(): Promise<number>;
  close(): Promise<void>;
}
