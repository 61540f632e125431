// Migration 2: the views that unfold compact audit rows into the documented events, one row an event.
//
// What a trace holds is written down in `src/audit/trace.ts`; the keys are one letter because they are stored by the
// million. `millrace_event` holds the catalogue; the engine fills it when it starts.

export const name = '0002-audit-views';

export const sql = `
create table millrace_event (
  code int primary key,
  name text not null,
  console_name text,
  short_name text not null,
  family text not null
);

create view millrace_audit_event as
with groups as not materialized (
  select a.seq, a.transaction_id, a.root, a.at as written_at, g.value as g, g.ordinality as group_no
  from millrace_audit a cross join lateral jsonb_array_elements(a.trace::jsonb) with ordinality as g
), happened as (
  -- events that every member of the group had, in order
  select q.*, m.i, coalesce((q.g->'o'->m.i)::int, (q.g->>'f')::int + m.i) as ordinal,
         (e.value->>0)::int as code, (e.value->>1)::int as place, (e.value->>3)::int as data_kind,
         (q.g->>'b')::bigint + coalesce((q.g->'t'->>(m.i * (q.g->>'k')::int + (e.value->>2)::int))::bigint, 0) as at_ms,
         e.ordinality * 10000 as step, null::text as custom_name, null::text as custom_message, null::jsonb as own_data
  from groups q
  cross join lateral generate_series(0, (q.g->>'n')::int - 1) as m(i)
  cross join lateral jsonb_array_elements(q.g->'e') with ordinality as e
  union all
  -- events that single members had: sent by user code, or thrown late
  select q.*, (c.value->>0)::int, coalesce((q.g->'o'->(c.value->>0)::int)::int, (q.g->>'f')::int + (c.value->>0)::int),
         (c.value->>1)::int, (c.value->>2)::int, 0, (q.g->>'b')::bigint + (c.value->>3)::bigint, (c.value->>4)::bigint,
         c.value->>5, c.value->>6, c.value->7
  from groups q cross join lateral jsonb_array_elements(q.g->'c') as c
)
select h.seq, h.group_no, h.step, h.transaction_id, h.root, h.ordinal,
       case when h.root is null or h.ordinal is null then null else millrace_instance(h.root, h.ordinal) end as instance,
       to_timestamp(h.at_ms / 1000.0) as at, h.at_ms,
       coalesce(h.custom_name, v.name) as event, coalesce(h.custom_name, v.short_name) as short_name,
       coalesce(h.custom_name, v.console_name) as console_name,
       coalesce(v.family, 'custom') as family,
       w.name as workflow, w.version as workflow_version,
       case when h.place >= 0 then h.g->'p'->>h.place end as action,  -- -1 would be the last one
       (h.g->>'a')::int + 1 as attempt,
       h.g->>'s' as engine,
       coalesce(h.g->>'u', (select b.submitter from millrace_body b where b.id = h.root limit 1)) as username,
       coalesce(h.custom_message, h.g->>'m') as message,
       case h.data_kind
         when 1 then millrace_body_text(h.root, h.ordinal)::jsonb
                     || coalesce(millrace_body_text((h.g->>'d')::uuid, h.ordinal)::jsonb, '{}')
         when 2 then millrace_body_text((h.g->>'r')::uuid, h.ordinal)::jsonb
         when 3 then millrace_body_text((h.g->>'r')::uuid, h.ordinal)::jsonb -> 'RESULT'
         when 4 then h.g->'x'->(h.g->'y'->>h.i)::int
         else case when h.data_kind >= 10 then h.g->'z'->(h.i * (h.g->>'zk')::int + h.data_kind - 10) else h.own_data end
       end as data
from happened h
left join millrace_event v on v.code = h.code
left join millrace_workflow w on w.number = (h.g->>'w')::int;

-- Instances that have left, one row each.
create view millrace_history as
select millrace_instance(o.root, m.ordinal) as instance, o.name as workflow, w.version as workflow_version,
       case o.state when 0 then 'finished' else 'removed' end as state,
       to_timestamp(b.created_at / 1000.0) as created_at, to_timestamp(o.finished_at / 1000.0) as finished_at,
       b.submitter, o.root, m.ordinal, millrace_body_text(o.body, m.ordinal)::jsonb as result
from millrace_outcome o
join millrace_workflow w on w.number = o.workflow
left join lateral (select submitter, created_at from millrace_body where id = o.root limit 1) b on true
cross join lateral (select i as ordinal from generate_series(0, length(o.ordinals) - 1) i where get_bit(o.ordinals, i) = 1) m;

-- Instances that live, one row each.
create view millrace_instances as
select millrace_instance(s.root, m.ordinal) as instance, s.name as workflow, w.version as workflow_version,
       case when s.state = 2 then 'failed'
            when s.state = 1 or s.requests & 1 = 1 then 'paused'
            else 'ready' end as state,
       s.place, s.transaction, s.attempt, s.priority,
       to_timestamp(s.eligible_at / 1000.0) as eligible_at, to_timestamp(s.created_at / 1000.0) as created_at,
       s.root, m.ordinal, s.id as segment
from millrace_segment s
join millrace_workflow w on w.number = s.workflow
cross join lateral (
  select ordinal, row_number() over (order by ordinal) - 1 as position
  from generate_series(0, length(s.ordinals) - 1) ordinal where get_bit(s.ordinals, ordinal) = 1
) m
where get_bit(s.gone, m.position::int) = 0;
`;
