// The path of a socket in a folder. It may have 107 bytes at most (103 on macOS), and folders are where people want them:
// on Linux the folder is named by a descriptor of this process instead.

import fs from 'node:fs';
import path from 'node:path';

export class SocketPaths {
  readonly #descriptor: number | null;
  readonly #folder: string;

  constructor(folder: string) {
    this.#descriptor = process.platform === 'linux' ? fs.openSync(folder, 'r') : null;
    this.#folder = this.#descriptor === null ? folder : `/proc/self/fd/${this.#descriptor}`;
  }

  /** Good until `close`. */
  of(name: string): string {
    return path.join(this.#folder, name);
  }

  close(): void {
    if (this.#descriptor !== null) fs.closeSync(this.#descriptor);
  }
}
