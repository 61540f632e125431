// What the planner believes of the size of tables that fill and empty within seconds.
//
// A vacuum of an empty one tells it that there is one row. The plan of a commit, made once and kept, then walks all of the
// table for each row it changes (seen in the plan of `commit_shared`; five-way splits: a tenth faster without it, on a busy machine). Of a table that was
// never vacuumed it believes ten pages, and probes by key. PGlite only: its PostgreSQL is 18; servers analyze by themselves.

/** The tables that change row by row. */
export const changingTables = [
  'millrace_segment',
  'millrace_shared',
  'millrace_body_working',
  'millrace_message',
  'millrace_publisher',
  'millrace_deadline',
  'millrace_open_run',
] as const;

/** Script to run after a vacuum of them. COST two rows of the catalogue, and plans made anew. */
export const forgetSizes = changingTables
  .map(table => `select pg_clear_relation_stats('public', '${table}')`)
  .join(';');
