// The path of a socket in a folder. It may have 107 bytes at most (103 on macOS), and folders are where people want them:
// on Linux the folder is named by a descriptor of this process instead.

import fs from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../observe/errors.js';

/** Where there are no such descriptors: of the folder, beside the longest name we give a socket. */
const folderBytesMax = 103 - '/millrace.sock.draft.00000000-0000-0000-0000-000000000000'.length;

export class SocketPaths {
  readonly #descriptor: number | null;
  readonly #folder: string;

  /** @throws {EngineError} OPTION_INVALID when the folder's path is too long here */
  constructor(folder: string) {
    this.#descriptor = process.platform === 'linux' ? fs.openSync(folder, 'r') : null;
    this.#folder = this.#descriptor === null ? folder : `/proc/self/fd/${this.#descriptor}`;
    if (this.#descriptor === null && Buffer.byteLength(folder) > folderBytesMax) {
      throw new EngineError(
        'OPTION_INVALID',
        `"${folder}" has more than ${folderBytesMax} bytes: no socket fits in it`,
      );
    }
  }

  /** Good until `close`. */
  of(name: string): string {
    return path.join(this.#folder, name);
  }

  close(): void {
    if (this.#descriptor !== null) fs.closeSync(this.#descriptor);
  }
}
