// The statements of runs. They are the last of a commit, and each that adds to averages has shares of its own: whoever waits
// for a row of theirs holds none that its rival will ask for.

import type { SqlStatement } from '../driver.js';

const slot = `(select slot from millrace_generation where ring = 'audit' and is_current)`;

/** Whose sums a session adds to: another's seldom, and a bounded number. @param of the statement, from 0 */
const share = (of: number): string => `pg_backend_pid() % 32 + ${of * 32}`;

const addUp = `on conflict (generation, name, action, share) do update set count = millrace_run_average.count + excluded.count,
  run_ms = millrace_run_average.run_ms + excluded.run_ms, wait_ms = millrace_run_average.wait_ms + excluded.wait_ms,
  premature = millrace_run_average.premature + excluded.premature`;

/**
 * What ended adds to averages. $1 name text[], $2 action text[] (empty: runs), both in order, $3 count bigint[], $4 run bigint[]
 * (ms), $5 wait bigint[] (ms), $6 premature bigint[].
 * COST one HOT update a name and action.
 */
export const addTallies: SqlStatement = {
  name: 'runs_tally',
  text: `insert into millrace_run_average (generation, name, action, share, count, run_ms, wait_ms, premature)
    select ${slot}, t.name, t.action, ${share(0)}, t.count, t.run_ms, t.wait_ms, t.premature
    from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      as t(name, action, count, run_ms, wait_ms, premature)
    ${addUp}`,
};

/** Take hold of the runs under way of some roots, in order, before they end. $1 root uuid[]. Left out where transactions run one
 * after the other. */
export const lockRuns: SqlStatement = {
  name: 'runs_lock',
  text: `with locked as materialized (
    select 1 from millrace_open_run where root = any($1::uuid[]) order by id for update)
  select count(*) from locked`,
};

/**
 * Runs begin. $1 id uuid[], $2 root uuid[], $3 workflow int[], $4 name text[], $5 due bigint[], $6 members varbit[] (512 bits),
 * $7 first int[]: where the times of its members begin among $8 started bigint[] (ms), from 1.
 * Members of which a run is under way begin none.
 * COST a row of 250 bytes and 8 a member, two index entries, and a probe by root.
 */
export const beginRuns: SqlStatement = {
  name: 'runs_begin',
  text: `insert into millrace_open_run (id, root, workflow, name, due, members, open, started)
    select id, root, workflow, name, due, members, members & ~under_way,
      ($8::bigint[])[first : first + bit_count(members)::int - 1] from (
        select n.*, coalesce((select bit_or(o.open) from millrace_open_run o where o.root = n.root),
          n.members & ~n.members) as under_way
        from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bigint[], $6::varbit[], $7::int[])
          as n(id, root, workflow, name, due, members, first)) new
    where bit_count(members & ~under_way) > 0`,
};

/**
 * Runs are over, of members of which one is under way. $1 root uuid[], each once, $2 members varbit[] (512 bits), $3 first int[]:
 * where the times of its members begin among $4 ended bigint[] (ms), from 1; $5 is premature bool.
 * COST a probe by root; a row of 250 bytes and 16 a member, three index entries and two writes for what began together.
 */
export const endRuns: SqlStatement = {
  name: 'runs_end',
  text: `with hit as materialized (
      select o.*, e.members as ending, e.first, o.open & e.members as over
      from unnest($1::uuid[], $2::varbit[], $3::int[]) as e(root, members, first)
      join millrace_open_run o on o.root = e.root
      where bit_count(o.open & e.members) > 0),
    member as materialized (
      select h.id, h.name, ordinal,
        h.started[bit_count(substring(h.members from 1 for ordinal)) + 1] as started,
        greatest(($4::bigint[])[h.first + bit_count(substring(h.ending from 1 for ordinal))],
          h.started[bit_count(substring(h.members from 1 for ordinal)) + 1]) as ended
      from hit h cross join lateral generate_series(0, 511) as ordinal where get_bit(h.over, ordinal) = 1),
    told as (
      insert into millrace_run (generation, id, root, workflow, name, due, is_premature, members, started, ended)
      select ${slot}, h.id, h.root, h.workflow, h.name, h.due, $5::bool, h.over, m.started, m.ended from hit h
      join (select id, array_agg(started order by ordinal) as started, array_agg(ended order by ordinal) as ended
        from member group by id) m on m.id = h.id
      returning 1),
    averaged as (
      insert into millrace_run_average (generation, name, action, share, count, run_ms, wait_ms, premature)
      select ${slot}, name, '', case when $5::bool then ${share(2)} else ${share(1)} end,
        count(*) filter (where not $5::bool), coalesce(sum(ended - started) filter (where not $5::bool), 0), 0,
        count(*) filter (where $5::bool)
      from member group by name order by name
      ${addUp}
      returning 1),
    gone as (
      delete from millrace_open_run o using hit h where o.id = h.id and bit_count(h.open & ~h.over) = 0 returning 1)
  update millrace_open_run o set open = h.open & ~h.over from hit h
    where o.id = h.id and bit_count(h.open & ~h.over) > 0`,
};

/**
 * Runs that began and ended behind the end of another one, in one transaction. Parameters as of `beginRuns`, and $9 ended
 * bigint[] (ms), like $8.
 * COST a row, as when runs end.
 */
export const passRuns: SqlStatement = {
  name: 'runs_pass',
  text: `with passed as materialized (
      select n.*, ($8::bigint[])[first : first + bit_count(members)::int - 1] as started,
        ($9::bigint[])[first : first + bit_count(members)::int - 1] as ended
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bigint[], $6::varbit[], $7::int[])
        as n(id, root, workflow, name, due, members, first)),
    told as (
      insert into millrace_run (generation, id, root, workflow, name, due, is_premature, members, started, ended)
      select ${slot}, id, root, workflow, name, due, false, members, started, ended from passed
      returning 1)
  insert into millrace_run_average (generation, name, action, share, count, run_ms, wait_ms, premature)
    select ${slot}, p.name, '', ${share(3)}, count(*), sum(t.ended - t.started), 0, 0
    from passed p cross join lateral unnest(p.started, p.ended) as t(started, ended) group by p.name order by p.name
    ${addUp}`,
};

/** History older than the audit is told of no more: what was cleared before that needs no mark. */
export const forgetCleared: SqlStatement = {
  name: 'runs_forget_cleared',
  text: `delete from millrace_run_cleared
    where at < (select min(started_at) from millrace_generation where ring = 'audit')`,
};

/** A clear says all that those below it said. $1 scope text, $2 from text, $3 to text: names from one up to before the other. */
export const forgetNarrower: SqlStatement = {
  name: 'runs_forget_narrower',
  text: 'delete from millrace_run_cleared where scope <> $1::text and scope >= $2::text and scope < $3::text',
};

/** $1 scope text, $2 at bigint (ms). */
export const markCleared: SqlStatement = {
  name: 'runs_mark_cleared',
  text: `insert into millrace_run_cleared (scope, at) values ($1::text, $2::bigint)
    on conflict (scope) do update set at = greatest(millrace_run_cleared.at, excluded.at)`,
};

/** Averages go. $1 from text, $2 to text. Returns one row: how many runs they told of. */
export const clearAverages: SqlStatement = {
  name: 'runs_clear_averages',
  text: `with cleared as (
      delete from millrace_run_average where name >= $1::text and name < $2::text returning action, count, premature)
    select coalesce(sum(count + premature), 0)::bigint from cleared where action = ''`,
};
