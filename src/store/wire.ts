// The part of PostgreSQL's wire protocol that the homes need: Parse, Bind, Execute, Close, Sync and Query out; their
// answers in.
//
// Why not PGlite's own parser: it decodes every row into objects in the thread that commits, seven times slower than
// this, and keeps them (124 MB after 600,000 rows). Here the store thread only finds where each call's rows end; the
// asking thread cuts them into columns (`readRows`), as views of the answer, without copying. Nor that of `pg`: it turns
// every column into a string, which binary results are not.

import type { SqlCall, SqlRows, SqlStatement } from './driver.js';

const message = {
  bind: 0x42, // 'B'
  close: 0x43, // 'C'
  execute: 0x45, // 'E'
  parse: 0x50, // 'P'
  query: 0x51, // 'Q'
  sync: 0x53, // 'S'
  terminate: 0x58, // 'X'
} as const;

const answer = {
  parseComplete: 0x31, // '1'
  closeComplete: 0x33, // '3'
  commandComplete: 0x43, // 'C'
  dataRow: 0x44, // 'D'
  error: 0x45, // 'E'
  emptyQuery: 0x49, // 'I'
  readyForQuery: 0x5a, // 'Z'
} as const;

export const syncMessage = Buffer.from([message.sync, 0, 0, 0, 4]);
/** A connection says goodbye. */
export const terminateMessage = Buffer.from([message.terminate, 0, 0, 0, 4]);
/** The kind of the message that ends an answer. */
export const { readyForQuery } = answer;

function terminated(kind: number, parts: readonly string[], trailer: number): Buffer {
  const bytes = parts.map(part => Buffer.from(`${part}\0`, 'utf8'));
  const header = Buffer.alloc(5);
  const body = Buffer.concat([header, ...bytes, Buffer.alloc(trailer)]);
  body[0] = kind;
  body.writeInt32BE(body.length - 1, 1);
  return body;
}

/** Prepare a statement under its name; the types of its parameters come from its text. */
export function parseMessage(statement: SqlStatement): Buffer {
  return terminated(message.parse, [statement.name, statement.text], 2);
}

/** Forget a prepared statement. */
export function closeMessage(name: string): Buffer {
  return terminated(message.close, [`S${name}`], 0);
}

/** A script by the simple protocol: several statements of one script are one transaction. */
export function queryMessage(text: string): Buffer {
  return terminated(message.query, [text], 0);
}

/** Execute of the unnamed portal, all rows. */
const executeMessage = Buffer.from([message.execute, 0, 0, 0, 9, 0, 0, 0, 0, 0]);

function parameterBytes(value: Uint8Array | string | null): number {
  if (value === null) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value, 'utf8') : value.length;
}

/** Bytes that `writeCall` will need. */
export function measureCall(call: SqlCall): number {
  // Bind: kind, length, portal "", name, formats, values, one result format.
  let bytes = 1 + 4 + 1 + Buffer.byteLength(call.statement.name, 'utf8') + 1 + 2 + 2 + 4;
  for (const value of call.parameters) bytes += 2 + 4 + parameterBytes(value);
  return bytes + executeMessage.length;
}

/** Write Bind and Execute of a call; returns the offset behind them. */
export function writeCall(target: Buffer, start: number, call: SqlCall): number {
  const { parameters } = call;
  let at = start;
  target[at] = message.bind;
  at += 5;
  target[at++] = 0;
  at += target.write(call.statement.name, at, 'utf8');
  target[at++] = 0;
  at = target.writeInt16BE(parameters.length, at);
  for (const value of parameters) at = target.writeInt16BE(typeof value === 'string' ? 0 : 1, at);
  at = target.writeInt16BE(parameters.length, at);
  for (const value of parameters) {
    if (value === null) {
      at = target.writeInt32BE(-1, at);
    } else if (typeof value === 'string') {
      const bytes = target.write(value, at + 4, 'utf8');
      target.writeInt32BE(bytes, at);
      at += 4 + bytes;
    } else {
      at = target.writeInt32BE(value.length, at);
      target.set(value, at);
      at += value.length;
    }
  }
  at = target.writeInt16BE(1, at);
  at = target.writeInt16BE(call.results === 'text' ? 0 : 1, at);
  target.writeInt32BE(at - start - 1, start + 1);
  target.set(executeMessage, at);
  return at + executeMessage.length;
}

/** How many calls stand between two offsets, as `writeCall` writes them; -1 when something else does. */
export function countCalls(bytes: Uint8Array, from: number, to: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let calls = 0;
  for (let at = from; at < to; calls++) {
    // Kind, length and the name of the unnamed portal.
    if (at + 6 > to || bytes[at] !== message.bind || bytes[at + 5] !== 0) return -1;
    const length = view.getInt32(at + 1);
    const execute = at + 1 + length;
    at = execute + executeMessage.length;
    if (length < 5 || at > to || executeMessage.compare(bytes, execute, at) !== 0) return -1;
  }
  return calls;
}

export interface ServerError {
  /** ERROR, FATAL or PANIC. */
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

/** What a group's answer says, without its rows. */
export interface Scan {
  /** Parse messages that succeeded. */
  readonly parsed: number;
  /** Close messages that succeeded. */
  readonly closed: number;
  /** Offset behind the completion of each call that succeeded. */
  readonly ends: number[];
  readonly error: ServerError | null;
  /** The server is ready for the next message. When it is not, it is beyond use. */
  readonly ready: boolean;
}

function readError(bytes: Buffer, start: number): ServerError {
  const fields: Record<string, string> = {};
  for (let at = start; bytes[at]; ) {
    const end = bytes.indexOf(0, at + 1);
    fields[String.fromCharCode(bytes[at] as number)] = bytes.toString('utf8', at + 1, end);
    at = end + 1;
  }
  const detail = fields.D === undefined ? '' : ` (${fields.D})`;
  return { severity: fields.V ?? 'ERROR', code: fields.C ?? 'XX000', message: `${fields.M}${detail}` };
}

export function scanAnswer(bytes: Buffer, from: number, to: number): Scan {
  let parsed = 0;
  let closed = 0;
  const ends: number[] = [];
  let error: ServerError | null = null;
  let ready = false;
  for (let at = from; at + 5 <= to; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    switch (bytes[at]) {
      case answer.parseComplete:
        parsed++;
        break;
      case answer.closeComplete:
        closed++;
        break;
      case answer.commandComplete:
      case answer.emptyQuery:
        ends.push(end);
        break;
      case answer.error:
        error ??= readError(bytes, at + 5);
        break;
      case answer.readyForQuery:
        ready = true;
        break;
    }
    at = end;
  }
  return { parsed, closed, ends, error, ready };
}

/** Cut the answer of one transaction into rows, call by call. Columns are views of `bytes`. */
export function readRows(bytes: Uint8Array, from: number, to: number): SqlRows[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const calls: SqlRows[] = [];
  let rows: SqlRows = [];
  for (let at = from; at < to; ) {
    const end = at + 1 + view.getInt32(at + 1);
    const kind = bytes[at];
    if (kind === answer.dataRow) {
      const columns = view.getInt16(at + 5);
      const row = new Array<Uint8Array | null>(columns);
      let column = at + 7;
      for (let index = 0; index < columns; index++) {
        const length = view.getInt32(column);
        column += 4;
        row[index] = length < 0 ? null : bytes.subarray(column, column + length);
        if (length > 0) column += length;
      }
      rows.push(row);
    } else if (kind === answer.commandComplete || kind === answer.emptyQuery) {
      calls.push(rows);
      rows = [];
    }
    at = end;
  }
  return calls;
}
