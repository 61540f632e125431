// One process to a folder: two PGlites on one folder lose data without a word, and PGlite's own pid file does not help.
//
// Three locks, because each sees what the others cannot:
//   1. On Linux an abstract socket named after the folder's device and inode. The kernel gives it to one process and
//      takes it back when that dies, however it dies. It is seen within one network namespace.
//   2. `millrace.lock`, which says who holds the folder. It is seen by everyone who sees the folder, and believed while
//      the process it names lives with the same start time.
//   3. On Linux `millrace.sock.<random>`, a socket in the folder, which the file names. A container cannot see the
//      processes of another, but it can connect to a socket in a folder they share: refused means that its process is
//      gone.
//
// Invariants:
//   K1. A lock is never taken from a process that may live. Where nothing can be known (another machine's lock on a
//       network folder) the folder is refused, and the message says which file to remove.
//       Another boot of this machine is told by its machine id, and by its host name, because a copy of a machine has
//       the id of the original, and a container the host name of one that runs elsewhere.
//   K2. Whoever is refused is told the pid within a second, even if the holder is stopped or its loop blocked: the
//       kernel refuses, and the file says who.
//   K3. Nobody removes what another made but the file and the socket of one that is gone. Names are random where two may
//       make a file at once: processes of two containers can have the same number.
//   K4. A lock that was taken for a stale one is still believed. Judging and moving are two steps, so of three that start
//       at once one can move the fresh lock of another while the third makes its own; the third then finds the moved one.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { EngineError } from '../../observe/errors.js';
import { currentProcess, fateOf, type ProcessIdentity } from '../process-identity.js';
import { SocketPaths } from './socket-path.js';

export interface FolderLock {
  release(): Promise<void>;
}

interface LockRecord extends ProcessIdentity {
  /** Name of its socket in the folder, which can be asked whether the process lives; `null` where none could be made. */
  readonly socket: string | null;
}

const answerMs = 300;
const isLinux = process.platform === 'linux';
const stalePrefix = 'millrace.lock.stale.';
const socketName = /^millrace\.sock\.[0-9a-f-]+$/;
/** What connecting says when nobody listens: the socket has lost its process, or is gone, which only its owner and
 * whoever took a stale lock brings about. Anything else (no right to connect, a full queue) says nothing (K1). */
const nobodyListens = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Take the folder for this process, making it if absent.
 *
 * @param self tests play processes of other machines and boots
 * @throws {EngineError} STORE_LOCKED with the holder's pid
 */
export async function lockFolder(folder: string, self: ProcessIdentity = currentProcess()): Promise<FolderLock> {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'millrace.lock');
  const abstract = isLinux ? await listen(abstractName(folder)) : null;
  if (abstract === 'taken') throw locked(folder, (await askPid(abstractName(folder))) ?? readRecord(file)?.pid);
  const sockets = isLinux ? new SocketPaths(folder) : null;
  let socket: net.Server | null = null;
  const release = async (): Promise<void> => {
    if (socket !== null) await closed(socket);
    sockets?.close();
    if (abstract !== null) await closed(abstract);
  };
  try {
    await clearStale(folder, file, sockets, self);
    const name = `millrace.sock.${randomUUID()}`;
    if (sockets !== null) {
      // A file system may not have sockets; then the other two locks must do.
      const made = await listen(sockets.of(name)).catch(() => null);
      socket = made === 'taken' ? null : made;
    }
    const record: LockRecord = { ...self, socket: socket === null ? null : name };
    const text = `${JSON.stringify(record)}\n`;
    if (!createWhole(file, text)) throw locked(folder, readRecord(file)?.pid);
    // Gone or somebody else's, if a person removed ours: then there is nothing to remove.
    const giveBack = (): void => {
      if (readText(file) === text) fs.rmSync(file, { force: true });
    };
    const holder = await displacedHolder(folder, text, sockets, self);
    if (holder !== null) {
      giveBack();
      throw locked(folder, holder.pid);
    }
    return {
      async release() {
        giveBack();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function abstractName(folder: string): string {
  const { dev, ino } = fs.statSync(folder, { bigint: true });
  return `\0millrace-store-${dev.toString(16)}-${ino.toString(16)}`;
}

function locked(folder: string, pid: number | undefined): EngineError {
  const who = pid === undefined ? 'another process' : pid === process.pid ? `this process (pid ${pid})` : `pid ${pid}`;
  return new EngineError('STORE_LOCKED', `the store in "${folder}" is held by ${who}`);
}

/** Listen on a name, telling our pid to whoever connects. The server keeps no process alive. */
function listen(name: string): Promise<net.Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = net.createServer(connection => {
      connection.on('error', () => {}); // whoever asked is gone
      connection.end(`${process.pid}\n`);
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken');
      else reject(error);
    });
    server.listen(name, () => resolve(server));
    server.unref();
  });
}

