// Migration 11: errors in the data of audit events say in which attempt of their transaction they happened. The rest of the
// view is as it was.

import { sql as auditVariables } from './0010-audit-variables.js';

export const name = '0011-error-attempts';

const before = "h.g->'x'->(h.g->'y'->>h.i)::int";
const view = /create or replace view millrace_audit_event as[\s\S]*?;\n(?=\n)/.exec(auditVariables)![0];

export const sql = view.replace(before, `${before} || jsonb_build_object('attempt', (h.g->>'a')::int + 1)`);
