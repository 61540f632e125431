// Migration 10: the data of events that show variables: the input, over it what was written in workflow scope, over that
// what the flow context wrote itself, as `variablesOf` in `src/workflow/written.ts` does. The rest of the view is as it was.

import { sql as auditViews } from './0002-audit-views.js';

export const name = '0010-audit-variables';

const before =
  /millrace_body_text\(h\.root, h\.ordinal\)::jsonb\s+\|\| coalesce\(millrace_body_text\(\(h\.g->>'d'\)::uuid, h\.ordinal\)::jsonb, '\{\}'\)/;
const view = /create view millrace_audit_event as[\s\S]*?;\n(?=\n)/.exec(auditViews)![0];

export const sql = `
create function millrace_variables(input jsonb, written jsonb) returns jsonb language sql immutable parallel safe as $body$
  select case
    when written is null then input
    else case when written ? '$own' then '{}'::jsonb else input end
         || case when jsonb_typeof(written->'$workflow') = 'object' then written->'$workflow' else '{}' end
         || (written - '$workflow' - '$own')
  end
$body$;

${view
  .replace('create view', 'create or replace view')
  .replace(
    before,
    "millrace_variables(millrace_body_text(h.root, h.ordinal)::jsonb, millrace_body_text((h.g->>'d')::uuid, h.ordinal)::jsonb)",
  )}
`;
