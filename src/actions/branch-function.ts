// A function that a call without a module finds in the modules of its branch: the first that exports it has it.
//
// A module that does not load ends the search with that reason: whether the function is in it nobody knows, and one of the
// same name further down may be another. What was searched is watched, so that a change in any of it is a new search.

import { ActionFault } from '../dispatch/action.js';
import type { CallContext } from '../workflow/context.js';
import type { JsonObject } from '../workflow/model.js';
import type { BranchModules } from '../workflow/plan.js';
import { filesMax, type Listed, type ModuleListing, moduleListing } from './module-listing.js';
import { type ExportedFunction, type UserModule, userModule } from './user-module.js';

/** Paths that a message names. */
const toldMax = 10;

interface Found {
  readonly listed: Listed;
  /** Up to the one that has the function, in the versions they had. */
  readonly searched: readonly { readonly module: UserModule; readonly version: number }[];
  readonly run: ExportedFunction;
}

export class BranchFunction {
  readonly #name: string;
  readonly #branch: string;
  readonly #listing: ModuleListing | null;
  #found: Found | null = null;
  #searching: Promise<void> | null = null;

  constructor(name: string, { branch, paths }: BranchModules) {
    this.#name = name;
    this.#branch = branch;
    this.#listing = paths.length === 0 ? null : moduleListing(paths);
  }

  /** Whether what was found may be run now, without a search. */
  isCurrent(nowMs: number): boolean {
    if (this.#found === null || this.#searching !== null) return false;
    const { listed, searched } = this.#found;
    return (
      this.#listing?.look(nowMs) === listed &&
      searched.every(({ module, version }) => module.isCurrent(nowMs) && module.version === version)
    );
  }

  /** Find it. One search at a time; what was found before can be run until another is. @throws ActionFault `ActionModuleNotFound`, `ActionModuleFailed` */
  search(nowMs: number): Promise<void> {
    this.#searching ??= this.#search(nowMs).finally(() => {
      this.#searching = null;
    });
    return this.#searching;
  }

  run(variables: JsonObject, context: CallContext): unknown {
    if (this.#found === null) throw new Error('search for it first');
    return this.#found.run(variables, context);
  }

  async #search(nowMs: number): Promise<void> {
    const listed = this.#listing?.look(nowMs) ?? null;
    const searched: { module: UserModule; version: number }[] = [];
    for (const file of listed?.files ?? []) {
      const module = userModule(file);
      if (!module.isCurrent(nowMs)) await module.load();
      searched.push({ module, version: module.version });
      const run = module.lookUp(this.#name);
      if (run !== null) {
        this.#found = { listed: listed!, searched, run };
        return;
      }
    }
    throw new ActionFault('ActionModuleNotFound', this.#missing(listed));
  }

  #missing(listed: Listed | null): string {
    if (listed === null) {
      return `function "${this.#name}" has no module: no branch from ${this.#branch} up has a LISTENER_CLASSPATH`;
    }
    const { files, beyond, unusable } = listed;
    const looked = [...unusable, ...files];
    const told = looked.slice(0, toldMax).join(', ');
    const more = looked.length > toldMax ? ` and ${looked.length - toldMax} more` : '';
    const bound = beyond > 0 ? `; not searched: ${beyond} beyond the first ${filesMax}` : '';
    return `no module of branch ${this.#branch} exports a function "${this.#name}"; looked at ${told}${more}${bound}`;
  }
}
