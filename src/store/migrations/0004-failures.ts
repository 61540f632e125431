// Migration 4: the error of an instance that stands FAILED is kept with it, whatever the audit keeps.

export const name = '0004-failures';

export const sql = `
-- JSON of Failures in src/store/contract.ts; null unless the members stand FAILED.
alter table millrace_segment add column failures text;

-- Instances that live, one row each.
create or replace view millrace_instances as
select millrace_instance(s.root, m.ordinal) as instance, s.name as workflow, w.version as workflow_version,
       case when s.state = 2 then 'failed'
            when s.state = 1 or s.requests & 1 = 1 then 'paused'
            else 'ready' end as state,
       s.place, s.transaction, s.attempt, s.priority,
       to_timestamp(s.eligible_at / 1000.0) as eligible_at, to_timestamp(s.created_at / 1000.0) as created_at,
       s.root, m.ordinal, s.id as segment,
       s.failures::jsonb -> 'errors' -> coalesce((s.failures::jsonb -> 'of' -> m.position::int)::int, 0) as error
from millrace_segment s
join millrace_workflow w on w.number = s.workflow
cross join lateral (
  select ordinal, row_number() over (order by ordinal) - 1 as position
  from generate_series(0, length(s.ordinals) - 1) ordinal where get_bit(s.ordinals, ordinal) = 1
) m
where get_bit(s.gone, m.position::int) = 0;
`;
