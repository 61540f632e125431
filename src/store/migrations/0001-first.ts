// Migration 1: the tables of the engine and the views of the audit.
//
// Hot and small: `millrace_segment`, updated in place (HOT, fillfactor 50). Written once and emptied whole, by
// generation: `millrace_body`, `millrace_outcome` (ring `history`) and `millrace_audit` (ring `audit`); a ring has
// eight generations, the oldest is truncated before it is written again. Nothing in a ring is deleted row by row.

const generations = [0, 1, 2, 3, 4, 5, 6, 7];

const partitions = (table: string): string =>
  generations.map(slot => `create table ${table}_${slot} partition of ${table} for values in (${slot});`).join('\n');

export const name = '0001-first';

export const sql = `
create table millrace_workflow (
  number int generated always as identity primary key,
  name text collate "C" not null,
  version int not null,
  definition text not null,
  base_folder text not null,
  created_at bigint not null,
  unique (name, version)
);

-- Instances alike, at one place: see Segment in src/store/contract.ts. Times are milliseconds since 1970.
create table millrace_segment (
  id uuid primary key,
  root uuid not null,
  body uuid,
  workflow int not null,
  name text collate "C" not null,
  priority int,
  place int not null,
  transaction int not null,
  attempt int not null,
  kills int not null,
  state smallint not null check (state between 0 and 2),          -- 0 ready, 1 paused, 2 failed
  eligible_at bigint not null,
  created_at bigint not null,
  ordinals varbit not null,                                       -- by ordinal of the root: 1 = a member
  open int not null check (open > 0),
  gone varbit not null,                                           -- by position: 1 = has left
  requests int not null default 0,
  member_requests text,
  revision int not null default 0
) with (fillfactor = 50);
create index millrace_segment_root on millrace_segment (root);
create index millrace_segment_name on millrace_segment (name);

-- Packed JSON texts of members of a root: inputs (id = root), or what a transaction wrote or returned.
create table millrace_body (
  generation smallint not null,
  id uuid not null,
  root uuid not null,
  ordinals varbit not null,
  offsets bytea not null,                                         -- int32, little endian, one more than members
  bytes bytea not null,
  submitter text,
  created_at bigint
) partition by list (generation);
${partitions('millrace_body')}
create index on millrace_body (id);
-- Offsets inline: reading a member or a slice then detoasts nothing but what it takes (half the time at 64 segments).
${generations.map(slot => `alter table millrace_body_${slot} alter column bytes set storage external, alter column offsets set storage plain;`).join('\n')}

create table millrace_outcome (
  generation smallint not null,
  root uuid not null,
  workflow int not null,
  name text collate "C" not null,
  state smallint not null check (state in (0, 1)),                -- 0 finished, 1 removed
  finished_at bigint not null,
  ordinals varbit not null,
  members int not null,
  body uuid
) partition by list (generation);
${partitions('millrace_outcome')}
create index on millrace_outcome (root);

create table millrace_audit (
  generation smallint not null,
  seq bigint generated always as identity,
  transaction_id xid8 not null default pg_current_xact_id(),
  root uuid,
  at bigint not null,
  trace text not null
) partition by list (generation);
${partitions('millrace_audit')}
create index on millrace_audit (root);
create index on millrace_audit (seq);
${generations.map(slot => `alter table millrace_audit_${slot} alter column trace set storage external;`).join('\n')}

create table millrace_name (
  name text collate "C" primary key,
  instance uuid not null
);

-- Ids of recent commits, so that one sent again is recognised (S4).
create table millrace_commit (
  id uuid primary key,
  at bigint not null
);

create table millrace_generation (
  ring text not null,
  slot smallint not null,
  started_at bigint not null,
  is_current boolean not null,
  primary key (ring, slot)
);

-- Refuses the transaction it stands in: some of the members or revisions a commit relies on have changed.
create function millrace_fence(holds boolean) returns boolean language plpgsql as $body$
begin
  if not holds then
    raise exception 'stale commit' using errcode = 'MR001';
  end if;
  return true;
end $body$;

-- Text of one member of a body: offsets are int32 little endian.
create function millrace_offset(offsets bytea, at int) returns int language sql immutable as $body$
  select get_byte(offsets, at * 4) + (get_byte(offsets, at * 4 + 1) << 8)
       + (get_byte(offsets, at * 4 + 2) << 16) + (get_byte(offsets, at * 4 + 3) << 24)
$body$;
create function millrace_member(ordinals varbit, offsets bytea, bytes bytea, ordinal int) returns text
language sql immutable as $body$
  select case
    when ordinal >= length(ordinals) or get_bit(ordinals, ordinal) = 0 then null
    else convert_from(
      substring(bytes from millrace_offset(offsets, p.at) + 1
                for millrace_offset(offsets, p.at + 1) - millrace_offset(offsets, p.at)), 'UTF8') end
  from (select bit_count(substring(ordinals from 1 for ordinal))::int as at) p
$body$;
create function millrace_instance(root uuid, ordinal int) returns uuid language sql immutable as $body$
  select (left(root::text, 32) || lpad(to_hex(ordinal), 4, '0'))::uuid
$body$;
create function millrace_body_text(body uuid, ordinal int) returns text language sql stable as $body$
  select millrace_member(b.ordinals, b.offsets, b.bytes, ordinal) from millrace_body b where b.id = body limit 1
$body$;
`;
