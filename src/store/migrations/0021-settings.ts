// Migration 21: properties of the runtime configuration that were set by operation, over what files say.

export const name = '0021-settings';

export const sql = `
create table millrace_setting (
  branch text collate "C" not null,                               -- with a trailing slash
  property text collate "C" not null,                             -- in upper case
  value text not null,                                            -- JSON
  version bigint not null,                                        -- of the settings, as of this one
  set_by text not null,
  set_at bigint not null,
  primary key (branch, property)
);

-- One row. Whoever changes a setting holds it, so that versions become visible in order.
create table millrace_settings_version (
  is_it boolean primary key default true check (is_it),
  version bigint not null                                         -- one more with each change
) with (fillfactor = 50);
insert into millrace_settings_version (version) values (0);

-- Set a property, or take it away (no value). What is not there and is taken away changes nothing.
create function millrace_set(at_branch text, of_property text, new_value text, by_user text, at_ms bigint, most int, most_bytes int)
returns bigint language plpgsql as $body$
declare changed bigint;
begin
  select version + 1 into changed from millrace_settings_version for update;
  if new_value is null then
    delete from millrace_setting where branch = at_branch and property = of_property;
    if not found then return changed - 1; end if;
  else
    insert into millrace_setting (branch, property, value, version, set_by, set_at)
      values (at_branch, of_property, new_value, changed, by_user, at_ms)
      on conflict (branch, property) do update
        set value = excluded.value, version = excluded.version, set_by = excluded.set_by, set_at = excluded.set_at;
    if (select count(*) > most or sum(octet_length(value)) > most_bytes from millrace_setting) then
      raise exception 'no more than % settings of % bytes together are stored', most, most_bytes using errcode = '23MSF';
    end if;
  end if;
  update millrace_settings_version set version = changed;
  return changed;
end $body$;
`;
