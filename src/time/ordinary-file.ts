// A file that somebody names, read without harm: the one place of this room that reads from disk.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Of an ordinary file and not more than the limit, whatever it grows to meanwhile.
 *
 * @param sizeMax largest file, bytes
 * @throws {Error} of the system with its code; without one when it is no ordinary file, or larger than the limit
 */
export async function readOrdinaryFile(file: string, sizeMax: number): Promise<Buffer> {
  // Without waiting: a pipe would otherwise hold a thread until somebody writes to it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw new Error('is not an ordinary file');
    if (about.size > sizeMax) throw new Error(`is larger than ${sizeMax} bytes`);
    const buffer = Buffer.alloc(about.size);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
