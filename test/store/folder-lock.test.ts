// K1 and K2 of `src/store/pglite/folder-lock.ts`.

import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/store/pglite/folder-lock.js';
import { currentProcess, startOf } from '../../src/store/pglite/process-identity.js';
import { freshFolder, startChild } from './setup.js';

const holdFolder = `const lock = await lockFolder(argument); say('held'); process.stdin.on('data', async () => {
  await lock.release(); say('released'); process.exit(); });`;

/** What a second process is told, and how long it took. */
async function refusalOf(folder: string): Promise<{ message: string; tookMs: number }> {
  const startedMs = performance.now();
  const error = await lockFolder(folder).then(
    () => new Error('nobody held it'),
    refused => refused as Error,
  );
  return { message: error.message, tookMs: performance.now() - startedMs };
}

function writeLock(folder: string, record: object): void {
  fs.writeFileSync(
    path.join(folder, 'millrace.lock'),
    JSON.stringify({ ...currentProcess(), hasSocket: false, ...record }),
  );
}

test('a second process is told the pid of the first within a second', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  const { message, tookMs } = await refusalOf(folder);
  expect(message).toMatch(new RegExp(`^STORE_LOCKED: .*pid ${holder.process.pid}$`));
  expect(tookMs).toBeLessThan(1_000);
});

test('also when the holder is stopped', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  holder.process.kill('SIGSTOP');
  const { message, tookMs } = await refusalOf(folder);
  expect(message).toContain(`pid ${holder.process.pid}`);
  expect(tookMs).toBeLessThan(1_000);
});

test('also when the holder blocks its event loop', async () => {
  const folder = freshFolder();
  const holder = startChild(
    `await lockFolder(argument); require('fs').writeSync(1, 'held\\n'); for (;;);`.replace(
      `require('fs')`,
      `(await import('node:fs'))`,
    ),
    folder,
  );
  expect(await holder.line()).toBe('held');
  const { message, tookMs } = await refusalOf(folder);
  expect(message).toContain(`pid ${holder.process.pid}`);
  expect(tookMs).toBeLessThan(1_000);
});

test('another name of the same folder is the same folder', async () => {
  const folder = freshFolder();
  const link = `${folder}-link`;
  fs.symlinkSync(folder, link);
  const lock = await lockFolder(folder);
  expect((await refusalOf(link)).message).toContain(`this process (pid ${process.pid})`);
  await lock.release();
  fs.rmSync(link);
});

test('the folder is free after a release, and nothing is left in it', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  holder.process.stdin!.write('release\n');
  expect(await holder.line()).toBe('released');
  const lock = await lockFolder(folder);
  await lock.release();
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('the folder is free when the holder has died, whose file is stale', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  await holder.kill();
  expect(fs.existsSync(path.join(folder, 'millrace.lock'))).toBe(true);
  const lock = await lockFolder(folder);
  const record = JSON.parse(fs.readFileSync(path.join(folder, 'millrace.lock'), 'utf8'));
  expect(record.pid).toBe(process.pid);
  await lock.release();
});

test('a pid that means another process now does not hold it', async () => {
  const folder = freshFolder();
  // This process has the number, but did not start then.
  writeLock(folder, { started: '1' });
  await (await lockFolder(folder)).release();
});

test('half a file, left by a power cut, does not hold it', async () => {
  const folder = freshFolder();
  fs.writeFileSync(path.join(folder, 'millrace.lock'), '{"pid": 1');
  await (await lockFolder(folder)).release();
});

test('a file from before the last boot does not hold it', async () => {
  const folder = freshFolder();
  writeLock(folder, { bootId: 'another boot' });
  await (await lockFolder(folder)).release();
});

test('the file alone is honoured while its process lives: another network namespace has no abstract socket', async () => {
  const folder = freshFolder();
  const pid = process.ppid;
  writeLock(folder, { pid, started: startOf(pid)! });
  expect((await refusalOf(folder)).message).toContain(`pid ${pid}`);
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'millrace.lock'), 'utf8')).pid).toBe(pid);
});

test('the lock of another machine is refused, with what to do', async () => {
  const folder = freshFolder();
  writeLock(folder, { bootId: 'another boot', host: 'elsewhere', pid: 77 });
  const { message } = await refusalOf(folder);
  expect(message).toContain('pid 77 of "elsewhere"');
  expect(message).toContain(`remove "${path.join(folder, 'millrace.lock')}"`);
});

test.runIf(process.platform === 'linux')(
  'a holder in another container is asked by the socket in the folder',
  async () => {
    const folder = freshFolder();
    const file = path.join(folder, 'millrace.lock');
    // Played with a holder whose file says another process namespace; its abstract socket is out of sight when the
    // folder is another inode, so the lock's files are moved to one.
    const holder = startChild(holdFolder, folder);
    expect(await holder.line()).toBe('held');
    const other = freshFolder();
    const record = JSON.parse(fs.readFileSync(file, 'utf8'));
    expect(record.hasSocket).toBe(true);
    fs.linkSync(path.join(folder, 'millrace.sock'), path.join(other, 'millrace.sock'));
    writeLock(other, { ...record, pidNamespace: 'pid:[1]' });
    expect((await refusalOf(other)).message).toContain(`pid ${holder.process.pid}`);
    await holder.kill();
    await (await lockFolder(other)).release();
  },
);
