// L1 to L4 of `src/store/pglite/template.ts`.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import { migrate, schemaDigest, schemaScripts } from '../../src/store/migrations/index.js';
import { inspectFolder, layDown, pgliteVersion, readTemplate, templateFile } from '../../src/store/pglite/template.js';
import { openPgliteFolder } from '../../src/store/pglite/threaded.js';
import { textRows } from '../../src/store/text-rows.js';
import { freshFolder, insert, rowIds, setup } from './setup.js';

test('the template is made with the PGlite that is installed', () => {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = path.join(path.dirname(entry), '..', 'package.json');
  expect(JSON.parse(fs.readFileSync(manifest, 'utf8')).version).toBe(pgliteVersion);
  expect(readTemplate()).not.toBeNull();
});

test('the template holds the schema of this version, so that a first start migrates nothing', async () => {
  expect(path.basename(templateFile().pathname)).toContain(schemaDigest());
  const { driver } = await setup();
  const statement = {
    name: 'xid',
    text: 'select pg_snapshot_xmax(pg_current_snapshot()), count(*) from millrace_migration',
  };
  const ask = async (): Promise<string[][]> =>
    textRows((await driver.transaction([{ statement, parameters: [], results: 'text' }]))[0]!) as string[][];
  const before = await ask();
  expect(before[0]![1]).toBe(String(schemaScripts().length - 1));
  await migrate(driver);
  expect(await ask()).toEqual(before);
});

test('a folder that does not exist is made, deep', async () => {
  const folder = path.join(freshFolder(), 'a', 'b');
  const { driver } = await setup({ folder });
  await driver.transaction([insert(1)]);
  expect(await rowIds(driver)).toEqual([1]);
});

test('a home is only readable by its owner', async () => {
  const { folder } = await setup();
  expect(fs.statSync(path.join(folder, 'pglite')).mode & 0o077).toBe(0);
});

test('a second start leaves the database as it is', async () => {
  const { folder, driver } = await setup();
  await driver.transaction([insert(1)]);
  await driver.close();
  const { driver: again } = await setup({ folder });
  expect(await rowIds(again)).toEqual([1]);
});

test('a first start that was interrupted is begun again', async () => {
  const folder = freshFolder();
  const crash = layDown(folder, {
    afterUnpack: () => {
      throw new Error('power cut');
    },
  });
  await expect(crash).rejects.toThrow('power cut');
  expect(fs.readdirSync(folder)).toEqual(['pglite.new']);
  fs.rmSync(path.join(folder, 'pglite.new', 'PG_VERSION'));
  const { driver } = await setup({ folder });
  await driver.transaction([insert(1)]);
  expect(fs.existsSync(path.join(folder, 'pglite.new'))).toBe(false);
});

test('a folder with something else in it is refused and not touched', async () => {
  const folder = freshFolder();
  fs.writeFileSync(path.join(folder, 'thesis.tex'), 'five years');
  await expect(openPgliteFolder({ folder })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('thesis.tex'),
  });
  expect(fs.readdirSync(folder)).toEqual(['thesis.tex']);
});

test('a folder that is itself a database of PGlite is refused and not touched', async () => {
  const folder = freshFolder();
  fs.writeFileSync(path.join(folder, 'PG_VERSION'), '18\n');
  fs.mkdirSync(path.join(folder, 'base'));
  await expect(openPgliteFolder({ folder })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  expect(fs.readdirSync(folder).sort()).toEqual(['PG_VERSION', 'base']);
});

test('a file in place of the folder is refused', async () => {
  const file = path.join(freshFolder(), 'file');
  fs.writeFileSync(file, '');
  await expect(openPgliteFolder({ folder: file })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test('a newer database is refused', () => {
  const folder = freshFolder();
  fs.mkdirSync(path.join(folder, 'pglite'));
  fs.writeFileSync(path.join(folder, 'pglite', 'PG_VERSION'), '19\n');
  expect(() => inspectFolder(folder)).toThrow('STORE_NEWER');
});

test('a database that is damaged is refused with what PostgreSQL says, and the folder is free again', async () => {
  const { folder, driver } = await setup();
  await driver.close();
  fs.rmSync(path.join(folder, 'pglite', 'global', 'pg_control'));
  await expect(openPgliteFolder({ folder })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('pg_control'),
  });
  expect(fs.existsSync(path.join(folder, 'millrace.lock'))).toBe(false);
});
