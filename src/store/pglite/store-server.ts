// The clients of the store thread, and whose requests are carried out next.
//
// Whatever all clients have waiting becomes the next group, at once and up to a bound, message by message; what arrives
// while it is executed forms the one after (group commit without a timer).
//
// Invariants:
//   G1. Requests of one client are carried out in its order.
//   G2. Clients take turns, a message each: whoever asks for much waits for it himself.
//   G3. What waits for a client of another process is bounded: when too much waits no more is read from it, and nothing
//       is carried out for one that does not read its answers. (A port cannot be paused; its client is one of ours.)

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { SqlStatement } from '../driver.js';
import type { Channel } from './channel.js';
import { bytesBelow } from './disk-bytes.js';
import type { WireTransaction } from './prepared.js';
import type { Failure, PgliteSession, WireAnswer } from './session.js';
import {
  foreignBytesMax,
  groupBytesMax,
  groupTransactionsMax,
  type PackedTransaction,
  type StoreReply,
  type StoreRequest,
  type TransactionAnswer,
} from './thread-protocol.js';

/** A channel to another process: reading from it can be put off. */
export interface ForeignChannel extends Channel<StoreReply, StoreRequest> {
  pause(): void;
  resume(): void;
}

interface Client {
  readonly channel: Channel<StoreReply, StoreRequest>;
  /** The same channel, when it is one to another process. */
  readonly foreign: ForeignChannel | null;
  /** By number. */
  readonly statements: SqlStatement[];
  readonly waiting: StoreRequest[];
  waitingBytes: number;
}

interface Member extends WireTransaction {
  readonly client: Client;
  readonly id: number;
}

/** A reply being made; it keeps the bound of a group, unless it is a single answer. */
interface Reply {
  bytes: number;
  readonly answers: TransactionAnswer[];
  readonly pieces: Uint8Array[];
}

/** What is read ahead of one client: two groups, and the message that goes beyond. */
const waitingBytesMax = 2 * groupBytesMax;
/** What a request takes besides its bytes, about. */
const requestBytes = 1_024;

export class StoreServer {
  readonly #session: PgliteSession;
  readonly #folder: string | null;
  readonly #ports = new Map<MessagePort, Client>();
  readonly #foreign = new Set<ForeignChannel>();
  /** Clients with something that can be carried out, in the order of their turns (G2). */
  #turns: Client[] = [];
  #isScheduled = false;

  constructor(session: PgliteSession, folder: string | null) {
    this.#session = session;
    this.#folder = folder;
  }

