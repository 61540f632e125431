// What reaches the disk, as the kernel sees it: F3 of `src/store/pglite/fsync-hook.ts`, Y3 of
// `src/store/pglite/crash-sync.ts`.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { entriesOf } from '../../src/store/pglite/sync-tree.js';
import { databaseFolder } from '../../src/store/pglite/template.js';
import { freshFolder, insert, rowIds, setup, startTraced } from './setup.js';

const hasStrace = spawnSync('strace', ['--version']).status === 0;

/** Paths that were synced by each of the two calls while a process ran a program on a home. */
async function syncedBy(program: string, home: string): Promise<{ fsync: Set<string>; fdatasync: Set<string> }> {
  const trace = path.join(freshFolder(), 'trace');
  const child = startTraced(trace, program, home);
  await once(child.process, 'exit');
  expect(child.process.exitCode).toBe(0);
  const synced = { fsync: new Set<string>(), fdatasync: new Set<string>() };
  for (const [, call, file] of fs.readFileSync(trace, 'utf8').matchAll(/ (fsync|fdatasync)\(\d+<([^>]*)>/g)) {
    synced[call as 'fsync' | 'fdatasync'].add(file!);
  }
  return synced;
}

describe.runIf(hasStrace)('strace sees', () => {
  test('files synced by their data, and folders whole', async () => {
    const { folder, driver } = await setup();
    await driver.close();
    const program = `const driver = await openPgliteFolder({ folder: argument });
      await driver.script('create table other (id int4)');
      await driver.script('checkpoint');
      await driver.close();`;
    const { fsync, fdatasync } = await syncedBy(program, folder);
    const isFolder = (file: string): boolean => fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const database = databaseFolder(folder);
    const inDatabase = (file: string): boolean => file.startsWith(`${database}/`);
    expect([...fdatasync].filter(isFolder)).toEqual([]);
    expect([...fdatasync].filter(inDatabase).length).toBeGreaterThan(2);
    expect([...fsync].filter(inDatabase).filter(isFolder).length).toBeGreaterThan(0);
  });
  test('all of a database that was relaxed is synced when it is opened strict, once', async () => {
    const { folder, driver } = await setup({ durability: 'relaxed' });
    await driver.transaction([insert(1)]);
    await driver.close();
    const database = databaseFolder(folder);
    const files = entriesOf(database).map(entry => path.join(database, entry.path));
    const open = 'await (await openPgliteFolder({ folder: argument })).close()';
    const { fsync } = await syncedBy(open, folder);
    // Removed by PostgreSQL when it starts or ends, or by us before.
    const isKept = (file: string): boolean => fs.existsSync(file);
    expect(files.filter(isKept).filter(file => !fsync.has(file))).toEqual([]);
    expect((await syncedBy(open, folder)).fsync.size).toBeLessThan(20);
    const { driver: again } = await setup({ folder });
    expect(await rowIds(again)).toEqual([1]);
  });
});
