// Where the big files of emptied tables go: TRUNCATE gives back their disk without stopping the store.
//
// Freeing a file costs the file system some 0.3 ms a MB, and PostgreSQL asks for it in the middle of the TRUNCATE, in
// the thread that commits: half a second and more for a generation of 2 GB. So a big file is swapped for an empty one,
// which takes a tenth of a millisecond, and removed off the thread, one file at a time.
//
// What PostgreSQL truncates by its path, to nothing, below `base/`, is a file it is done with (`mdunlink`): it is about
// to be unlinked, or kept empty until the next checkpoint so that its number is not used again. No transaction can see
// it: the one that emptied or dropped the table has committed, and its commit record has been synced (PostgreSQL does
// so before dropping files, whatever `synchronous_commit` says); or the one that made it has been rolled back. In
// recovery the same is replayed. No descriptor of PostgreSQL's is open on it.
//
// The swap: make an empty file in the trash, link the big one into the trash, rename the empty one over the big one.
// A crash
//   - before the link: nothing has happened but an empty file in the trash; recovery replays the commit and swaps again.
//   - between link and rename: the big file has two names. Recovery swaps again, or truncates what both name.
//   - before the removal: the trash is emptied at the next start, in the background.
//   - by power cut, before the folders are on the disk: the big file is back under its path. Recovery replays the
//     commit; after a checkpoint it is a file without a table, as a lost unlink of PostgreSQL's own would be.
//
// Invariants:
//   T1. There is a file under the path at any moment. (Renaming it away and then making an empty one would not do:
//       recovery that misses the first file of a table leaves the further ones for ever.)
//   T2. What cannot be swapped (a file system without links, say) is truncated as before.
//   T3. Whatever is in the trash is nobody's. It is on the disk of the database, and below the folder's lock.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { WasmModule } from './fsync-hook.js';

/** Smaller files are truncated: it takes less than 3 ms. */
const swapFromBytes = 8 * 1024 * 1024;
/** A table's file, or one of its further ones of 1 GB, as PostgreSQL names it. */
const tableFile = /(^|\/)base\/\d+\/\d+(\.\d+)?$/;

export class Trash {
  readonly #folder: string;
  #emptying: Promise<void> = Promise.resolve();

  /** @param folder made when needed; what is in it goes */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of namesIn(folder)) this.#removeLater(name);
  }

  /** Resolves when everything has been removed. */
  get emptied(): Promise<void> {
    return this.#emptying;
  }

  /** Swap big files of tables instead of truncating them. To be called before PostgreSQL starts. */
  install({ FS, NODEFS }: WasmModule): void {
    const truncate = FS.truncate;
    FS.truncate = (target, bytes) => {
      if (bytes === 0 && typeof target === 'string' && tableFile.test(target)) {
        const file = NODEFS.realPath(FS.lookupPath(target, { follow: true }).node);
        if (this.#swap(file)) return;
      }
      truncate(target, bytes);
    };
  }

  #swap(file: string): boolean {
    // A file that is not there, the truncation will tell of.
    if ((fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) < swapFromBytes) return false;
    const name = randomUUID();
    const trashed = path.join(this.#folder, name);
    const empty = `${trashed}.empty`;
    try {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      fs.closeSync(fs.openSync(empty, 'wx', 0o600));
      fs.linkSync(file, trashed);
      fs.renameSync(empty, file); // T1
      return true;
    } catch {
      this.#removeLater(`${name}.empty`);
      return false; // T2
    } finally {
      this.#removeLater(name);
    }
  }

  /** One at a time: the disk is also wanted by the commits. */
  #removeLater(name: string): void {
    const remove = (): Promise<void> => fs.promises.rm(path.join(this.#folder, name), { recursive: true, force: true });
    // One that cannot be removed is tried again at the next start.
    this.#emptying = this.#emptying.then(remove).catch(() => {});
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
