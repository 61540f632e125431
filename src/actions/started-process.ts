// A process from its start to its end: what it is given, what it writes, and what ends it before its time.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { ActionFault, type ProcessGroups } from '../dispatch/action.js';
import { OutputTail } from './output-tail.js';
import { closeFiles, type OpenFiles, openFiles, type StreamFiles } from './process-files.js';
import { endGroup } from './process-group.js';

/** What a process that has ended may have left open: somebody it has started and left behind holds its output. */
const drainMs = 500;

export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string | undefined;
  readonly environment: { readonly [name: string]: string };
  readonly files: StreamFiles;
}

export type Cause = 'timeout' | 'interrupt' | 'signal';

export interface Guard {
  /** Aborted when the action has to end. */
  readonly signal: AbortSignal;
  readonly destroyOn: ReadonlySet<Cause>;
  readonly groups: ProcessGroups;
}

export interface Ended {
  readonly exitCode: number;
  /** That ended it, `SIGTERM`; `null`: it ended by itself. */
  readonly signal: string | null;
  /** `null`: it went to a file. */
  readonly stdout: OutputTail | null;
  readonly stderr: OutputTail | null;
}

/**
 * Run it to its end.
 *
 * @param stdin what it reads; `null`: nothing, or a file
 * @throws {ActionFault} `ProcessNotStarted`, `ProcessFileFailed`; the reason of the signal when that has ended it
 */
export async function runToEnd(launch: Launch, stdin: string | null, guard: Guard): Promise<Ended> {
  const { signal, groups } = guard;
  const files = await openFiles(launch.files);
  let child: ChildProcess;
  try {
    signal.throwIfAborted();
    child = spawned(launch, stdioOf(files, stdin === null ? 'ignore' : 'pipe', 'pipe'));
    if (child.pid !== undefined) groups.add(child.pid);
  } catch (error) {
    await closeFiles(files);
    throw error;
  }
  // It may not read all it is given, and that is its own affair.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  // Listened to at once: it may end while the files, of which it has copies, are closed.
  const [ended] = await Promise.all([endOf(child, launch, guard), closeFiles(files)]);
  return ended;
}

/** Start it and let it go; its pid. @throws {ActionFault} `ProcessNotStarted`, `ProcessFileFailed` */
export async function startDetached(launch: Launch): Promise<number> {
  const files = await openFiles(launch.files);
  try {
    const child = spawned(launch, stdioOf(files, 'ignore', 'ignore'));
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', error => reject(notStarted(launch, error)));
    });
    child.unref();
    return child.pid!;
  } finally {
    await closeFiles(files);
  }
}

function endOf(child: ChildProcess, launch: Launch, { signal, destroyOn, groups }: Guard): Promise<Ended> {
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  const exit = new Promise<void>(resolve => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    let isEnding = false;
    const aborted = (): void => {
      const cause = causeOf(signal.reason);
      if (cause !== null && !destroyOn.has(cause)) {
        // Nobody waits for what has timed out; it goes on, as long as its thread does.
        if (cause === 'timeout') reject(signal.reason);
        return;
      }
      isEnding = true;
      endGroup(child.pid!, exit, groups).then(() => reject(signal.reason), reject);
    };
    child.once('error', error => {
      signal.removeEventListener('abort', aborted);
      reject(notStarted(launch, error));
    });
    child.once('exit', (code, by) => {
      if (isEnding) return;
      signal.removeEventListener('abort', aborted);
      groups.remove(child.pid!);
      const exitCode = code ?? 128 + constants.signals[by!];
      drained(child).then(() => resolve({ exitCode, signal: by, stdout, stderr }), reject);
    });
    if (child.pid === undefined) return;
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}

/** `null`: the engine stops. What has to end then is ended whatever the definition says, for it is run again. */
function causeOf(reason: unknown): Cause | null {
  if (!(reason instanceof ActionFault)) return null;
  if (reason.code === 'ActionTimeout') return 'timeout';
  return reason.code === 'SignalRaised' ? 'signal' : 'interrupt';
}

/** @throws {ActionFault} `ProcessNotStarted`, for what the system refuses at once */
function spawned(launch: Launch, stdio: StdioOptions): ChildProcess {
  const { command, workingDirectory, environment } = launch;
  try {
    return spawn(command, launch.arguments, {
      stdio,
      env: environment,
      ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
      shell: false,
      // A group of its own, so that it can be ended with all it has started.
      detached: true,
    });
  } catch (error) {
    throw notStarted(launch, error);
  }
}

function stdioOf({ stdin, stdout, stderr }: OpenFiles, input: 'ignore' | 'pipe', output: 'ignore' | 'pipe') {
  return [stdin?.fd ?? input, stdout?.fd ?? output, stderr?.fd ?? output] satisfies StdioOptions;
}

function collected(stream: ChildProcess['stdout']): OutputTail | null {
  if (stream === null) return null;
  const tail = new OutputTail();
  stream.on('data', (chunk: Buffer) => tail.add(chunk));
  return tail;
}

/** What it has written is there. */
function drained(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve();
    }, drainMs);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function notStarted({ command, workingDirectory }: Launch, cause: unknown): ActionFault {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? absent(workingDirectory) : (code ?? message);
  return new ActionFault('ProcessNotStarted', `"${command}" cannot be started: ${why}`, { cause });
}

/** The system says the same of the program and of its folder. */
function absent(workingDirectory: string | undefined): string {
  const isFolder =
    workingDirectory === undefined || statSync(workingDirectory, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? 'there is no such program' : `its working directory "${workingDirectory}" is no folder`;
}
