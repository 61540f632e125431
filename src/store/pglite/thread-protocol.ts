// What travels between a client of the store thread and the thread.
//
// Parameters and rows travel as bytes of the wire protocol, one buffer a message, transferred: structured cloning of a
// thousand small arrays would cost more than the commit. A client numbers the statements it uses
// (`statement-numbers.ts`).

import type { SqlStatement } from '../driver.js';
import type { StoreFaults } from './fsync-hook.js';
import type { Failure, SessionFigures } from './session.js';
import type { Durability } from './session-options.js';
import type { Terms } from './shared/hello.js';

/** Bounds of a message, and of a group, which is made of whole messages: at some 12 ns a byte, about 50 ms. A larger
 * transaction is a message, and a group, of its own. */
export const groupBytesMax = 4 * 1024 * 1024;
export const groupTransactionsMax = 1_000;

/** Largest transaction, and largest answer, of a client in another process, bytes. */
export const foreignBytesMax = 64 * 1024 * 1024;

/** A statement and the number a client gives it from now on. */
export interface NumberedStatement extends SqlStatement {
  readonly number: number;
}

export interface PackedTransaction {
  readonly id: number;
  /** Its part of `wire`, which holds the transactions of the message in order. */
  readonly bytes: number;
  /** The statement of each call, by number. */
  readonly statements: readonly number[];
}

export type StoreRequest =
  | {
      readonly kind: 'transactions';
      readonly wire: Uint8Array;
      readonly transactions: readonly PackedTransaction[];
      /** Statements that get a number with this message. */
      readonly introduced: readonly NumberedStatement[];
    }
  | { readonly kind: 'script'; readonly id: number; readonly text: string }
  | { readonly kind: 'disk-bytes'; readonly id: number }
  | { readonly kind: 'figures'; readonly id: number };

export type TransactionAnswer =
  /** Its rows are `from` to `to` of the message's bytes. */
  | { readonly id: number; readonly from: number; readonly to: number }
  | { readonly id: number; readonly failure: Failure };

export type StoreReply =
  | { readonly kind: 'transactions'; readonly bytes: Uint8Array; readonly answers: readonly TransactionAnswer[] }
  | { readonly kind: 'value'; readonly id: number; readonly value: number | SessionFigures | null }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure };

/** How the thread is started: its `workerData`. */
export interface StoreThreadOptions {
  /** The home's folder, or `null` for memory. */
  readonly folder: string | null;
  readonly durability: Durability;
  readonly settings: Readonly<Record<string, string>>;
  readonly faults: StoreFaults;
}

/** From whoever started the thread. */
export type StoreControl =
  | { readonly kind: 'connect'; readonly port: unknown }
  /** Serve processes of this machine on a socket in the folder; answered with `listening` or `refused`. */
  | { readonly kind: 'listen'; readonly folder: string; readonly terms: Terms }
  | { readonly kind: 'close' };

/** To whoever started the thread. */
export type StoreNotice =
  | { readonly kind: 'opened' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'closed' };
