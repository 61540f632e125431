// Numbered migrations, applied in order under an advisory lock; what was applied is kept in `millrace_migration`.

import { createHash } from 'node:crypto';
import { EngineError } from '../../observe/errors.js';
import { type SqlDriver, SqlError, type SqlStatement } from '../driver.js';
import { textOf } from '../text-rows.js';
import * as first from './0001-first.js';
import * as auditViews from './0002-audit-views.js';
import * as retention from './0003-retention.js';
import * as failures from './0004-failures.js';
import * as severalEngines from './0005-several-engines.js';
import * as members from './0006-members.js';
import * as auditOrder from './0007-audit-order.js';
import * as identity from './0008-identity.js';
import * as contexts from './0009-contexts.js';
import * as auditVariables from './0010-audit-variables.js';
import * as errorAttempts from './0011-error-attempts.js';
import * as workingBodies from './0012-working-bodies.js';
import * as triggers from './0013-triggers.js';
import * as messages from './0014-messages.js';
import * as deadlines from './0016-deadlines.js';
import * as runs from './0017-runs.js';
import * as settings from './0021-settings.js';
import * as keys from './0022-keys.js';

const migrations = [
  first,
  auditViews,
  retention,
  failures,
  severalEngines,
  members,
  auditOrder,
  identity,
  contexts,
  auditVariables,
  errorAttempts,
  workingBodies,
  triggers,
  messages,
  deadlines,
  runs,
  settings,
  keys,
];

const undefinedTable = '42P01';

const applied: SqlStatement = { name: 'migrations_applied', text: 'select name from millrace_migration order by name' };

/** Held by whoever changes the schema, to the end of its transaction; engines that start together wait for each other.
 * The number is "mill" in ASCII. (`if not exists` alone does not keep two from making the same table at once.) */
const lock = 'perform pg_advisory_xact_lock(1835625580)';

const createList = `do $create$ begin
  ${lock};
  create table if not exists millrace_migration (name text primary key, at timestamptz not null default now());
end $create$`;

/** One transaction that applies a migration and records it. */
function scriptOf({ name, sql }: (typeof migrations)[number]): string {
  return `
    do $migration$ begin
      ${lock};
      if not exists (select from millrace_migration where name = '${name}') then
        execute $statements$${sql}$statements$;
        insert into millrace_migration (name) values ('${name}');
      end if;
    end $migration$;
  `;
}

/** Scripts that make an empty database one of this version, to be run one by one. */
export function schemaScripts(): string[] {
  return [createList, ...migrations.map(scriptOf)];
}

/** Changes when a migration does. */
export function schemaDigest(): string {
  return createHash('sha256').update(schemaScripts().join('\n')).digest('hex').slice(0, 10);
}

/**
 * Bring the schema up to date.
 *
 * @throws EngineError `STORE_NEWER` when a newer version of Millrace has been here
 */
export async function migrate(driver: SqlDriver): Promise<void> {
  const done = await namesApplied(driver);
  const newest = [...done].sort().at(-1);
  if (newest !== undefined && newest > migrations.at(-1)!.name) {
    throw new EngineError(
      'STORE_NEWER',
      `the store has migration ${newest}; this version knows ${migrations.at(-1)!.name}`,
    );
  }
  for (const migration of migrations) {
    if (!done.has(migration.name)) await driver.script(scriptOf(migration));
  }
}

async function namesApplied(driver: SqlDriver): Promise<ReadonlySet<string>> {
  try {
    const [rows] = await driver.transaction([{ statement: applied, parameters: [], results: 'text' }]);
    return new Set(rows!.map(row => textOf(row[0]!)));
  } catch (error) {
    if (!(error instanceof SqlError && error.code === undefinedTable)) throw error;
    await driver.script(createList);
    return new Set();
  }
}
