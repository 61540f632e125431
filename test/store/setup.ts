// A fresh home per test, and processes that can be killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { builtFile } from '../../src/observe/thread-entry.js';
import type { SqlCall, SqlDriver, SqlStatement } from '../../src/store/driver.js';
import { openPgliteFolder, type PgliteFolderOptions, type ThreadedDriver } from '../../src/store/pglite/threaded.js';
import { optimizeLater } from '../optimize-later.js';
import './postgres-module.js';

/** An empty folder that goes when the test ends. */
export function freshFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-store-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A home with a table `t(id, v)`. */
export async function setup(options: Partial<PgliteFolderOptions> = {}): Promise<{
  folder: string;
  driver: ThreadedDriver;
}> {
  const folder = options.folder ?? freshFolder();
  const driver = await openPgliteFolder({ ...options, folder });
  onTestFinished(() => driver.close());
  await driver.script('create table if not exists t (id int4 primary key, v text)');
  return { folder, driver };
}

const insertStatement: SqlStatement = { name: 'insert', text: 'insert into t values ($1::int4, $2::text)' };

export function insert(id: number, v = 'x'): SqlCall {
  return { statement: insertStatement, parameters: [String(id), v] };
}

/** Ids of the rows that are there. */
export async function rowIds(driver: SqlDriver): Promise<number[]> {
  const statement = { name: 'ids', text: 'select id from t order by id' };
  const [rows] = await driver.transaction([{ statement, parameters: [], results: 'text' }]);
  return rows!.map(row => Number(Buffer.from(row[0]!).toString()));
}

export interface Child {
  readonly process: ChildProcess;
  /** The next line it prints, or `null` when it has ended. */
  line(): Promise<string | null>;
  /** End it as a power cut would end it, as far as this process can. */
  kill(): Promise<void>;
}

/** Run a program, given as the text of a module that may use `openPgliteFolder`, `openSharedFolder` and `lockFolder`. */
export function startChild(program: string, ...args: string[]): Child {
  return start([process.execPath], program, args);
}

/** The same for a whole file, which must kill it itself. */
export function startChildOfFile(program: string, ...args: string[]): Child {
  return spawned([process.execPath], program, args);
}

/** The same in process and network namespaces of its own, where it has the number 1. */
export function startContainer(program: string, ...args: string[]): Child {
  return start(['unshare', '--net', '--pid', '--fork', '--kill-child', process.execPath], program, args);
}

/** The same below strace, which writes its calls of fsync and fdatasync to a file. */
export function startTraced(trace: string, program: string, ...args: string[]): Child {
  const strace = ['-f', '-y', '-qq', '-e', 'trace=fsync,fdatasync', '-o', trace] as const;
  return start(['strace', ...strace, process.execPath], program, args);
}

function start(command: readonly [string, ...string[]], program: string, args: readonly string[]): Child {
  const child = spawned(command, program, args);
  onTestFinished(child.kill);
  return child;
}

function spawned(
  [command, ...before]: readonly [string, ...string[]],
  program: string,
  args: readonly string[],
): Child {
  const text = `
    import { openPgliteFolder } from '${builtFile('src/store/pglite/threaded.js')}';
    import { openSharedFolder } from '${builtFile('src/store/pglite/shared/folder.js')}';
    import { lockFolder } from '${builtFile('src/store/pglite/folder-lock.js')}';
    const [argument, ...rest] = process.argv.slice(1);
    const say = text => process.stdout.write(text + '\\n');
    ${program}`;
  const child = spawn(command, [...before, optimizeLater, '--input-type=module', '-e', text, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    process: child,
    kill,
    async line() {
      const next = await lines.next();
      return next.done ? null : next.value;
    },
  };
}
