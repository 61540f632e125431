// One process to a folder: two PGlites on one folder lose data without a word, and PGlite's own pid file does not help.
//
// Three locks, because each sees what the others cannot:
//   1. On Linux an abstract socket named after the folder's device and inode. The kernel gives it to one process and
//      takes it back when that dies, however it dies. It is seen within one network namespace.
//   2. `millrace.lock`, which says who holds the folder. It is seen by everyone who sees the folder, and believed while
//      the process it names lives with the same start time.
//   3. On Linux `millrace.sock`, a socket in the folder. A container cannot see the processes of another, but it can
//      connect to a socket in a folder they share: refused means that its process is gone.
//
// Invariants:
//   K1. A lock is never taken from a process that may live. Where nothing can be known (another machine's lock on a
//       network folder) the folder is refused, and the message says which file to remove.
//   K2. Whoever is refused is told the pid within a second, even if the holder is stopped or its loop blocked: the
//       kernel refuses, and the file says who.

import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { EngineError } from '../../observe/errors.js';
import { currentProcess, type ProcessIdentity, startOf } from './process-identity.js';

export interface FolderLock {
  release(): Promise<void>;
}

interface LockRecord extends ProcessIdentity {
  /** `millrace.sock` was made, so it can be asked whether the process lives. */
  readonly hasSocket: boolean;
}

const answerMs = 300;
const isLinux = process.platform === 'linux';

/**
 * Take the folder for this process, making it if absent.
 *
 * @throws {EngineError} STORE_LOCKED with the holder's pid
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'millrace.lock');
  const abstract = isLinux ? await listen(abstractName(folder)) : null;
  if (abstract === 'taken') throw locked(folder, (await askPid(abstractName(folder))) ?? readRecord(file)?.pid);
  const directory = isLinux ? fs.openSync(folder, 'r') : null;
  // Through the folder's descriptor, because the path of a socket may not be longer than 107 bytes.
  const socketPath = directory === null ? null : `/proc/self/fd/${directory}/millrace.sock`;
  let socket: net.Server | null = null;
  const release = async (): Promise<void> => {
    if (socket !== null) await closed(socket);
    if (directory !== null) fs.closeSync(directory);
    if (abstract !== null) await closed(abstract);
  };
  try {
    await clearStale(folder, file, socketPath);
    if (socketPath !== null) {
      fs.rmSync(socketPath, { force: true });
      // A file system may not have sockets; then the other two locks must do.
      const made = await listen(socketPath).catch(() => null);
      socket = made === 'taken' ? null : made;
    }
    const record: LockRecord = { ...currentProcess(), hasSocket: socket !== null };
    const text = `${JSON.stringify(record)}\n`;
    if (!createWhole(file, text)) throw locked(folder, readRecord(file)?.pid);
    return {
      async release() {
        // Gone or somebody else's, if a person removed ours: then there is nothing to remove.
        if (readText(file) === text) fs.rmSync(file, { force: true });
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

/** True when a process listens on a socket, be it stopped: the kernel connects on its behalf. */
function isListening(name: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = net.connect(name);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
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
  const draft = `${file}.${process.pid}`;
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

/** Take the lock file of a process that is gone out of the way; throw when it may live (K1). */
async function clearStale(folder: string, file: string, socketPath: string | null): Promise<void> {
  const text = readText(file);
  if (text === null) return;
  const record = readRecord(file);
  if (record !== null && (await mayLive(record, file, socketPath))) throw locked(folder, record.pid);
  // Moved, not removed: what was moved is what was judged, or another has taken over in between.
  const moved = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const isOther = readText(moved) !== text;
  if (isOther) fs.linkSync(moved, file);
  fs.rmSync(moved);
  if (isOther) throw locked(folder, readRecord(file)?.pid);
}

async function mayLive(record: LockRecord, file: string, socketPath: string | null): Promise<boolean> {
  const self = currentProcess();
  if (record.bootId !== self.bootId) {
    if (record.host === self.host) return false; // the machine has been started since
    throw new EngineError(
      'STORE_LOCKED',
      `the store is held by pid ${record.pid} of "${record.host}"; if that no longer runs, remove "${file}"`,
    );
  }
  if (record.pidNamespace === self.pidNamespace) return startOf(record.pid) === record.started;
  if (record.hasSocket && socketPath !== null) return isListening(socketPath);
  return true;
}
