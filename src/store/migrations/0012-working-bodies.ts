// Migration 12: working bodies. What a transaction wrote and only the next one will ask for is in a partition of its own,
// where it goes row by row with the last segment that names it: in no generation, never emptied whole.
//
// The index by which a root's segments are found has their bodies too: whether one is still named is one probe.

export const name = '0012-working-bodies';

export const sql = `
create table millrace_body_working partition of millrace_body for values in (8);
alter table millrace_body_working alter column bytes set storage external, alter column offsets set storage plain,
  set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
drop index millrace_segment_root;
create index millrace_segment_root on millrace_segment (root, body);
`;
