// The statements of a commit. All of one commit run in one transaction, in the order below; those with nothing to do
// are left out. `leave`, `change`, `guard` and `changeShared` are the fences: they raise MR001 when a member, a revision or a
// version is not as the commit believes, and the whole transaction is gone.
//
// WHY separate statements and not one CTE: see bench/README.md, "commit".

import type { SqlStatement } from '../driver.js';

/**
 * Record the commit's id.
 * $1 id uuid, $2 at bigint (ms). Fails with 23505 when this commit was applied before (S4).
 * COST one index entry.
 */
export const recordCommit: SqlStatement = {
  name: 'commit_record',
  text: 'insert into millrace_commit (id, at) values ($1::uuid, $2::bigint)',
};

/**
 * Take hold of the segments a commit touches, in id order, before any of the fences does. Two commits that touch the same
 * ones then wait for each other once, at the first they share, and never in a circle (D6).
 * $1 segment uuid[]. Returns one row.
 * COST one row lock a segment. Left out where transactions run one after the other.
 * WHY also for one segment: the fences then read what the rival left, and need not be refused for it.
 */
export const lockSegments: SqlStatement = {
  name: 'commit_lock',
  text: `with locked as materialized (
    select 1 from millrace_segment where id = any($1::uuid[]) order by id for update)
  select count(*) from locked`,
};

/**
 * Take hold of what contexts share, behind the segments and in the order of keys, before it is changed (D6).
 * $1 root uuid[], $2 ordinal int[]. Returns one row.
 * COST one row lock an instance. Left out where transactions run one after the other.
 */
export const lockShared: SqlStatement = {
  name: 'commit_lock_shared',
  text: `with locked as materialized (
    select 1 from millrace_shared h join unnest($1::uuid[], $2::int[]) as a(root, ordinal)
      on h.root = a.root and h.ordinal = a.ordinal order by h.root, h.ordinal for update of h)
  select count(*) from locked`,
};

/**
 * Roots named by clients: one whose body is there is refused with MR001, one that another connection is just storing, or
 * whose history was cut short, with 23505 (S5).
 * $1 key uuid[], $2 at bigint (ms).
 * COST one index probe a generation and one index entry, a root.
 * WHY both: the ids of commits are kept for minutes, bodies as long as history; but a body has no unique index.
 */
export const takeKeys: SqlStatement = {
  name: 'commit_keys',
  text: `insert into millrace_commit (id, at)
    select k.id, $2::bigint from unnest($1::uuid[]) as k(id)
    where millrace_fence(not exists (select from millrace_body b where b.id = any($1::uuid[])))
    order by k.id`,
};

/**
 * Members leave their segments; a segment in which nobody stays goes.
 * $1 segment uuid[], $2 revision int[], $3 leaving varbit[] (by position), $4 count int[], $5 how many int.
 * COST two probes by key a segment, and one delete or one HOT update; the bodies are not touched.
 * WHY the predicates stand in the DELETE and the UPDATE themselves: a rival's change is seen there and nowhere else (D6).
 * WHY the store decides which segments go: others may have taken members out of them that this engine believes there.
 */
export const leave: SqlStatement = {
  name: 'commit_leave',
  text: `with m as materialized (
      select * from unnest($1::uuid[], $2::int[], $3::varbit[], $4::int[]) as m(segment, revision, leaving, count)),
    closed as (
      delete from millrace_segment s using m
      where s.id = m.segment and s.revision = m.revision and s.open = m.count and bit_count(s.gone & m.leaving) = 0
      returning 1),
    marked as (
      update millrace_segment s set gone = s.gone | m.leaving, open = s.open - m.count from m
      where s.id = m.segment and s.revision = m.revision and s.open > m.count and bit_count(s.gone & m.leaving) = 0
      returning 1)
  select millrace_fence((select count(*) from closed) + (select count(*) from marked) = $5::int)`,
};

