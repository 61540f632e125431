// Requests and replies as frames: what is bytes travels as bytes, the rest is the header.
//
// A holder takes nothing on trust from a socket: a fault in the store's thread would end everybody's store. What it is
// sent is looked at as far as a wrong message could harm others; what PostgreSQL itself refuses may stand in it.
//
// Invariants:
//   M1. The bytes of a transaction are the Bind and Execute messages of its calls and nothing else, so that a group made
//       of the transactions of many clients is answered call by call.
//   M2. A statement's name means one text to everybody: it is prepared once.

import { isAdHoc } from '../../ad-hoc.js';
import type { SqlStatement } from '../../driver.js';
import { countCalls } from '../../wire.js';
import { foreignBytesMax, groupTransactionsMax, type StoreReply, type StoreRequest } from '../thread-protocol.js';
import { type Frame, isRecord, ProtocolError } from './frames.js';

/** Largest frame: a transaction or an answer, and what is said of it. */
export const frameBytesMax = foreignBytesMax + 16 * 1024 * 1024;
/** Statements a client may have numbers for: some sixty of ours, the ad-hoc ones it keeps, and those of a message. */
const statementNumbersMax = 4_096;
/** Their texts together, characters. */
const textCharsMax = 64 * 1024 * 1024;
/** Names that mean one text (M2): ours. */
const keptNamesMax = 1_000;
const keptTextCharsMax = 65_536;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function splitRequest(request: StoreRequest): Frame {
  if (request.kind !== 'transactions') return { header: request, bytes: new Uint8Array(0) };
  const { wire, ...header } = request;
  return { header, bytes: wire };
}

export function splitReply(reply: StoreReply): Frame {
  if (reply.kind !== 'transactions') return { header: reply, bytes: new Uint8Array(0) };
  const { bytes, ...header } = reply;
  return { header, bytes };
}

/** A reply, from a holder that has said it is one: it is taken as it is. */
export function joinReply({ header, bytes }: Frame): StoreReply {
  if (!isRecord(header)) throw new ProtocolError('no reply');
  return { ...header, bytes } as unknown as StoreReply;
}

/** The requests of one client, looked at. */
export class RequestReader {
  /** Length of the text of each statement that was introduced, by number. */
  readonly #known = new Map<number, number>();
  #textChars = 0;
  readonly #texts: Map<string, string>;

  /** @param texts of the statements all clients have introduced, by name (M2) */
  constructor(texts: Map<string, string>) {
    this.#texts = texts;
  }

  /** @throws {ProtocolError} */
  read({ header, bytes }: Frame): StoreRequest {
    if (!isRecord(header)) throw new ProtocolError('no request');
    const { kind, id } = header;
    if (kind === 'transactions') return this.#transactions(header, bytes);
    if (!isCount(id)) throw new ProtocolError('a request without an id');
    if (kind === 'disk-bytes' || kind === 'figures') return { kind, id };
    if (kind === 'script' && typeof header.text === 'string') return { kind, id, text: header.text };
    throw new ProtocolError(`an unknown request: ${String(kind).slice(0, 40)}`);
  }

  #transactions(header: Readonly<Record<string, unknown>>, wire: Uint8Array): StoreRequest {
    const { transactions, introduced } = header;
    if (!Array.isArray(introduced) || introduced.length > statementNumbersMax) throw new ProtocolError('no statements');
    for (const statement of introduced) this.#introduce(statement);
    if (!Array.isArray(transactions) || transactions.length === 0 || transactions.length > groupTransactionsMax) {
      throw new ProtocolError('no transactions, or too many');
    }
    let at = 0;
    for (const transaction of transactions) at = this.#check(transaction, wire, at);
    if (at !== wire.length) throw new ProtocolError('bytes of no transaction');
    return { kind: 'transactions', wire, transactions, introduced };
  }

  #introduce(statement: unknown): void {
    if (!isRecord(statement)) throw new ProtocolError('no statement');
    const { number, name, text } = statement;
    const isNumber = isCount(number) && number < statementNumbersMax;
    if (!isNumber || typeof name !== 'string' || typeof text !== 'string' || /\0/.test(name + text)) {
      throw new ProtocolError('no statement');
    }
    this.#checkText({ name, text });
    this.#textChars += text.length - (this.#known.get(number) ?? 0);
    if (this.#textChars > textCharsMax) throw new ProtocolError('too long statements');
    this.#known.set(number, text.length);
  }

  /** M2. There may be any number of ad-hoc statements; their name is the digest of their text. */
  #checkText({ name, text }: SqlStatement): void {
    if (isAdHoc(name)) return;
    const known = this.#texts.get(name);
    if (known !== undefined && known !== text) throw new ProtocolError(`another text of "${name.slice(0, 40)}"`);
    if (known !== undefined) return;
    if (this.#texts.size === keptNamesMax || text.length > keptTextCharsMax)
      throw new ProtocolError('not our statements');
    this.#texts.set(name, text);
  }

  /** One transaction, whose bytes begin at an offset; returns where they end. */
  #check(transaction: unknown, wire: Uint8Array, from: number): number {
    if (!isRecord(transaction)) throw new ProtocolError('no transaction');
    const { id, bytes, statements } = transaction;
    if (!isCount(id) || !isCount(bytes) || !Array.isArray(statements) || from + bytes > wire.length) {
      throw new ProtocolError('no transaction');
    }
    for (const number of statements) {
      if (!this.#known.has(number as number)) throw new ProtocolError('a statement that was not introduced');
    }
    if (statements.length === 0 || countCalls(wire, from, from + bytes) !== statements.length) {
      throw new ProtocolError('bytes that are not those of the calls'); // M1
    }
    return from + bytes;
  }
}
