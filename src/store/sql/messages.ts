// The statements of messages: those of a commit, of the house, and those that read.

import { encode } from '../binary.js';
import type { SqlCall, SqlStatement } from '../driver.js';
import type { MessageKey, Publication } from '../messages.js';
import { segmentColumns } from './read.js';

/** By their numbers in the store. */
export const styles = ['queue', 'topic'] as const;

/** SQLSTATEs of refusals: of class 23, as other values that cannot be stored. Their messages end with the publisher's name. */
export const otherStyle = '23MST';
export const isFull = '23MFU';

/** Messages a publisher may have, unless the commit says otherwise; those beyond refuse it (`isFull`). */
export const backlogMax = 1_000_000;

/**
 * Messages are published.
 * $1 publisher text[], $2 style int[] (-1: not said), $3 priority int[], $4 data text[], $5 bytes int[],
 * $6 expires at bigint[] (ms, or null), $7 published at bigint (ms), $8 backlog at most int.
 * COST one row a message with three index entries, and one HOT update a publisher, whose row is held until the commit is over:
 * so sequences become visible in order (P1). Publishers are taken in the order of names (D6).
 */
const publish: SqlStatement = {
  name: 'commit_publish',
  text: `with m as materialized (
      select * from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::int[], $6::bigint[])
        with ordinality as m(publisher, style, priority, data, bytes, expires_at, at)),
    wanted as materialized (
      select publisher, coalesce((array_agg(style order by at) filter (where style >= 0))[1], 0) as style,
        count(*)::int as messages
      from m group by publisher),
    taken as (
      insert into millrace_publisher as p (name, style, sequence, backlog)
      select publisher, style, messages, messages from wanted order by publisher
      on conflict (name) do update set sequence = p.sequence + excluded.sequence, backlog = p.backlog + excluded.backlog
      returning name, style, sequence, backlog)
  insert into millrace_message (publisher, sequence, priority, data, bytes, published_at, expires_at)
  select m.publisher, t.sequence - w.messages + row_number() over (partition by m.publisher order by m.at), m.priority,
    m.data, m.bytes, $7::bigint, coalesce(m.expires_at, case when t.style = 1 then $7::bigint + 86400000 end)
  from m join wanted w on w.publisher = m.publisher join taken t on t.name = m.publisher
  where millrace_publishes(t.name, t.style, m.style, t.backlog, $8::int)`,
};

/**
 * The messages that `keys` (publisher, sequence) names go, and their publishers have as many fewer.
 * WHY the publishers are held first, in order: rivals then wait for each other once, and never in a circle (D6).
 */
const going = (keys: string): string => `
    held as materialized (
      select name from millrace_publisher where name in (select publisher from ${keys}) order by name for update),
    gone as (
      delete from millrace_message m using ${keys} k
      where (select count(*) from held) > 0 and m.publisher = k.publisher and m.sequence = k.sequence
      returning m.publisher),
    counted as (
      update millrace_publisher p set backlog = p.backlog - g.messages
      from (select publisher, count(*)::int as messages from gone group by publisher) g where p.name = g.publisher)`;

/**
 * Messages are consumed (P2).
 * $1 publisher text[], $2 sequence bigint[], $3 how many int.
 * COST one probe by key and a row a message, one HOT update a publisher.
 */
const consume: SqlStatement = {
  name: 'commit_consume',
  text: `with c as materialized (select * from unnest($1::text[], $2::bigint[]) as c(publisher, sequence)), ${going('c')}
  select millrace_fence((select count(*) from gone) = $3::int)`,
};

/**
 * A page of expired messages goes. $1 now bigint (ms), $2 limit int. Answers how many.
 * COST one index probe and a row a message.
 */
export const dropExpired: SqlStatement = {
  name: 'house_expired_messages',
  text: `with page as materialized (
      select publisher, sequence from millrace_message where expires_at <= $1::bigint order by expires_at limit $2::int),
    ${going('page')}
  select count(*)::int from gone`,
};

/** Style int, sequence bigint and backlog int of a publisher. $1 name text. */
export const readPublisher: SqlStatement = {
  name: 'read_publisher',
  text: 'select style::int, sequence, backlog from millrace_publisher where name = $1::text',
};

const page = (order: string, terms: string, limit: string, bytes: string): string => `
  select sequence, priority, data, published_at from (
    select m.*, sum(bytes) over (order by ${order} rows unbounded preceding) - bytes as before from (
      select sequence, priority, data, published_at, bytes from millrace_message
      where publisher = $1::text and sequence > $2::bigint and (expires_at is null or expires_at > $3::bigint) ${terms}
      order by ${order} limit ${limit}) m) paged
  where before < ${bytes} order by ${order}`;

/**
 * A page of a queue. $1 publisher text, $2 above bigint, $3 now bigint (ms), $4 priority int and $5 sequence bigint of the last one
 * before, $6 limit int, $7 bytes bigint.
 * COST the page, and an index entry each message that is passed over.
 */
export const queuedMessages: SqlStatement = {
  name: 'read_queued',
  text: page('priority, sequence', 'and (priority, sequence) > ($4::int, $5::bigint)', '$6::int', '$7::bigint'),
};

/** A page of messages in their order. $1 publisher text, $2 above bigint, $3 now bigint (ms), $4 limit int, $5 bytes bigint. */
export const publishedMessages: SqlStatement = {
  name: 'read_published',
  text: page('sequence', '', '$4::int', '$5::bigint'),
};

/** A page of those that wait for an event. $1 event text, $2 now bigint (ms), $3 after uuid, $4 limit int. */
export const waitingSegments: SqlStatement = {
  name: 'read_waiting',
  text: `select ${segmentColumns} from millrace_segment
    where waits_for > '' and waits_for = $1::text and state = 0 and eligible_at > $2::bigint and id > $3::uuid
    order by id limit $4::int`,
};

/** The first event that is waited for behind $1 text. COST one index probe. */
export const nextEvent: SqlStatement = {
  name: 'read_next_event',
  text: `select waits_for from millrace_segment where waits_for > '' and waits_for > $1::text and state = 0
    order by waits_for limit 1`,
};

export function publishCall(messages: readonly Publication[], atMs: number, backlogMax: number): SqlCall {
  return {
    statement: publish,
    parameters: [
      encode.textArray(messages.map(({ publisher }) => publisher)),
      encode.int4Array(messages.map(({ style }) => (style === null ? -1 : styles.indexOf(style)))),
      encode.int4Array(messages.map(({ priority }) => priority)),
      encode.textArray(messages.map(({ data }) => data)),
      encode.int4Array(messages.map(({ data }) => Buffer.byteLength(data))),
      encode.int8Array(messages.map(({ expiresAtMs }) => expiresAtMs)),
      encode.int8(atMs),
      encode.int4(backlogMax),
    ],
  };
}

export function consumeCall(consumed: readonly MessageKey[]): SqlCall {
  return {
    statement: consume,
    parameters: [
      encode.textArray(consumed.map(({ publisher }) => publisher)),
      encode.int8Array(consumed.map(({ sequence }) => sequence)),
      encode.int4(consumed.length),
    ],
  };
}
