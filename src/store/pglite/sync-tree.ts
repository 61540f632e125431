// A folder and everything in it, on the disk.

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export interface TreeEntry {
  /** Relative to the folder. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** At once: the file system then writes its journal once for many. Bounded: each is an open file. */
const syncedAtOnce = 64;

const openEntry = promisify(fs.open);
const closeEntry = promisify(fs.close);
const fsyncEntry = promisify(fs.fsync);

/** Folders before what is in them. */
export function entriesOf(folder: string): TreeEntry[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile()) return [];
    const below = isFolder ? entriesOf(path.join(folder, entry.name)) : [];
    return [
      { path: entry.name, isFolder },
      ...below.map(inner => ({ ...inner, path: path.join(entry.name, inner.path) })),
    ];
  });
}

export async function syncEntry(entry: string): Promise<void> {
  const handle = await openEntry(entry, 'r');
  try {
    await fsyncEntry(handle);
  } finally {
    await closeEntry(handle);
  }
}

/** @param before is called for each entry just before it is synced */
export async function syncTree(folder: string, before: (entry: string) => void = () => {}): Promise<void> {
  const left = ['.', ...entriesOf(folder).map(entry => entry.path)].map(entry => path.join(folder, entry));
  const work = async (): Promise<void> => {
    for (let entry = left.pop(); entry !== undefined; entry = left.pop()) {
      before(entry);
      await syncEntry(entry);
    }
  };
  await Promise.all(Array.from({ length: syncedAtOnce }, work));
}
