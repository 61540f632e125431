// Migration 3: how long history and audit are kept belongs to the store, not to whoever opens it. An engine that was told
// nothing keeps what an earlier one was told.

export const name = '0003-retention';

export const sql = `
create table millrace_retention (
  ring text primary key,
  kept_ms bigint not null check (kept_ms > 0)
);
`;
