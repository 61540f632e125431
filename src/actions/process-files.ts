// The files that the streams of a process are led from and to: ordinary ones, which are opened without following a link that
// somebody has put in their place, and without waiting for whoever might hold the other end of a pipe.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ActionFault } from '../dispatch/action.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK, O_NOFOLLOW } = constants;

export interface StreamFiles {
  readonly stdin: string | null;
  readonly stdout: string | null;
  readonly stderr: string | null;
}

export type OpenFiles = { readonly [stream in keyof StreamFiles]: FileHandle | null };

/** @throws {ActionFault} `ProcessFileFailed` */
export async function openFiles({ stdin, stdout, stderr }: StreamFiles): Promise<OpenFiles> {
  const opened: FileHandle[] = [];
  const opens = async (file: string | null, flags: number): Promise<FileHandle | null> => {
    if (file === null) return null;
    const handle = await openOrdinary(file, flags);
    opened.push(handle);
    return handle;
  };
  const writes = O_WRONLY | O_CREAT | O_TRUNC;
  try {
    const reads = await opens(stdin, O_RDONLY);
    const out = await opens(stdout, writes);
    // One file for both is opened once: with a place of its own each would write over the other.
    return { stdin: reads, stdout: out, stderr: stderr === stdout ? out : await opens(stderr, writes) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

export async function closeFiles({ stdin, stdout, stderr }: OpenFiles): Promise<void> {
  await closeAll([...new Set([stdin, stdout, stderr])].filter(handle => handle !== null));
}

async function closeAll(handles: readonly FileHandle[]): Promise<void> {
  await Promise.all(handles.map(handle => handle.close()));
}

async function openOrdinary(file: string, flags: number): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, flags | O_NONBLOCK | O_NOFOLLOW);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const why = code === 'ELOOP' ? 'it is a link' : code;
    throw new ActionFault('ProcessFileFailed', `"${file}" cannot be opened: ${why}`, { cause });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new ActionFault('ProcessFileFailed', `"${file}" is no ordinary file`);
}
