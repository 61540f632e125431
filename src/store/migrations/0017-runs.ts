// Migration 17: the history of runs that workflows mark, and averages. A run without marks is the life of its instance: its
// history is in the outcomes, and only its average is here.

const generations = [0, 1, 2, 3, 4, 5, 6, 7];

export const name = '0017-runs';

export const sql = `
-- Runs under way, of members of a root that began theirs together. Times are milliseconds since 1970.
create table millrace_open_run (
  id uuid primary key,
  root uuid not null,
  workflow int not null,
  name text collate "C" not null,
  -- Deadline of the run; null: none.
  due bigint,
  -- By ordinal, 512 bits: those that began it, and those of which it is under way still.
  members varbit not null,
  open varbit not null,
  -- By position among the members.
  started bigint[] not null
) with (fillfactor = 50);
create index millrace_open_run_root on millrace_open_run (root);
alter table millrace_open_run set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Runs that are over, in the ring of the audit. The id is that of the row they began with.
create table millrace_run (
  generation smallint not null,
  id uuid not null,
  root uuid not null,
  workflow int not null,
  name text collate "C" not null,
  due bigint,
  -- Its instance has left before its end.
  is_premature boolean not null,
  members varbit not null,
  started bigint[] not null,
  ended bigint[] not null
) partition by list (generation);
${generations.map(slot => `create table millrace_run_${slot} partition of millrace_run for values in (${slot});`).join('\n')}
create index on millrace_run (id);
create index on millrace_run (root);

-- Sums of what ended in a generation of the audit: of runs (action '') and of executions of actions. Several rows a name, which
-- add up: sessions that commit at the same time do not wait for one another.
create table millrace_run_average (
  generation smallint not null,
  name text collate "C" not null,
  action text collate "C" not null,
  share int not null,
  count bigint not null,
  run_ms bigint not null,
  wait_ms bigint not null,
  premature bigint not null,
  primary key (generation, name, action, share)
) partition by list (generation);
${generations
  .map(
    slot =>
      `create table millrace_run_average_${slot} partition of millrace_run_average for values in (${slot}) with (fillfactor = 50);`,
  )
  .join('\n')}

-- History that was cleared: runs of a workflow, or below a branch (trailing slash), that were over by then are not told of.
create table millrace_run_cleared (
  scope text collate "C" primary key,
  at bigint not null
);
`;
