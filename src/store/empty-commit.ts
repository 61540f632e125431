// What every commit begins with.

import type { Commit } from './contract.js';

/** A commit that does nothing; callers lay over it what theirs does. */
export function emptyCommit(id: string, atMs: number): Commit {
  return {
    id,
    atMs,
    marks: [],
    changes: [],
    guards: [],
    segments: [],
    shared: [],
    roots: [],
    bodies: [],
    working: [],
    spent: [],
    outcomes: [],
    audit: [],
    names: [],
    freedNames: [],
    keys: [],
  };
}
