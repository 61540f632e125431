// Messages between instances: publishers, their messages, and who waits for them. Part of the Store contract
// (`contract.ts`).
//
// Guarantees:
//   P1. A publisher's messages have the sequences 1, 2, 3 ..., and become visible in that order.
//   P2. A message is consumed once: a commit that consumes one that is not there is stale.
//   P3. What a commit publishes is there when all of the commit is, and never otherwise.

import { decode, encode } from './binary.js';
import type { Segment } from './contract.js';
import type { SqlDriver, SqlRows } from './driver.js';
import { segmentOfRow } from './rows.js';
import * as sql from './sql/messages.js';

/** `queue`: one takes each message. `topic`: each that waits gets it, and it stays until it expires. */
export type PublisherStyle = 'queue' | 'topic';

/** A message to be published. */
export interface Publication {
  /** Full name. A publisher is made by its first message. */
  readonly publisher: string;
  /** Another one than the publisher has refuses the commit (`otherStyle`). `null`: what it has, of a new one `queue`. */
  readonly style: PublisherStyle | null;
  /** 1 is the highest. */
  readonly priority: number;
  /** JSON text. */
  readonly data: string;
  /** `null`: never, of a topic a day after it is published. */
  readonly expiresAtMs: number | null;
}

export interface MessageKey {
  readonly publisher: string;
  readonly sequence: number;
}

export interface Message extends MessageKey {
  readonly priority: number;
  /** JSON text. */
  readonly data: string;
  readonly publishedAtMs: number;
}

export interface Publisher {
  readonly style: PublisherStyle;
  /** Of its newest message. */
  readonly sequence: number;
  /** Messages it has, expired ones that nobody has removed yet among them. */
  readonly backlog: number;
}

/** A place in a queue: behind the message. */
export type MessagePlace = Pick<Message, 'priority' | 'sequence'>;

export interface Messages {
  publisher(name: string): Promise<Publisher | null>;
  /** A page of a queue's messages with sequences above `above` that have not expired, by priority, then sequence. Empty: there is
   * no more. */
  queued(publisher: string, above: number, nowMs: number, after: MessagePlace | null): Promise<Message[]>;
  /** A page of a publisher's messages with sequences above `above` that have not expired, by sequence. Empty: there is no more. */
  published(publisher: string, above: number, nowMs: number): Promise<Message[]>;
  /** Segments that stand ready, wait for an event and are not due by their own time, in id order after `after`, at most `limit`. */
  waiting(event: string, nowMs: number, after: string | null, limit: number): Promise<Segment[]>;
  /** The first event behind `after`, in the order of code units, that a segment waits for. */
  nextEvent(after: string): Promise<string | null>;
}

/** A page has at most so many messages, and is over behind the one that makes it so long. */
const pageMessages = 500;
const pageBytes = 2_000_000;
const beforeAll: MessagePlace = { priority: 0, sequence: 0 };
const lowestId = '00000000-0000-0000-0000-000000000000';

export class SqlMessages implements Messages {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  async publisher(name: string): Promise<Publisher | null> {
    const [row] = await this.#rows(sql.readPublisher, [name]);
    if (row === undefined) return null;
    return {
      style: sql.styles[decode.int4(row[0]!)]!,
      sequence: decode.int8(row[1]!),
      backlog: decode.int4(row[2]!),
    };
  }

  async queued(publisher: string, above: number, nowMs: number, after: MessagePlace | null): Promise<Message[]> {
    const { priority, sequence } = after ?? beforeAll;
    const place = [encode.int4(priority), encode.int8(sequence)];
    const parameters = [publisher, encode.int8(above), encode.int8(nowMs), ...place];
    return (await this.#page(sql.queuedMessages, parameters)).map(row => messageOf(row, publisher));
  }

  async published(publisher: string, above: number, nowMs: number): Promise<Message[]> {
    const parameters = [publisher, encode.int8(above), encode.int8(nowMs)];
    return (await this.#page(sql.publishedMessages, parameters)).map(row => messageOf(row, publisher));
  }

  async waiting(event: string, nowMs: number, after: string | null, limit: number): Promise<Segment[]> {
    const page = [encode.uuid(after ?? lowestId), encode.int4(limit)];
    return (await this.#rows(sql.waitingSegments, [event, encode.int8(nowMs), ...page])).map(segmentOfRow);
  }

  async nextEvent(after: string): Promise<string | null> {
    const [row] = await this.#rows(sql.nextEvent, [after]);
    return row === undefined ? null : decode.text(row[0]!);
  }

  #page(statement: (typeof sql)['queuedMessages'], parameters: readonly (Uint8Array | string)[]): Promise<SqlRows> {
    return this.#rows(statement, [...parameters, encode.int4(pageMessages), encode.int8(pageBytes)]);
  }

  async #rows(
    statement: (typeof sql)['readPublisher'],
    parameters: readonly (Uint8Array | string)[],
  ): Promise<SqlRows> {
    const [rows] = await this.#driver.transaction([{ statement, parameters }], { readOnly: true });
    return rows!;
  }
}

function messageOf(row: SqlRows[number], publisher: string): Message {
  return {
    publisher,
    sequence: decode.int8(row[0]!),
    priority: decode.int4(row[1]!),
    data: decode.text(row[2]!),
    publishedAtMs: decode.int8(row[3]!),
  };
}
