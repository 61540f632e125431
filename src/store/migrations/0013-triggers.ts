// Migration 13: flow contexts wait at triggers. What a trigger keeps lies among what its context has written, under a name
// that is nobody's variable.

export const name = '0013-triggers';

export const sql = `
-- The event a segment waits for at a trigger, besides its eligible time; empty: for the time alone.
alter table millrace_segment add column waits_for text collate "C";
-- Far ones are in no queue until their time is near. Nothing else is in it.
create index millrace_segment_sleeping on millrace_segment (eligible_at, id) where waits_for is not null and state = 0;

create or replace function millrace_variables(input jsonb, written jsonb) returns jsonb
language sql immutable parallel safe as $body$
  select case
    when written is null then input
    else case when written ? '$own' then '{}'::jsonb else input end
         || case when jsonb_typeof(written->'$workflow') = 'object' then written->'$workflow' else '{}' end
         || (written - '$workflow' - '$own' - '$triggers')
  end
$body$;
`;
