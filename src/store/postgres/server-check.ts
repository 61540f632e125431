// What a server must be before anything is entrusted to it; asked of every connection that is made, because behind the
// same name may be another server, or the same with other settings.

import { EngineError } from '../../observe/errors.js';
import type { SqlStatement } from '../driver.js';
import { textRows } from '../text-rows.js';
import type { Connection } from './connection.js';

const versionMin = 150_000;

const serverSettings: SqlStatement = {
  name: 'server_settings',
  text: `select current_setting('server_version_num'), current_setting('server_version'), current_setting('server_encoding'),
    current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()`,
};

/** @throws {EngineError} OPTION_INVALID, STORE_NOT_DURABLE, or STORE_UNAVAILABLE from a standby */
export async function checkServer(
  connection: Connection,
  location: string,
  durability: 'strict' | 'relaxed',
): Promise<void> {
  const [rows] = await connection.transaction([{ statement: serverSettings, parameters: [], results: 'text' }]);
  const [number, version, encoding, fsync, synchronousCommit, isStandby] = textRows(rows!)[0]!;
  if (Number(number) < versionMin) {
    throw new EngineError('OPTION_INVALID', `${location} is PostgreSQL ${version}; at least 15 is needed`);
  }
  if (encoding !== 'UTF8') {
    throw new EngineError('OPTION_INVALID', `the database at ${location} has the encoding ${encoding}, not UTF8`);
  }
  if (isStandby === 't') throw new EngineError('STORE_UNAVAILABLE', `${location} is a standby, which takes no commits`);
  if (durability === 'relaxed') return;
  const off = Object.entries({ fsync, synchronous_commit: synchronousCommit }).find(([, value]) => value === 'off');
  if (off === undefined) return;
  throw new EngineError(
    'STORE_NOT_DURABLE',
    `${location} has ${off[0]} off: a commit may be lost although it was acknowledged; switch it on, or ask for relaxed durability`,
  );
}
