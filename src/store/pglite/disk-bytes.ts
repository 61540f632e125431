// How much disk a folder takes.

import fs from 'node:fs/promises';
import path from 'node:path';

/** Bytes of the files below a folder; 0 for none. A file that goes while being counted counts nothing. */
export async function bytesBelow(folder: string | null): Promise<number> {
  if (folder === null) return 0;
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(entry => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return bytesBelow(full);
      return fs.stat(full).then(
        stat => stat.size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((total, size) => total + size, 0);
}
