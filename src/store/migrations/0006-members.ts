// Migration 6: the engines of a cluster, and which of them leads.

export const name = '0006-members';

export const sql = `
-- Engines, one row a life: an engine that joins again gets a new sequence.
create table millrace_member (
  sequence bigint generated always as identity primary key,
  name text not null,
  host text not null,
  pid int not null,
  url text,
  joined_at timestamptz not null default now(),
  -- By the store's clock. Whoever let this pass may be given up by the master.
  alive_until timestamptz not null,
  -- Left by itself, or was given up; null while it lives.
  left_at timestamptz,
  was_given_up boolean not null default false
) with (fillfactor = 50);

create index millrace_member_living on millrace_member (sequence) where left_at is null;

-- One row: the master. The epoch only grows; what a master does carries its own and is refused when a later one leads.
create table millrace_master (
  is_only boolean primary key default true check (is_only),
  epoch bigint not null,
  member bigint
);

insert into millrace_master (epoch, member) values (0, null);
`;
