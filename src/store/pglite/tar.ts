// Tar archives of a data folder: folders and regular files, paths of at most 100 bytes.
//
// Own code because the one other reader at hand, PGlite's, writes into its file system only; for a home in memory that
// is just what is wanted, so the format has to be one it reads.

const blockBytes = 512;

export interface TarEntry {
  /** Relative, with `/`. */
  readonly path: string;
  /** `null`: a folder. */
  readonly content: Uint8Array | null;
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`too long for a tar header: ${entry.path}`);
  const isFolder = entry.content === null;
  block.write(entry.path, 0);
  block.write(isFolder ? '0000700\0' : '0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${(entry.content?.length ?? 0).toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148); // the checksum counts itself as blanks
  block.write(isFolder ? '5' : '0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Entries must come with their folders first. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.content === null) continue;
    parts.push(entry.content, Buffer.alloc((blockBytes - (entry.content.length % blockBytes)) % blockBytes));
  }
  parts.push(Buffer.alloc(2 * blockBytes));
  return Buffer.concat(parts);
}

/** The entries of an archive made by `packTar`; contents are views. */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  for (let at = 0; at + blockBytes <= archive.length && archive[at] !== 0; ) {
    const path = archive.toString('utf8', at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    const isFolder = archive[at + 156] === 0x35;
    at += blockBytes;
    yield { path, content: isFolder ? null : archive.subarray(at, at + size) };
    at += Math.ceil(size / blockBytes) * blockBytes;
  }
}