/**
 * Operations change whole segments.
 * $1 segment uuid[], $2 revision int[], $3 state int[], $4 attempt int[], $5 kills int[], $6 eligible bigint[] (ms),
 * $7 requests int[], $8 member requests text[] (JSON or null), $9 how many int, $10 workflow int[] and $11 name text[] (null: as they
 * are).
 * Failures stay with members that stay FAILED (state 2).
 */
export const change: SqlStatement = {
  name: 'commit_change',
  text: `with changed as (
    update millrace_segment s set state = c.state, attempt = c.attempt, kills = c.kills, eligible_at = c.eligible_at,
      requests = c.requests, member_requests = c.member_requests,
      workflow = case when c.name is null then s.workflow else c.workflow end, name = coalesce(c.name, s.name),
      failures = case when c.state in (2, 4) then s.failures end, revision = s.revision + 1
    from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::bigint[], $7::int[], $8::text[],
      $10::int[], $11::text[])
      as c(segment, revision, state, attempt, kills, eligible_at, requests, member_requests, workflow, name)
    where s.id = c.segment and s.revision = c.revision
    returning 1)
  select millrace_fence((select count(*) from changed) = $9::int)`,
};

/**
 * Members that must still be there. Who takes them out waits until this commit is over.
 * $1 segment uuid[], $2 members varbit[] (by position), $3 how many int.
 * COST one row lock a segment.
 * WHY no revision: an operation that changes the segment does not make untrue what has begun.
 */
export const guard: SqlStatement = {
  name: 'commit_guard',
  text: `with held as materialized (
    select 1 from millrace_segment s join unnest($1::uuid[], $2::varbit[]) as g(segment, members) on s.id = g.segment
    where bit_count(s.gone & g.members) = 0 order by s.id for share of s)
  select millrace_fence((select count(*) from held) = $3::int)`,
};

/**
 * What contexts share is written: for the first time (version 0), again, or it goes (state null).
 * $1 root uuid[], $2 ordinal int[], both in the order of keys, $3 workflow int[], $4 name text[], $5 version int[],
 * $6 state text[], $7 how many int.
 * COST one probe by key and one row an instance, as long as its text.
 * WHY `on conflict`: a rival that was first with version 0 makes this one stale, and no commit known. Rows are added in
 * order, and by then nobody waits for a lock on another: so no circle (D6).
 */
export const changeShared: SqlStatement = {
  name: 'commit_shared',
  text: `with c as materialized (
      select * from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::int[], $6::text[])
        as c(root, ordinal, workflow, name, version, state)),
    deleted as (
      delete from millrace_shared h using c
      where h.root = c.root and h.ordinal = c.ordinal and h.version = c.version and c.state is null
      returning 1),
    updated as (
      update millrace_shared h set version = h.version + 1, state = c.state, workflow = c.workflow, name = c.name from c
      where h.root = c.root and h.ordinal = c.ordinal and h.version = c.version and c.state is not null
      returning 1),
    added as (
      insert into millrace_shared (root, ordinal, workflow, name, version, state)
      select root, ordinal, workflow, name, 1, state from c where version = 0 and state is not null
      order by root, ordinal
      on conflict do nothing
      returning 1)
  select millrace_fence((select count(*) from deleted) + (select count(*) from updated) + (select count(*) from added)
    = $7::int)`,
};

/**
 * New segments, one array a column in the order of the table.
 * COST one row of some 250 bytes and three index entries a segment; four when its instances have several contexts.
 */
export const insertSegments: SqlStatement = {
  name: 'commit_segments',
  text: `insert into millrace_segment (id, root, body, workflow, name, priority, place, transaction, attempt, kills, state,
      eligible_at, created_at, ordinals, open, gone, requests, member_requests, revision, failures, context, scope, has_run,
      waits_for, key)
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::int[], $7::int[], $8::int[],
      $9::int[], $10::int[], $11::int[], $12::bigint[], $13::bigint[], $14::varbit[], $15::int[], $16::varbit[],
      $17::int[], $18::text[], $19::int[], $20::text[], $21::int[], $22::int[], $23::bool[], $24::text[],
      $25::text[])`,
};

