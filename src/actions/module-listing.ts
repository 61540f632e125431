// The module files of a branch: of its LISTENER_CLASSPATH the files as they are given, of folders those in them, by name.
//
// Folders are looked at here, in the thread, and not when the configuration is read: a module that is put into one is found
// a second later, and an engine that reads a large folder does so beside its work.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { staleMs } from './user-module.js';

/** Most files that are searched. */
export const filesMax = 100;

export interface Listed {
  readonly files: readonly string[];
  /** Those beyond `filesMax` are not searched. */
  readonly beyond: number;
  /** Paths where no module can be, each with the reason. */
  readonly unusable: readonly string[];
}

export class ModuleListing {
  readonly #paths: readonly string[];
  #listed: Listed | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** What is on disk, at most a second old: the same object as long as it is the same. */
  look(nowMs: number): Listed {
    if (this.#listed !== null && nowMs - this.#lookedAtMs < staleMs) return this.#listed;
    this.#lookedAtMs = nowMs;
    const listed = list(this.#paths);
    if (this.#listed === null || JSON.stringify(listed) !== JSON.stringify(this.#listed)) this.#listed = listed;
    return this.#listed;
  }
}

const listings = new Map<string, ModuleListing>();

/** One listing for all that search the same paths. */
export function moduleListing(paths: readonly string[]): ModuleListing {
  const key = JSON.stringify(paths);
  let listing = listings.get(key);
  if (listing === undefined) {
    listing = new ModuleListing(paths);
    listings.set(key, listing);
  }
  return listing;
}

function list(paths: readonly string[]): Listed {
  const files = new Set<string>();
  const unusable: string[] = [];
  for (const given of paths) {
    try {
      const stat = statSync(given, { throwIfNoEntry: false });
      if (stat === undefined) unusable.push(`${given} (not there)`);
      else if (stat.isFile()) files.add(given);
      else if (stat.isDirectory()) {
        const found = modulesIn(given);
        if (found.length === 0) unusable.push(`${given} (no modules)`);
        for (const file of found) files.add(file);
      } else unusable.push(`${given} (neither file nor folder)`);
    } catch (error) {
      unusable.push(`${given} (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    }
  }
  return { files: [...files].slice(0, filesMax), beyond: Math.max(0, files.size - filesMax), unusable };
}

/** By name, in the order of code units, which is the same everywhere. */
function modulesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => /\.[mc]?js$/.test(name))
    .sort()
    .map(name => path.join(folder, name))
    .filter(isFile);
}

/** What cannot be looked at (a link to itself, say) is none; the others of its folder are. */
function isFile(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}