function closed(server: net.Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()));
}

/** What the process behind a name answers; `undefined` if it does not in time. */
function askPid(name: string): Promise<number | undefined> {
  return new Promise(resolve => {
    let answer = '';
    const connection = net.connect(name);
    connection.setTimeout(answerMs, () => connection.destroy());
    connection.on('data', chunk => {
      answer += String(chunk);
    });
    connection.on('error', () => {}); // 'close' follows
    connection.on('close', () => resolve(Number.parseInt(answer, 10) || undefined));
  });
}

/** False only when it is certain that no process listens on a socket. One that is stopped does: the kernel connects on
 * its behalf. */
function mayListen(name: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = net.connect(name);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', (error: NodeJS.ErrnoException) => resolve(!nobodyListens.has(error.code ?? '')));
  });
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function readRecord(file: string): LockRecord | null {
  const text = readText(file);
  if (text === null) return null;
  try {
    return JSON.parse(text) as LockRecord;
  } catch {
    // Written whole or not at all, so this is no lock of ours: half a file left by a power cut.
    return null;
  }
}

/** Create a file that appears with its content, unless there is one. */
function createWhole(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}`; // K3
  fs.writeFileSync(draft, text, { mode: 0o600 });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(draft);
  }
}

/** Take the lock file of a process that is gone out of the way, and its socket; throw when it may live (K1). */
async function clearStale(
  folder: string,
  file: string,
  sockets: SocketPaths | null,
  self: ProcessIdentity,
): Promise<void> {
  const text = readText(file);
  if (text === null) return;
  const record = readRecord(file);
  if (record !== null && (await mayLive(record, file, sockets, self))) throw locked(folder, record.pid);
  // Moved, not removed: what was moved is what was judged, or another has taken over in between.
  const moved = path.join(folder, `${stalePrefix}${randomUUID()}`); // K3
  try {
    fs.renameSync(file, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readText(moved) !== text) {
    // Where a third has made a lock meanwhile this one stays as it is, and the third gives way to it (K4).
    if (putBack(moved, file)) fs.rmSync(moved, { force: true });
    throw locked(folder, readRecord(file)?.pid);
  }
  fs.rmSync(moved, { force: true });
  const socket = socketOf(record);
  if (socket !== null) fs.rmSync(path.join(folder, socket), { force: true });
}

/** False when there is another lock, or the moved one has been cleared as stale. */
function putBack(moved: string, file: string): boolean {
  try {
    fs.linkSync(moved, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

/** K4: a lock beside ours that was moved and may live. Those that are stale go. */
async function displacedHolder(
  folder: string,
  ours: string,
  sockets: SocketPaths | null,
  self: ProcessIdentity,
): Promise<LockRecord | null> {
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(stalePrefix)) continue;
    const file = path.join(folder, name);
    if (readText(file) === ours) continue;
    const record = readRecord(file);
    if (record !== null && (await mayLive(record, file, sockets, self))) return record;
    fs.rmSync(file, { force: true });
  }
  return null;
}

async function mayLive(
  record: LockRecord,
  file: string,
  sockets: SocketPaths | null,
  self: ProcessIdentity,
): Promise<boolean> {
  const fate = fateOf(record, self);
  if (fate !== 'unknown') return fate === 'lives';
  if (record.bootId !== self.bootId) {
    throw new EngineError(
      'STORE_LOCKED',
      `the store is held by pid ${record.pid} of "${record.host}"; if that no longer runs, remove "${file}"`,
    );
  }
  const socket = socketOf(record);
  return socket === null || sockets === null || mayListen(sockets.of(socket));
}

/** The socket a record names, if it is one of ours: the file may have been written by anybody. */
function socketOf(record: LockRecord | null): string | null {
  const name = record?.socket;
  return typeof name === 'string' && socketName.test(name) ? name : null;
}
