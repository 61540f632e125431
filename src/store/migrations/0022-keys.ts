// Migration 22: whose instances are (a tenant, a customer), as they were submitted.

export const name = '0022-keys';

export const sql = `
alter table millrace_segment add column key text collate "C";

create or replace view millrace_contexts as
select millrace_instance(s.root, m.ordinal) as instance, s.context, s.name as workflow, w.version as workflow_version,
       millrace_context_state(s.state, s.requests) as state, s.place, s.has_run, s.scope, s.transaction, s.attempt,
       s.priority, to_timestamp(s.eligible_at / 1000.0) as eligible_at, to_timestamp(s.created_at / 1000.0) as created_at,
       s.root, m.ordinal, s.id as segment,
       s.failures::jsonb -> 'errors' -> coalesce((s.failures::jsonb -> 'of' -> m.position::int)::int, 0) as error, s.key
from millrace_segment s
join millrace_workflow w on w.number = s.workflow
cross join lateral (
  select ordinal, row_number() over (order by ordinal) - 1 as position
  from generate_series(position(B'1' in s.ordinals) - 1, length(s.ordinals) - 1) ordinal
  where get_bit(s.ordinals, ordinal) = 1
) m
where get_bit(s.gone, m.position::int) = 0;

create or replace view millrace_instances as
select instance, workflow, workflow_version, state, place, transaction, attempt, priority, eligible_at, created_at,
       root, ordinal, segment, error, key
from millrace_contexts where context = 0
union all
select c.instance, h.name, w.version, case when c.state in ('failed', 'paused') then c.state else 'ready' end,
       c.place, c.transaction, c.attempt, c.priority, c.eligible_at, c.created_at, c.root, c.ordinal, c.segment, c.error,
       c.key
from (
  select distinct on (root, ordinal) * from millrace_contexts where context > 0
  order by root, ordinal, array_position(array['failed', 'ready', 'paused'], state) nulls last, context
) c
join millrace_shared h on h.root = c.root and h.ordinal = c.ordinal
join millrace_workflow w on w.number = h.workflow;
`;
