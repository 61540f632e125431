// Migration 9: an instance may have several flow contexts. An instance that has never split has one, numbered 0, and is
// stored as before; what those of the others share is one row.

export const name = '0009-contexts';

export const sql = `
alter table millrace_segment
  add column context int not null default 0,
  add column scope int not null default 0,
  add column has_run boolean not null default false,
  drop constraint millrace_segment_state_check,
  -- 0 ready, 1 paused, 2 failed, 3 joining, 4 waiting
  add constraint millrace_segment_state_check check (state between 0 and 4);
-- Nothing of instances that have one context is in it.
create index millrace_segment_context on millrace_segment (root, context) where context > 0;

-- What the flow contexts of an instance share: JSON (src/flow/shared-state.ts), refused to whoever read another version.
-- Its workflow is the one it was submitted to.
create table millrace_shared (
  root uuid not null,
  ordinal int not null,
  workflow int not null,
  name text collate "C" not null,
  version int not null,
  state text not null,
  primary key (root, ordinal)
) with (fillfactor = 50);
create index millrace_shared_name on millrace_shared (name);
alter table millrace_shared set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Whether the member with an ordinal of the root is in a segment, and has not left it.
create function millrace_is_open(ordinals varbit, gone varbit, ordinal int) returns boolean
language sql immutable as $body$
  select case
    when ordinal >= length(ordinals) then false
    when get_bit(ordinals, ordinal) = 0 then false
    else get_bit(gone, bit_count(substring(ordinals from 1 for ordinal))::int) = 0 end
$body$;

-- What a flow context is shown as. Behind the bit for pause it waits or joins as before, and pauses when it wakes.
create function millrace_context_state(state smallint, requests int) returns text language sql immutable as $body$
  select case
    when state = 2 then 'failed'
    when state = 1 or requests & 1 = 1 then 'paused'
    when state = 3 then 'joining'
    when state = 4 then 'waiting'
    else 'ready' end
$body$;

-- Flow contexts that live, one row each.
create view millrace_contexts as
select millrace_instance(s.root, m.ordinal) as instance, s.context, s.name as workflow, w.version as workflow_version,
       millrace_context_state(s.state, s.requests) as state, s.place, s.has_run, s.scope, s.transaction, s.attempt,
       s.priority, to_timestamp(s.eligible_at / 1000.0) as eligible_at, to_timestamp(s.created_at / 1000.0) as created_at,
       s.root, m.ordinal, s.id as segment,
       s.failures::jsonb -> 'errors' -> coalesce((s.failures::jsonb -> 'of' -> m.position::int)::int, 0) as error
from millrace_segment s
join millrace_workflow w on w.number = s.workflow
cross join lateral (
  select ordinal, row_number() over (order by ordinal) - 1 as position
  -- from the first member to the last: contexts often have a segment of their own
  from generate_series(position(B'1' in s.ordinals) - 1, length(s.ordinals) - 1) ordinal
  where get_bit(s.ordinals, ordinal) = 1
) m
where get_bit(s.gone, m.position::int) = 0;

-- Instances that live, one row each. One with several contexts is failed when any is, else ready when any is, else paused
-- when any is, else (they wait for one that is just moving) ready; the rest is that of the context its state comes from.
create or replace view millrace_instances as
select instance, workflow, workflow_version, state, place, transaction, attempt, priority, eligible_at, created_at,
       root, ordinal, segment, error
from millrace_contexts where context = 0
union all
select c.instance, h.name, w.version, case when c.state in ('failed', 'paused') then c.state else 'ready' end,
       c.place, c.transaction, c.attempt, c.priority, c.eligible_at, c.created_at, c.root, c.ordinal, c.segment, c.error
from (
  select distinct on (root, ordinal) * from millrace_contexts where context > 0
  order by root, ordinal, array_position(array['failed', 'ready', 'paused'], state) nulls last, context
) c
join millrace_shared h on h.root = c.root and h.ordinal = c.ordinal
join millrace_workflow w on w.number = h.workflow;
`;