/** The slot of a ring that is written now. WHY looked up by every insert, and not remembered: engines share the rings, and
 * one that was stopped for long would write on into a slot that is about to be emptied. COST one row of a small index. */
const slotOf = (ring: 'history' | 'audit'): string =>
  `(select slot from millrace_generation where ring = '${ring}' and is_current)`;

/**
 * New bodies.
 * $1 id uuid[], $2 root uuid[], $3 ordinals varbit[], $4 offsets bytea[], $5 bytes bytea[],
 * $6 submitter text[] (null for written bodies), $7 created at bigint[].
 * COST about 12 ns a byte.
 */
export const insertBodies: SqlStatement = {
  name: 'commit_bodies',
  text: `insert into millrace_body (generation, id, root, ordinals, offsets, bytes, submitter, created_at)
    select ${slotOf('history')}, b.*
    from unnest($1::uuid[], $2::uuid[], $3::varbit[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[]) b`,
};

/**
 * New working bodies. Parameters as of new bodies, but the last two.
 * COST as of new bodies, but they are in a small table of their own, and the slot is not looked up.
 */
export const insertWorking: SqlStatement = {
  name: 'commit_working',
  text: `insert into millrace_body_working (generation, id, root, ordinals, offsets, bytes)
    select 8, b.* from unnest($1::uuid[], $2::uuid[], $3::varbit[], $4::bytea[], $5::bytea[]) b`,
};

/**
 * Working bodies go that no segment names any more. Behind the new segments, which may name them again.
 * $1 id uuid[].
 * COST two index probes a body, and the row. One that is no working body costs the first probe.
 * WHY it is enough to look: a segment takes the name of a body only from one that it replaces in its own commit, so that
 * in no snapshot a body that is still needed is without a name. Rivals that take the last two names at once leave it;
 * the house removes it (`spentLongAgo`).
 */
export const dropSpent: SqlStatement = {
  name: 'commit_spent',
  text: `delete from millrace_body_working b where b.id = any($1::uuid[])
    and not exists (select from millrace_segment s where s.root = b.root and s.body = b.id)`,
};

/**
 * Instances that have left.
 * $1 root uuid[], $2 workflow int[], $3 name text[], $4 state int[], $5 finished at bigint[], $6 ordinals varbit[],
 * $7 members int[], $8 body uuid[].
 */
export const insertOutcomes: SqlStatement = {
  name: 'commit_outcomes',
  text: `insert into millrace_outcome (generation, root, workflow, name, state, finished_at, ordinals, members, body)
    select ${slotOf('history')}, o.*
    from unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::bigint[], $6::varbit[], $7::int[], $8::uuid[]) o`,
};

/** Audit rows. $1 root uuid[] (null: the engine's own), $2 at bigint[], $3 trace text[]. */
export const insertAudit: SqlStatement = {
  name: 'commit_audit',
  text: `insert into millrace_audit (generation, root, at, trace)
    select ${slotOf('audit')}, a.* from unnest($1::uuid[], $2::bigint[], $3::text[]) a`,
};

/** Given names taken. $1 name text[] in order (so that rivals do not wait in a circle), $2 instance uuid[]. Fails with 23505
 * when one is taken. */
export const takeNames: SqlStatement = {
  name: 'commit_take_names',
  text: 'insert into millrace_name (name, instance) select * from unnest($1::text[], $2::uuid[])',
};

/** Given names given up. $1 name text[], $2 instance uuid[]: whom the name belongs to, so that a rival's is not taken away. */
export const freeNames: SqlStatement = {
  name: 'commit_free_names',
  text: `delete from millrace_name n using unnest($1::text[], $2::uuid[]) as f(name, instance)
    where n.name = f.name and n.instance = f.instance`,
};
