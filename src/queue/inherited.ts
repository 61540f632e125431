// A property of the tree of branches: the nearest value set at or above a branch holds, else the default.

export class Inherited<T> {
  readonly #set = new Map<string, T>();
  readonly #default: T;

  constructor(defaultValue: T) {
    this.#default = defaultValue;
  }

  set(branch: string, value: T | null): void {
    if (value === null) this.#set.delete(branch);
    else this.#set.set(branch, value);
  }

  all(): ReadonlyMap<string, T> {
    return new Map(this.#set);
  }

  at(branch: string): T {
    return nearest(this.#set, branch) ?? this.#default;
  }

  /** The branch whose value holds at a branch; `null`: none has one. */
  sourceOf(branch: string): string | null {
    return nearestBranch(this.#set, branch) ?? null;
  }
}

/** What is set at a branch or at the nearest above it. O(depth). */
export function nearest<T>(byBranch: ReadonlyMap<string, T>, branch: string): T | undefined {
  const at = nearestBranch(byBranch, branch);
  return at === undefined ? undefined : byBranch.get(at);
}

/** That branch itself. O(depth). */
export function nearestBranch(byBranch: ReadonlyMap<string, unknown>, branch: string): string | undefined {
  for (let end = branch.length; end > 0; end = branch.lastIndexOf('/', end - 2) + 1) {
    const at = branch.slice(0, end);
    if (byBranch.has(at)) return at;
    if (end === 1) break; // the root: `lastIndexOf` takes a negative start for 0 and would find it for ever
  }
  return undefined;
}

/** The branch above one; `''`: none. */
export function above(branch: string): string {
  return branch === '/' ? '' : branch.slice(0, branch.lastIndexOf('/', branch.length - 2) + 1);
}
