// Migration 14: publishers and their messages.

export const name = '0014-messages';

export const sql = `
create table millrace_publisher (
  name text collate "C" primary key,
  style smallint not null check (style in (0, 1)),                -- 0 queue, 1 topic
  -- of its newest message; whoever publishes holds the row, so that sequences become visible in order
  sequence bigint not null,
  backlog int not null                                            -- messages there
) with (fillfactor = 50);

create table millrace_message (
  publisher text collate "C" not null,
  sequence bigint not null,
  priority int not null,
  data text not null,                                             -- JSON
  bytes int not null,
  published_at bigint not null,
  expires_at bigint,
  primary key (publisher, sequence)
);
create index millrace_message_order on millrace_message (publisher, priority, sequence);
create index millrace_message_expiry on millrace_message (expires_at) where expires_at is not null;
alter table millrace_message set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Who waits for an event; what waits for a time alone is not in it.
create index millrace_segment_waits on millrace_segment (waits_for, id) where waits_for > '' and state = 0;

-- Refuses the commit when the publisher has another style than the message asks for (-1: for none), or too many messages.
create function millrace_publishes(publisher text, style smallint, asked int, backlog int, most int) returns boolean
language plpgsql as $body$
begin
  if asked >= 0 and asked <> style then
    raise exception 'messages of another style come from %', publisher using errcode = '23MST';
  end if;
  if backlog > most then
    raise exception 'no message is stored beyond the % of %', most, publisher using errcode = '23MFU';
  end if;
  return true;
end $body$;
`;
