// The catalogue of audit events, for the views that name them.

import type { SqlStatement } from '../driver.js';

/** $1 code int[], $2 name text[], $3 console name text[] (null: not offered there), $4 short name text[], $5 family text[].
 * Writes nothing when nothing has changed. */
export const putCatalogue: SqlStatement = {
  name: 'catalogue_put',
  text: `insert into millrace_event as known (code, name, console_name, short_name, family)
    select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])
    on conflict (code) do update set name = excluded.name, console_name = excluded.console_name,
      short_name = excluded.short_name, family = excluded.family
    where (known.name, known.console_name, known.short_name, known.family)
      is distinct from (excluded.name, excluded.console_name, excluded.short_name, excluded.family)`,
};
