// Looks for the files of a pattern. Folders are read as streams, so that one of a million files costs no memory, and the thread
// goes on with others between two pieces of a folder.

import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { ActionFault } from '../dispatch/action.js';
import { type FilePattern, isLiteral, settled, step } from '../workflow/file-pattern.js';

/** Read at a time. */
const entriesAtOnce = 1_024;
const depthMax = 32;

/** Entries of folders that may still be looked at. */
export interface Budget {
  entries: number;
}

/** Ordinary files by their paths. */
export type Taken = (path: string) => void | Promise<void>;

/** A folder to be looked through, and where in the pattern its entries stand. */
interface Pending {
  readonly folder: string;
  readonly places: readonly number[];
  readonly depth: number;
}

/**
 * Hand over each ordinary file that matches. What is not there is no match.
 *
 * @param budget what is left of it afterwards; below 0: the search was given up
 * @throws {ActionFault} `FilesUnreadable`; the reason of the signal
 */
export async function searchFiles(
  pattern: FilePattern,
  budget: Budget,
  take: Taken,
  signal: AbortSignal,
): Promise<void> {
  const fixed = pattern.findIndex((part, at) => at === pattern.length - 1 || !isLiteral(part));
  const root = `/${pattern.slice(0, fixed).join('/')}`;
  const pending: Pending[] = [{ folder: root, places: settled(pattern, [fixed]), depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { folder, places, depth } = next;
    for await (const entry of entriesOf(folder, pattern, places)) {
      signal.throwIfAborted();
      if (--budget.entries < 0) return;
      const path = folder === '/' ? `/${entry.name}` : `${folder}/${entry.name}`;
      const reached = step(pattern, places, entry.name);
      if (entry.isFile() && reached.includes(pattern.length)) await take(path);
      const inside = reached.filter(at => at < pattern.length);
      if (inside.length > 0 && depth < depthMax && entry.isDirectory()) {
        pending.push({ folder: path, places: inside, depth: depth + 1 });
      }
    }
  }
}

/** Links are links, whatever they lead to. `null`: it is not there. @throws {ActionFault} `FilesUnreadable` */
export async function statsOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    return absent(path, error);
  }
}

type Entry = Pick<Dirent, 'name' | 'isFile' | 'isDirectory'>;

/** Where only one name can match, the folder is not read. */
async function* entriesOf(folder: string, pattern: FilePattern, places: readonly number[]): AsyncGenerator<Entry> {
  const only = places.length === 1 ? pattern[places[0]!]! : null;
  if (only !== null && isLiteral(only)) {
    const stats = await statsOf(`${folder}/${only}`);
    if (stats !== null) {
      yield { name: only, isFile: () => stats.isFile(), isDirectory: () => stats.isDirectory() };
    }
    return;
  }
  try {
    yield* await opendir(folder, { bufferSize: entriesAtOnce });
  } catch (error) {
    absent(folder, error);
  }
}

function absent(path: string, error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  if (code === undefined) throw error;
  throw new ActionFault('FilesUnreadable', `"${path}" cannot be read: ${code}`, { cause: error });
}
