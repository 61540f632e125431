// K1 to K4 of `src/store/pglite/folder-lock.ts`.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { lockFolder } from '../../src/store/pglite/folder-lock.js';
import { currentProcess, startOf } from '../../src/store/process-identity.js';
import { standStill } from '../servers/standstill.js';
import { freshFolder, startChild, startContainer } from './setup.js';

/** A second, and what a busy machine takes. */
const atOnceMs = 1_000 + 5_000;

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
    JSON.stringify({ ...currentProcess(), socket: null, ...record }),
  );
}

test('a second process is told the pid of the first within a second', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  const { message, tookMs } = await refusalOf(folder);
  expect(message).toMatch(new RegExp(`^STORE_LOCKED: .*pid ${holder.process.pid}$`));
  expect(tookMs).toBeLessThan(atOnceMs);
});

test('also when the holder is stopped', async () => {
  const folder = freshFolder();
  const holder = startChild(holdFolder, folder);
  expect(await holder.line()).toBe('held');
  await standStill(holder.process);
  const { message, tookMs } = await refusalOf(folder);
  expect(message).toContain(`pid ${holder.process.pid}`);
  expect(tookMs).toBeLessThan(atOnceMs);
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
  expect(tookMs).toBeLessThan(atOnceMs);
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

test('a file from before the last boot of this machine does not hold it', async () => {
  const folder = freshFolder();
  const self = { ...currentProcess(), machineId: 'this machine' };
  writeLock(folder, { ...self, bootId: 'another boot' });
  await (await lockFolder(folder, self)).release();
});

test.each([
  ['of another machine with the same host name', 'this machine', { machineId: 'another machine' }],
  ['of a copy of this machine, which has another host name', 'this machine', { machineId: 'this machine', host: 'b' }],
  ['where machines have no id', '', { machineId: '' }],
  ['that has no machine id', 'this machine', { machineId: undefined }],
])('a file of another boot %s is refused, with what to do', async (_, machineId, record) => {
  const folder = freshFolder();
  const self = { ...currentProcess(), machineId };
  writeLock(folder, { ...self, bootId: 'another boot', ...record });
  const file = path.join(folder, 'millrace.lock');
  await expect(lockFolder(folder, self)).rejects.toThrow(`remove "${file}"`);
  expect(fs.readdirSync(folder)).toEqual(['millrace.lock']);
});

test('the file alone is honoured while its process lives: another network namespace has no abstract socket', async () => {
  const folder = freshFolder();
  const pid = process.ppid;
  writeLock(folder, { pid, started: startOf(pid)! });
  expect((await refusalOf(folder)).message).toContain(`pid ${pid}`);
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'millrace.lock'), 'utf8')).pid).toBe(pid);
});

test('a lock that another has moved as stale holds the folder while its process lives', async () => {
  const folder = freshFolder();
  const moved = path.join(folder, 'millrace.lock.stale.0');
  const pid = process.ppid;
  writeLock(folder, { pid, started: startOf(pid)! });
  fs.renameSync(path.join(folder, 'millrace.lock'), moved);
  expect((await refusalOf(folder)).message).toContain(`pid ${pid}`);
  expect(fs.readdirSync(folder)).toEqual(['millrace.lock.stale.0']);
  writeLock(folder, { pid, started: '1' });
  fs.renameSync(path.join(folder, 'millrace.lock'), moved);
  await (await lockFolder(folder)).release();
  expect(fs.readdirSync(folder)).toEqual([]);
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
    fs.linkSync(path.join(folder, record.socket), path.join(other, record.socket));
    writeLock(other, { ...record, pidNamespace: 'pid:[1]' });
    expect((await refusalOf(other)).message).toContain(`pid ${holder.process.pid}`);
    await holder.kill();
    const lock = await lockFolder(other);
    // The socket of the dead holder is gone with its lock.
    expect(fs.readdirSync(other).filter(name => name.includes('sock'))).not.toContain(record.socket);
    await lock.release();
    expect(fs.readdirSync(other)).toEqual([]);
  },
);

test.runIf(process.platform === 'linux')(
  'a socket that cannot be asked says nothing of its process: the folder is refused',
  async () => {
    const folder = freshFolder();
    const socket = 'millrace.sock.0';
    // A loop of links: connecting fails with ELOOP, which is neither "nobody listens" nor "gone".
    fs.symlinkSync(socket, path.join(folder, socket));
    writeLock(folder, { pid: 77, pidNamespace: 'pid:[1]', socket });
    expect((await refusalOf(folder)).message).toContain('pid 77');
    fs.rmSync(path.join(folder, socket));
    await (await lockFolder(folder)).release();
  },
);

const canUnshare = process.platform === 'linux' && spawnSync('unshare', ['-npf', 'true']).status === 0;

describe.runIf(canUnshare)('containers: process and network namespaces of their own, a folder they share', () => {
  const tryFolder = `say('ready'); process.stdin.once('data', () => lockFolder(argument).then(
    () => say('held ' + process.pid), error => { say(error.code); process.exit(); }));`;

  test('one that starts while another is starting leaves the socket of the other', async () => {
    const folder = freshFolder();
    const file = path.join(folder, 'millrace.lock');
    const holder = startContainer(tryFolder, folder);
    expect(await holder.line()).toBe('ready');
    holder.process.stdin!.write('go\n');
    expect(await holder.line()).toBe('held 1');
    // As if it had its socket and not yet its file.
    fs.renameSync(file, `${file}.later`);
    await (await lockFolder(folder)).release();
    fs.renameSync(`${file}.later`, file);
    expect((await refusalOf(folder)).message).toContain('held by pid 1');
    await holder.kill();
    // What was killed is `unshare`; the kernel then kills the holder below it.
    await vi.waitFor(async () => (await lockFolder(folder)).release(), 30_000);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('of several that start together, all with the same pid, one gets it', async () => {
    const folder = freshFolder();
    const contenders = Array.from({ length: 4 }, () => startContainer(tryFolder, folder));
    for (const contender of contenders) expect(await contender.line()).toBe('ready');
    for (const contender of contenders) contender.process.stdin!.write('go\n');
    const told = await Promise.all(contenders.map(contender => contender.line()));
    expect(told.toSorted()).toEqual(['STORE_LOCKED', 'STORE_LOCKED', 'STORE_LOCKED', 'held 1']);
    expect((await refusalOf(folder)).message).toContain('held by pid 1');
    expect(fs.readdirSync(folder).length).toBe(2);
  });
});