  /** A client of this process. */
  connect(port: MessagePort): void {
    const client = newClient(port, null);
    this.#ports.set(port, client);
    port.on('message', (request: StoreRequest) => {
      this.#take(client, request);
      this.#work();
    });
    port.on('close', () => this.#ports.delete(port));
  }

  /** A client of another process. What it asks waits for the end of this turn: others may have asked too. */
  connectForeign(channel: ForeignChannel): void {
    const client = newClient(channel, channel);
    this.#foreign.add(channel);
    channel.on('message', request => {
      this.#take(client, request);
      if (client.waitingBytes > waitingBytesMax) channel.pause(); // G3
      this.#schedule();
    });
    channel.on('drain', () => {
      this.#queue(client);
      this.#schedule();
    });
    channel.on('close', () => {
      this.#foreign.delete(channel);
      client.waiting.length = 0;
      this.#turns = this.#turns.filter(each => each !== client);
    });
  }

  /** Carry out what was asked before, then stop. Foreign clients are told so by their channel, ports are closed. */
  async close(): Promise<void> {
    this.#collect();
    while (this.#turns.length > 0) this.#step();
    await Promise.all([...this.#foreign].map(closed));
    await this.#session.close();
    for (const port of this.#ports.keys()) port.close();
  }

  /** One step a turn of the event loop, so that control messages are heard between groups. */
  #work(): void {
    this.#collect();
    this.#step();
    if (this.#turns.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  #collect(): void {
    for (const [port, client] of this.#ports) {
      for (;;) {
        const received = receiveMessageOnPort(port) as { message: StoreRequest } | undefined;
        if (received === undefined) break;
        this.#take(client, received.message);
      }
    }
  }

  #take(client: Client, request: StoreRequest): void {
    client.waiting.push(request);
    client.waitingBytes += bytesOf(request);
    if (client.waiting.length === 1) this.#queue(client);
  }

  /** Give a client a turn, unless it has one, has nothing to be done, or does not read its answers (G3). */
  #queue(client: Client): void {
    if (client.waiting.length === 0 || client.channel.isFull === true || this.#turns.includes(client)) return;
    this.#turns.push(client);
  }

  /** The first request of a client whose turn it is, and a turn for its next. */
  #shift(client: Client): StoreRequest {
    const request = client.waiting.shift()!;
    client.waitingBytes -= bytesOf(request);
    if (client.waitingBytes <= waitingBytesMax) client.foreign?.resume();
    this.#turns.splice(this.#turns.indexOf(client), 1);
    this.#queue(client);
    return request;
  }

  #step(): void {
    const group = this.#takeGroup();
    if (group.length > 0) {
      this.#answer(group, this.#session.execute(group));
      return;
    }
    const [next] = this.#turns;
    if (next !== undefined) this.#carryOut(next, this.#shift(next));
  }

  /** The transactions at the head of the clients' requests, in turn; whole messages, each of which keeps the bounds (C3
   * of `port-client.ts`). */
  #takeGroup(): Member[] {
    const group: Member[] = [];
    let bytes = 0;
    for (;;) {
      // What is no transaction is carried out when it is first; until then its client waits, and the others do not.
      const client = group.length === 0 ? this.#turns[0] : this.#turns.find(isNextATransaction);
      const head = client?.waiting[0];
      if (client === undefined || head === undefined || head.kind !== 'transactions') return group;
      const { wire, transactions, introduced } = head;
      if (group.length > 0 && bytes + wire.length > groupBytesMax) return group;
      if (group.length > 0 && group.length + transactions.length > groupTransactionsMax) return group;
      for (const statement of introduced) client.statements[statement.number] = statement;
      this.#shift(client);
      bytes += wire.length;
      group.push(...unpackTransactions(client, wire, transactions));
    }
  }

  #answer(group: readonly Member[], answers: readonly WireAnswer[]): void {
    const replies = new Map<Client, Reply>();
    group.forEach(({ client, id }, index) => {
      const answer = answers[index] as WireAnswer;
      const piece = 'kind' in answer ? null : this.#session.received.subarray(answer.from, answer.to);
      let reply = replies.get(client) ?? newReply();
      if (reply.bytes > 0 && reply.bytes + (piece?.length ?? 0) > groupBytesMax) {
        post(client, reply);
        reply = newReply();
      }
      replies.set(client, reply);
      if (piece === null) {
        reply.answers.push({ id, failure: answer as Failure });
      } else if (client.foreign !== null && piece.length > foreignBytesMax) {
        const message = `an answer of ${piece.length} bytes; at most ${foreignBytesMax} can be sent`;
        reply.answers.push({ id, failure: { kind: 'sql', code: '54000', message, statement: '' } });
      } else {
        reply.answers.push({ id, from: reply.bytes, to: reply.bytes + piece.length });
        reply.pieces.push(piece);
        reply.bytes += piece.length;
      }
    });
    for (const [client, reply] of replies) post(client, reply);
  }

  #carryOut({ channel }: Client, request: StoreRequest): void {
    switch (request.kind) {
      case 'script': {
        const failure = this.#session.script(request.text);
        const { id } = request;
        channel.postMessage(failure === null ? { kind: 'value', id, value: null } : { kind: 'failure', id, failure });
        break;
      }
      case 'figures':
        channel.postMessage({ kind: 'value', id: request.id, value: this.#session.figures });
        break;
      case 'disk-bytes':
        void bytesBelow(this.#folder).then(value => channel.postMessage({ kind: 'value', id: request.id, value }));
        break;
      case 'transactions':
        throw new Error('transactions are carried out in groups');
    }
  }
}

function newReply(): Reply {
  return { bytes: 0, answers: [], pieces: [] };
}

/** The pieces are copied: they are views of what the session receives next. */
function post({ channel }: Client, { bytes: size, answers, pieces }: Reply): void {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  channel.postMessage({ kind: 'transactions', bytes, answers }, [bytes.buffer]);
}

function newClient(channel: Channel<StoreReply, StoreRequest>, foreign: ForeignChannel | null): Client {
  return { channel, foreign, statements: [], waiting: [], waitingBytes: 0 };
}

/** Resolves when a channel has delivered what it was given, or given up. */
function closed(channel: ForeignChannel): Promise<void> {
  return new Promise(resolve => {
    channel.on('close', () => resolve());
    channel.close();
  });
}

function isNextATransaction({ waiting }: Client): boolean {
  return waiting[0]?.kind === 'transactions';
}

function bytesOf(request: StoreRequest): number {
  return requestBytes + (request.kind === 'transactions' ? request.wire.length : 0);
}

function unpackTransactions(client: Client, wire: Uint8Array, packed: readonly PackedTransaction[]): Member[] {
  let at = 0;
  return packed.map(({ id, bytes, statements }) => {
    const from = at;
    at += bytes;
    const named = statements.map(number => client.statements[number] as SqlStatement);
    return { client, id, wire: wire.subarray(from, at), statements: named };
  });
}
