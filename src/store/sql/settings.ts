// The statements of settings: the one of a commit, and the one that reads.

import type { SqlStatement } from '../driver.js';

/** SQLSTATE of a setting beyond the bounds: of class 23, as other values that cannot be stored. */
export const isTooMany = '23MSF';

/**
 * A property is set, or taken away.
 * $1 branch text, $2 property text, $3 value text (JSON) or null, $4 who text, $5 at bigint (ms), $6 settings at most int,
 * $7 bytes of values at most int.
 * COST a row, the row of the version, and a scan of the settings, which are few: it happens when somebody asks for it.
 */
export const changeSetting: SqlStatement = {
  name: 'commit_setting',
  text: 'select millrace_set($1::text, $2::text, $3::text, $4::text, $5::bigint, $6::int, $7::int)',
};

/**
 * All settings, unless their version is $1 bigint: version bigint, branch, property, value text, version bigint, who text,
 * at bigint; all but the first null when there are none.
 * COST one row when nothing has changed. In one statement, so that all is of one moment.
 */
export const readSettings: SqlStatement = {
  name: 'read_settings',
  text: `select h.version, s.branch, s.property, s.value, s.version, s.set_by, s.set_at
    from millrace_settings_version h left join millrace_setting s on true where h.version <> $1::bigint
    order by s.branch, s.property`,
};
