// The first start of a data folder: an initialised database is laid down from the template of the build.
//
// Why a template: PostgreSQL's initdb in WASM takes four seconds and leaves 840 MB resident; laying down takes a tenth
// of a second. What is packed has one database instead of three, WAL files of 4 MB, and our tables. (A WAL file of 4 MB
// costs a commit nothing measurable; one of 1 MB does, at 75 kB a commit.) An older home is brought up to date by
// `migrate`, which finds nothing to do in one laid down from the template.
//
// A home is `<folder>/pglite`; the lock's files, the trash (`trash.ts`) and the mark of a relaxed session
// (`crash-sync.ts`) stand beside it.
//
// Invariants:
//   L1. `<folder>/pglite` exists complete and on the disk, or not at all: it is made beside, synced and renamed.
//   L2. Nothing is removed but `<folder>/pglite.new`, which nobody has ever had an answer from. (And by `trash.ts` what
//       is in `<folder>/pglite.trash`, which PostgreSQL is done with, and by `crash-sync.ts` the mark.)
//   L3. A folder with anything else in it is refused and left as it is.
//   L4. The caller holds the folder's lock.

import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { EngineError } from '../../observe/errors.js';
import { builtFile } from '../../observe/thread-entry.js';
import { schemaDigest, schemaScripts } from '../migrations/index.js';
import { forgetSizes } from '../planner-statistics.js';
import { entriesOf, syncEntry, syncTree } from './sync-tree.js';
import { packTar, readTar, type TarEntry } from './tar.js';

/** The version of PGlite the template was made with and for; held against the installed one by a test. */
export const pgliteVersion = '0.5.16';
const postgresMajor = 18;
/** Grows when `initialise` changes, so that no build keeps an old template. (Migrations are told by their digest.) */
const recipe = 2;

const databaseName = 'pglite';
const unfinishedName = 'pglite.new';
const trashName = 'pglite.trash';
/** What may be beside the database: the engine's logs, the lock, what mkfs makes, and what a crash left of us. */
const companions = /^(logs|millrace\.(lock|sock)(\..*)?|lost\+found|pglite\.(new|trash|relaxed))$/;

export function templateFile(): URL {
  return builtFile(`template/pglite-${pgliteVersion}-r${recipe}-${schemaDigest()}.tar.gz`);
}

/** The template as a tar archive, or `null` in a tree that has not been built. */
export function readTemplate(): Buffer | null {
  let packed: Buffer;
  try {
    packed = fs.readFileSync(templateFile());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return zlib.gunzipSync(packed);
}

export function databaseFolder(folder: string): string {
  return path.join(folder, databaseName);
}

/** Where files go that PostgreSQL is done with; on the database's disk. */
export function trashFolder(folder: string): string {
  return path.join(folder, trashName);
}

/**
 * Look at a folder without touching it.
 *
 * @returns `database` when it holds one, `empty` when one may be laid down
 * @throws {EngineError} OPTION_INVALID when it belongs to something else, STORE_NEWER when a newer version wrote it
 */
export function inspectFolder(folder: string): 'database' | 'empty' {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'empty';
    throw new EngineError('OPTION_INVALID', `the store cannot use "${folder}": ${code}`, { cause: error });
  }
  if (names.includes(databaseName)) {
    checkVersion(databaseFolder(folder));
    return 'database';
  }
  const foreign = names.filter(name => !companions.test(name));
  if (foreign.length === 0) return 'empty';
  const shown = foreign.slice(0, 3).join(', ');
  const hint = foreign.includes('PG_VERSION') ? '; it is a database of something else' : '';
  throw new EngineError(
    'OPTION_INVALID',
    `the store needs a folder of its own, and "${folder}" has ${foreign.length} other entries (${shown})${hint}`,
  );
}

function checkVersion(database: string): void {
  let version: string;
  try {
    version = fs.readFileSync(path.join(database, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    throw new EngineError('OPTION_INVALID', `"${database}" is no database of this store: it has no PG_VERSION`, {
      cause: error,
    });
  }
  if (Number(version) === postgresMajor) return;
  const message = `"${database}" was written by PostgreSQL ${version}, and this version has ${postgresMajor}`;
  throw new EngineError(Number(version) > postgresMajor ? 'STORE_NEWER' : 'OPTION_INVALID', message);
}

/**
 * Make sure that `folder` holds a database, and return the folder of the database.
 *
 * @param faults.afterUnpack tests stop here, to play a crash in the middle
 */
export async function layDown(folder: string, faults: { afterUnpack?: () => void } = {}): Promise<string> {
  const database = databaseFolder(folder);
  const unfinished = path.join(folder, unfinishedName);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = inspectFolder(folder);
  fs.rmSync(unfinished, { recursive: true, force: true }); // L2
  if (found === 'database') return database;

  const template = readTemplate();
  if (template === null) await initialise(unfinished);
  else unpack(template, unfinished);
  faults.afterUnpack?.();
  await syncTree(unfinished);
  fs.renameSync(unfinished, database);
  await syncEntry(folder);
  await syncAncestors(folder);
  return database;
}

function unpack(archive: Buffer, folder: string): void {
  fs.mkdirSync(folder, { mode: 0o700 });
  for (const entry of readTar(archive)) {
    const target = path.join(folder, entry.path);
    if (entry.content === null) fs.mkdirSync(target, { mode: 0o700 });
    else fs.writeFileSync(target, entry.content, { mode: 0o600 });
  }
}

/** The folder's own entry is in its parent, which may be as new as the folder. */
async function syncAncestors(folder: string): Promise<void> {
  for (let child = path.resolve(folder); child !== path.dirname(child); child = path.dirname(child)) {
    // One that may not be read was not made by us just now.
    await syncEntry(path.dirname(child)).catch(() => {});
  }
}

/** Run initdb, make our tables and make the result small. Leaves 840 MB resident: for the build, and for a tree without one. */
export async function initialise(folder: string): Promise<void> {
  const db = await PGlite.create({ dataDir: folder, initDbStartParams: ['--wal-segsize=4'] });
  // Only `postgres` is ever used; the two templates of CREATE DATABASE are two thirds of the files.
  await db.exec(`update pg_database set datistemplate = false where datname <> 'postgres'`);
  const small = ['drop database template0', 'drop database template1', 'vacuum (full, freeze)', forgetSizes];
  for (const script of [...schemaScripts(), ...small]) {
    await db.exec(script);
  }
  await db.exec('select pg_switch_wal()');
  await db.exec('checkpoint');
  const current = await db.query<{ name: string }>('select pg_walfile_name(pg_current_wal_insert_lsn()) as name');
  await db.close();
  const wal = path.join(folder, 'pg_wal');
  // Files after the current one are old ones renamed for reuse: bytes without meaning.
  for (const name of fs.readdirSync(wal)) {
    if (/^[0-9A-F]{24}$/.test(name) && name !== current.rows[0]?.name) fs.rmSync(path.join(wal, name));
  }
  fs.rmSync(path.join(folder, 'postmaster.pid'), { force: true });
}

/** Pack an initialised folder, compressed. */
export function packTemplate(folder: string): Buffer {
  const entries = entriesOf(folder).map((entry): TarEntry => {
    const content = entry.isFolder ? null : fs.readFileSync(path.join(folder, entry.path));
    return { path: entry.path.split(path.sep).join('/'), content };
  });
  return zlib.gzipSync(packTar(entries), { level: 9 });
}
