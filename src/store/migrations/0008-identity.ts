// Migration 8: a store has an id, by which a queue in Redis tells it from another, and its members name their process.
//
// The id is put in when a store is opened, not here: every folder begins as a copy of the build's template.

export const name = '0008-identity';

export const sql = `
create table millrace_store (
  only_row boolean primary key default true check (only_row),
  id uuid not null
);

-- Which process on which machine, in a form only good for comparing; null of engines that did not say.
alter table millrace_member add column process text;
`;
