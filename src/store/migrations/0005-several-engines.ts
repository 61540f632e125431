// Migration 5: several engines on one store. One slot of a ring is written, whoever looks; one engine keeps house at a time.

export const name = '0005-several-engines';

export const sql = `
create unique index millrace_generation_current on millrace_generation (ring) where is_current;

-- Who keeps house, and until when (milliseconds since 1970, by the store's own clock). One row.
create table millrace_housekeeper (
  only_row boolean primary key default true check (only_row),
  holder uuid,
  until bigint not null
);
insert into millrace_housekeeper (until) values (0);

-- Where PostgreSQL vacuums by itself: the tables that change row by row after so many rows, as src/store/house.ts does.
alter table millrace_segment set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
alter table millrace_commit set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);
`;
