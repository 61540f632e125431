// The statements of the cluster's members. All times are the store's own, so that engines need not agree on theirs.

import type { SqlStatement } from '../driver.js';

/**
 * An engine joins.
 * $1 name text, $2 host text, $3 pid int, $4 url text or null, $5 lease bigint (ms), $6 process text (JSON of a
 * `ProcessIdentity`) or null. Returns its sequence bigint.
 * COST one row.
 */
export const joinMember: SqlStatement = {
  name: 'member_join',
  text: `insert into millrace_member (name, host, pid, url, alive_until, process)
    values ($1::text, $2::text, $3::int, $4::text, clock_timestamp() + $5::bigint * interval '1 millisecond',
      $6::text)
    returning sequence`,
};

/**
 * An engine is still there.
 * $1 sequence bigint, $2 lease bigint (ms). Returns a row, or none when it has been given up meanwhile.
 * COST one HOT update.
 */
export const beatMember: SqlStatement = {
  name: 'member_beat',
  text: `update millrace_member set alive_until = clock_timestamp() + $2::bigint * interval '1 millisecond'
    where sequence = $1::bigint and left_at is null returning sequence`,
};

/** An engine leaves. $1 sequence bigint. Leaving twice does nothing. */
export const leaveMember: SqlStatement = {
  name: 'member_leave',
  text: 'update millrace_member set left_at = clock_timestamp() where sequence = $1::bigint and left_at is null',
};

/**
 * The living, in order of joining: sequence, name, host, pid, url, joined at bigint (ms), remaining lease bigint (ms),
 * process text.
 */
export const livingMembers: SqlStatement = {
  name: 'members_living',
  text: `select sequence, name, host, pid, url, (extract(epoch from joined_at) * 1000)::bigint,
      (extract(epoch from alive_until - clock_timestamp()) * 1000)::bigint, process
    from millrace_member where left_at is null order by sequence`,
};

/** Who leads: epoch bigint, member bigint or null. */
export const readMaster: SqlStatement = {
  name: 'master_read',
  text: 'select epoch, member from millrace_master',
};

/**
 * Become master.
 * $1 sequence bigint, $2 epoch bigint: the one that was read. Returns the new epoch, or no row when another was faster,
 * or the engine is not among the living.
 * WHY the epoch in the predicate: of two that believe to be the earliest one writes first, and the other reads again.
 */
export const takeLead: SqlStatement = {
  name: 'master_take',
  text: `update millrace_master set epoch = epoch + 1, member = $1::bigint
    where epoch = $2::bigint and exists (select from millrace_member where sequence = $1::bigint and left_at is null)
    returning epoch`,
};

/**
 * The master gives up those whose lease has run out.
 * $1 epoch bigint: the master's. Returns their sequence, name, host, pid, url, joined at (ms), remaining lease (ms, negative),
 * process.
 * WHY the epoch: a master that was asleep must not bury anybody.
 */
export const giveUpMembers: SqlStatement = {
  name: 'members_give_up',
  text: `update millrace_member set left_at = clock_timestamp(), was_given_up = true
    where left_at is null and alive_until < clock_timestamp()
      and exists (select from millrace_master where epoch = $1::bigint)
    returning sequence, name, host, pid, url, (extract(epoch from joined_at) * 1000)::bigint,
      (extract(epoch from alive_until - clock_timestamp()) * 1000)::bigint, process`,
};

/** Rows of lives that ended before $1 bigint (ms since 1970) go. */
export const pruneMembers: SqlStatement = {
  name: 'members_prune',
  text: 'delete from millrace_member where left_at < to_timestamp($1::bigint / 1000.0)',
};
