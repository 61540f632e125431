// Migration 16: deadlines of instances and of their runs. A row is a moment of some members of a root, alike: who leads tells
// of it when it comes. Nothing is written when instances finish.

export const name = '0016-deadlines';

export const sql = `
create table millrace_deadline (
  id uuid primary key,
  root uuid not null,
  workflow int not null,
  -- 0 approaches, 1 is exceeded, 2 was exceeded by a run that goes on, 3 was exceeded by one that is over.
  kind smallint not null,
  -- Of a run: it begins and ends. Else of the instances, whose ends are found in other tables.
  is_run boolean not null,
  -- When something is to be done, and the deadline itself: ms since 1970.
  moment bigint not null,
  due bigint not null,
  -- By ordinal; 512 bits.
  members varbit not null
);
create index millrace_deadline_moment on millrace_deadline (moment, id);
create index millrace_deadline_root on millrace_deadline (root) where is_run;
alter table millrace_deadline set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
`;
