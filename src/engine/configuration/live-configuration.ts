// The runtime configuration as it holds: what the file says, and over it what was set by operation, which the store has and
// the engines share.
//
// The store is looked at when this engine is made and started, with each beat of the cluster, when something was set here, and
// when another engine tells that there is something to see. A look costs one row while nothing has changed.
//
// Invariants:
//   O1. `tree` is that of the last good file under the settings of one version, all of them.
//   O2. A look begins after it was asked for: whoever has changed a setting finds it. One look at a time.
//   O3. What an earlier version of this program, or another system, has let in and this one refuses is left out, and told; so
//       is what is too much over a file that has changed since.

import { overlayWithin } from '../../config/fairness-windows.js';
import type { ConfigurationFault } from '../../config/fault.js';
import type { RuntimeConfiguration } from '../../config/runtime-configuration.js';
import { settingOf } from '../../config/settings.js';
import type { ShownTrees } from '../../config/shown.js';
import { emptyTree, type Property, type RuntimeTree } from '../../config/tree.js';
import type { Settings, StoredSettings } from '../../store/settings.js';
import type { Json } from '../../workflow/model.js';

/** Settings as they were last read. */
export interface HeldSettings {
  readonly version: number;
  readonly properties: readonly Property[];
  /** Of those that are left out (O3). */
  readonly faults: readonly ConfigurationFault[];
}

/** Told of another tree. Resolves when it is carried out. */
export type Taker = (tree: RuntimeTree, changed: 'file' | 'settings') => Promise<void>;

export class LiveConfiguration {
  /** `null`: no file was named. */
  readonly file: RuntimeConfiguration | null;
  readonly #store: Settings;
  #read: HeldSettings = { version: 0, properties: [], faults: [] };
  /** Of those read, what is left out over the file as it is. */
  #faults: readonly ConfigurationFault[] = [];
  /** What the store need not tell again; `null`: all. */
  #known: number | null = null;
  #tree: RuntimeTree = emptyTree;
  #take: Taker = () => Promise.resolve();
  /** The look that has not begun. */
  #next: Promise<void> | null = null;
  /** The one before it; it never rejects. */
  #last: Promise<void> = Promise.resolve();

  constructor(file: RuntimeConfiguration | null, store: Settings) {
    this.file = file;
    this.#store = store;
  }

  /** What holds now. It is never changed; another takes its place. */
  get tree(): RuntimeTree {
    return this.#tree;
  }

  get settings(): HeldSettings {
    return { ...this.#read, faults: [...this.#read.faults, ...this.#faults] };
  }

  /** The same with a property set, or taken away (no `value`), as it would be. */
  treesWith(change: {
    readonly place: Pick<Property, 'branch' | 'name'>;
    readonly value: Property | null;
  }): ShownTrees {
    const { branch, name } = change.place;
    const others = this.#read.properties.filter(each => each.branch !== branch || each.name !== name);
    const settings = change.value === null ? others : [...others, change.value];
    return { ...this.trees, tree: overlayWithin(this.#base, settings).tree };
  }

  /** What holds, and the file's part of it. */
  get trees(): ShownTrees {
    return { tree: this.#tree, base: this.#base, file: this.file?.file ?? null };
  }

  /** Tell of what holds whenever that changes. */
  follow(take: Taker): void {
    this.#take = take;
  }

  /** The file says something else. */
  fileChanged(): Promise<void> {
    return this.#hold('file');
  }

  /** Learn what has been set, here or by other engines. Resolves when it is carried out. @throws as the store, and as whoever follows */
  look(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = null;
      return this.#look();
    });
    const look = this.#next;
    // Its failure is for who asked: the next look only waits for its end.
    this.#last = look.catch(() => undefined);
    return look;
  }

  get #base(): RuntimeTree {
    return this.file?.tree ?? emptyTree;
  }

  async #look(): Promise<void> {
    const stored = await this.#store.read(this.#known);
    if (stored === null) return;
    this.#known = stored.version;
    this.#read = heldOf(stored);
    try {
      await this.#hold('settings');
    } catch (error) {
      // With the next look again.
      this.#known = null;
      throw error;
    }
  }

  #hold(changed: 'file' | 'settings'): Promise<void> {
    ({ tree: this.#tree, faults: this.#faults } = overlayWithin(this.#base, this.#read.properties));
    return this.#take(this.#tree, changed);
  }
}

function heldOf({ version, settings }: StoredSettings): HeldSettings {
  const properties: Property[] = [];
  const faults: ConfigurationFault[] = [];
  for (const { branch, property: name, value, by, atMs, version: since } of settings) {
    const source = { kind: 'operation', by, atMs, version: since } as const;
    const read = settingOf({ branch, name }, JSON.parse(value) as Json, source);
    if (read.ok) properties.push(read.value);
    else faults.push(...read.faults);
  }
  return { version, properties, faults };
}
