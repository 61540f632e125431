// The statements of deadlines. What a commit says of them stands behind its fences.

import type { SqlStatement } from '../driver.js';

const columns = 'id, root, workflow, kind, is_run, moment, due, members';

/**
 * Moments to come. $1 id uuid[], $2 root uuid[], $3 workflow int[], $4 kind int[], $5 is run bool[], $6 moment bigint[],
 * $7 due bigint[], $8 members varbit[] (512 bits).
 * Members of which a run is under way begin none: what is left of a row is added, if anything.
 * COST a row of some 180 bytes and two index entries, or three of a run, and there one probe by root.
 */
export const addDeadlines: SqlStatement = {
  name: 'deadlines_add',
  text: `insert into millrace_deadline (${columns})
    select id, root, workflow, kind, is_run, moment, due, members & ~under_way from (
      select n.*, coalesce((select bit_or(d.members) from millrace_deadline d
          where n.is_run and d.is_run and d.root = n.root and d.kind in (1, 2)), n.members & ~n.members) as under_way
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::bool[], $6::bigint[], $7::bigint[], $8::varbit[])
        as n(id, root, workflow, kind, is_run, moment, due, members)) new
    where bit_count(members & ~under_way) > 0`,
};

/** Take hold of the deadlines of runs of some roots, in order, before they end. $1 root uuid[]. Left out where transactions run
 * one after the other. */
export const lockDeadlines: SqlStatement = {
  name: 'deadlines_lock',
  text: `with locked as materialized (
    select 1 from millrace_deadline where is_run and root = any($1::uuid[]) order by id for update)
  select count(*) from locked`,
};

/**
 * Runs are over. $1 root uuid[], $2 members varbit[] (512 bits), $3 ended at bigint[] (ms).
 * What has come by then stays to be told: that it was exceeded under a kind of its own, since another run may begin.
 * COST a probe by root, and a write a row that has such members.
 */
export const endRuns: SqlStatement = {
  name: 'deadlines_end_runs',
  text: `with hit as materialized (
      select d.*, d.members & e.members as over, d.kind = 1 and d.moment <= e.ended as was_late
      from unnest($1::uuid[], $2::varbit[], $3::bigint[]) as e(root, members, ended)
      join millrace_deadline d on d.is_run and d.root = e.root
      where d.kind < 3 and bit_count(d.members & e.members) > 0 and not (d.kind = 0 and d.moment <= e.ended)),
    told as (
      insert into millrace_deadline (${columns})
      select gen_random_uuid(), root, workflow, 3, true, moment, due, over from hit where was_late returning 1),
    gone as (
      delete from millrace_deadline d using hit h where d.id = h.id and bit_count(h.members & ~h.over) = 0 returning 1)
  update millrace_deadline d set members = h.members & ~h.over from hit h
    where d.id = h.id and bit_count(h.members & ~h.over) > 0`,
};

/**
 * Moments that have been told, or concern nobody any more. $1 id uuid[], $2 kind int[], $3 members varbit[], $4 next bigint[]
 * (ms; null: the row goes, else the run is looked at again then), $5 how many int.
 * A fence: MR001 when one is not as it was read.
 */
export const meetDeadlines: SqlStatement = {
  name: 'deadlines_meet',
  text: `with m as materialized (
      select * from unnest($1::uuid[], $2::int[], $3::varbit[], $4::bigint[]) as m(id, kind, members, next)),
    gone as (
      delete from millrace_deadline d using m
      where d.id = m.id and d.kind = m.kind and d.members = m.members and m.next is null returning 1),
    kept as (
      update millrace_deadline d set kind = 2, moment = m.next from m
      where d.id = m.id and d.kind = m.kind and d.members = m.members and m.next is not null returning 1)
  select millrace_fence((select count(*) from gone) + (select count(*) from kept) = $5::int)`,
};

/** The next moments. $1 up to bigint (ms), $2 limit int. COST the page. */
export const dueDeadlines: SqlStatement = {
  name: 'deadlines_due',
  text: `select id, root, workflow, kind::int, is_run, moment, due, members from millrace_deadline
    where moment <= $1::bigint order by moment, id limit $2::int`,
};

/** The next moment of all. COST one index entry. */
export const nextDeadline: SqlStatement = {
  name: 'deadlines_next',
  text: 'select moment from millrace_deadline order by moment, id limit 1',
};

/** The run under way of some member. $1 root uuid, $2 ordinal int. */
export const dueOfRun: SqlStatement = {
  name: 'deadlines_of_run',
  text: `select due from millrace_deadline
    where is_run and root = $1::uuid and kind in (1, 2) and get_bit(members, $2::int) = 1 order by due limit 1`,
};

/** Who is in the segments of some roots. $1 root uuid[]. */
export const livingOf: SqlStatement = {
  name: 'deadlines_living',
  text: 'select root, ordinals, gone from millrace_segment where root = any($1::uuid[])',
};

/** Who has left, and when. $1 root uuid[]. */
export const leftOf: SqlStatement = {
  name: 'deadlines_left',
  text: 'select root, ordinals, finished_at from millrace_outcome where root = any($1::uuid[])',
};
