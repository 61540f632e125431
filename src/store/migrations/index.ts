// Numbered migrations, applied in order under a lock; what was applied is kept in `millrace_migration`.

import { EngineError } from '../../observe/errors.js';
import type { SqlDriver, SqlStatement } from '../driver.js';
import { textOf } from '../text-rows.js';
import * as first from './0001-first.js';
import * as auditViews from './0002-audit-views.js';

const migrations = [first, auditViews];

const applied: SqlStatement = { name: 'migrations_applied', text: 'select name from millrace_migration order by name' };

/**
 * Bring the schema up to date. Each migration is one transaction that also records it; the table lock keeps a second
 * engine waiting until the first is done.
 *
 * @throws EngineError `STORE_NEWER` when a newer version of Millrace has been here
 */
export async function migrate(driver: SqlDriver): Promise<void> {
  await driver.script('create table if not exists millrace_migration (name text primary key, at timestamptz not null default now())');
  const [rows] = await driver.transaction([{ statement: applied, parameters: [], results: 'text' }]);
  const done = new Set(rows!.map(row => textOf(row[0]!)));
  const newest = [...done].sort().at(-1);
  if (newest !== undefined && newest > migrations.at(-1)!.name) {
    throw new EngineError('STORE_NEWER', `the store has migration ${newest}; this version knows ${migrations.at(-1)!.name}`);
  }
  for (const migration of migrations) {
    if (done.has(migration.name)) continue;
    await driver.script(`
      begin;
      lock table millrace_migration in exclusive mode;
      do $migration$ begin
        if not exists (select from millrace_migration where name = '${migration.name}') then
          execute $statements$${migration.sql}$statements$;
          insert into millrace_migration (name) values ('${migration.name}');
        end if;
      end $migration$;
      commit;
    `);
  }
}
