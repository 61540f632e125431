// The runtime configuration as it holds now: read at the start, looked at again and again, changed only by a file without
// faults.
//
// Invariants:
//   C1. `tree` is always that of a good file. A file with faults, or one that cannot be read, changes nothing.
//   C2. What is wrong is told once for each content, not with each look; `trouble` says it as long as it lasts.
//   C3. One look at a time; the next is due when the last has ended, however it has.
//   C4. Who throws when he is told is told again with the next look.

import type { Clock, Timer } from '../observe/clock.js';
import { type ReadFile, readConfigurationFile } from './configuration-file.js';
import { ConfigurationError, type ConfigurationFault } from './fault.js';
import { Refresh } from './refresh.js';
import type { RuntimeTree } from './tree.js';

export interface RuntimeConfigurationOptions {
  /** Absolute. */
  readonly file: string;
  /** How often it is looked at: a relative time expression. */
  readonly refresh: string;
  readonly clock: Clock;
}

/** Why the file is not what holds, and since when. */
export interface ConfigurationTrouble {
  readonly faults: readonly ConfigurationFault[];
  readonly sinceMs: number;
}

/** What whoever keeps the configuration is told of. */
export interface ConfigurationEvents {
  /** Another tree holds. */
  changed(tree: RuntimeTree): void;
  /** The file has faults; what held goes on holding. Told again when they are others. */
  refused(trouble: ConfigurationTrouble): void;
  /** The file is good again, changed or as it was. */
  mended(): void;
  /** One of the others threw. */
  failed(error: unknown): void;
}

export class RuntimeConfiguration {
  readonly file: string;
  readonly #clock: Clock;
  readonly #refresh: Refresh;
  #tree: RuntimeTree;
  /** Of the last content that was looked into, good or bad; `null`: there was none. */
  #digest: string | null;
  /** Of the content of `tree`. */
  #goodDigest: string | null;
  #trouble: ConfigurationTrouble | null = null;
  #events: ConfigurationEvents | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;

  /**
   * Read the file; it is not looked at again before `watch`.
   *
   * @throws ConfigurationError with every fault of the file; EngineError `OPTION_INVALID` for the refresh
   */
  static async open({ file, refresh, clock }: RuntimeConfigurationOptions): Promise<RuntimeConfiguration> {
    const every = new Refresh(refresh, clock.nowMs());
    const { digest, outcome } = (await readConfigurationFile(file, null))!;
    if (!outcome.ok) throw new ConfigurationError(outcome.faults);
    return new RuntimeConfiguration(file, every, clock, { digest, tree: outcome.value });
  }

  private constructor(
    file: string,
    refresh: Refresh,
    clock: Clock,
    { digest, tree }: { readonly digest: string | null; readonly tree: RuntimeTree },
  ) {
    this.file = file;
    this.#refresh = refresh;
    this.#clock = clock;
    this.#tree = tree;
    this.#digest = digest;
    this.#goodDigest = digest;
  }

  /** What holds now. It is never changed; another takes its place. */
  get tree(): RuntimeTree {
    return this.#tree;
  }

  /** `null` while the file is what holds. */
  get trouble(): ConfigurationTrouble | null {
    return this.#trouble;
  }

  /** Look at the file from now on. It keeps no process alive. */
  watch(events: ConfigurationEvents): void {
    this.#events = events;
    this.#schedule();
  }

  /** Look no more; resolves when a look that is under way has ended. */
  async close(): Promise<void> {
    this.#events = null;
    this.#timer?.cancel();
    this.#timer = null;
    await this.#looking;
  }

  /** Look now. Resolves when what was found has been told; rejects with what whoever is told throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  #schedule(): void {
    if (this.#events === null) return;
    this.#timer = this.#clock
      .setTimer(this.#refresh.waitMs(this.#clock.nowMs()), () => {
        this.look()
          .catch((error: unknown) => this.#events?.failed(error))
          .finally(() => this.#schedule());
      })
      .unref();
  }

  async #look(): Promise<void> {
    const read = await readConfigurationFile(this.file, this.#digest);
    if (read === null || this.#events === null) return;
    try {
      this.#take(read, this.#events);
    } catch (error) {
      this.#digest = null;
      this.#goodDigest = null;
      throw error;
    }
  }

  #take({ digest, outcome }: ReadFile, events: ConfigurationEvents): void {
    // C2: that it still cannot be read is nothing new.
    const isKnown = digest === null && this.#digest === null && sameFaults(this.#trouble, outcome);
    this.#digest = digest;
    if (!outcome.ok) {
      if (isKnown) return;
      this.#trouble = { faults: outcome.faults, sinceMs: this.#trouble?.sinceMs ?? this.#clock.nowMs() };
      events.refused(this.#trouble);
      return;
    }
    if (this.#trouble !== null) events.mended();
    this.#trouble = null;
    if (digest === this.#goodDigest) return;
    this.#goodDigest = digest;
    this.#tree = outcome.value;
    events.changed(this.#tree);
  }
}

function sameFaults(trouble: ConfigurationTrouble | null, outcome: ReadFile['outcome']): boolean {
  return !outcome.ok && trouble?.faults[0]?.message === outcome.faults[0]?.message;
}
