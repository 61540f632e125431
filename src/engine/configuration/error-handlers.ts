// The default error handlers of the branches: which workflow handles what fails in another. The nearest node of the runtime
// configuration up from the workflow says it; a definition's file is stored when the configuration is read.
//
// A handler that is not there, or has faults, is told in the log, and errors take the built-in way: who handles errors must
// not make more of them.

import path from 'node:path';
import { type ErrorHandler, emptyTree, hasBranchModules, nearest, type RuntimeTree } from '../../config/tree.js';
import type { Clock } from '../../observe/clock.js';
import type { LogEvents } from '../../observe/log-events.js';
import { withScriptsChecked } from '../../script/check-scripts.js';
import { readOrdinaryFile } from '../../time/ordinary-file.js';
import { unreadyTimes } from '../../triggers/unready.js';
import { type Fault, formatFault } from '../../workflow/fault.js';
import { loadDefinition } from '../../workflow/load.js';
import { branchOf } from '../../workflow/namespace.js';
import { definitionText } from '../../workflow/serialize.js';
import { definitionSizeMax } from '../../workflow/verify.js';
import { calendarsBeside } from '../definitions/calendar-files.js';
import type { Definitions } from '../definitions/definitions.js';
import { withPatience } from '../store-trouble.js';

const property = 'DEFAULT_FLOW_CHART_ERROR_HANDLER';
/** Faults that a log line tells. */
const toldMax = 10;
/** Largest file, bytes; a definition is bounded in characters. */
const fileSizeMax = 4 * definitionSizeMax;

export interface ErrorHandlersWorld {
  readonly definitions: Pick<Definitions, 'newestNumber' | 'put' | 'load'>;
  readonly log: LogEvents;
  readonly clock: Clock;
}

export class ErrorHandlers {
  readonly #world: ErrorHandlersWorld;
  #tree: RuntimeTree = emptyTree;
  /** Names of the workflows by the paths of their files; `null`: none that can be used. */
  #files: ReadonlyMap<string, string | null> = new Map();
  /** Trees taken so far. */
  #taken = 0;
  /** Names that no workflow has, told once a tree. */
  readonly #missing = new Set<string>();
  #isLoading = false;

  constructor(world: ErrorHandlersWorld) {
    this.#world = world;
  }

  /** Read what a configuration names, and heed it from then on. Never rejects. */
  async take(tree: RuntimeTree): Promise<void> {
    this.#taken += 1;
    const turn = this.#taken;
    const files = new Map<string, string | null>();
    for (const properties of tree.branches.values()) {
      const handler = properties.get(property)?.value as ErrorHandler | undefined;
      if (handler?.kind === 'file' && !files.has(handler.path))
        files.set(handler.path, await this.#store(handler.path, tree));
    }
    // Another has been read meanwhile.
    if (turn !== this.#taken) return;
    this.#tree = tree;
    this.#files = files;
    this.#missing.clear();
  }

  /** Number of the workflow version that handles what fails in a workflow; `null`: none does. O(depth of its name). */
  of(workflow: string): number | null {
    if (this.#tree.branches.size === 0) return null;
    const handler = nearest(this.#tree, branchOf(workflow), property)?.value;
    if (handler === undefined) return null;
    const name = handler.kind === 'file' ? this.#files.get(handler.path) : handler.name;
    if (name === null || name === undefined) return null;
    const number = this.#world.definitions.newestNumber(name);
    if (number === null) this.#miss(name);
    return number;
  }

  /** Another engine may have stored it: from the next failure on it is known. */
  #miss(name: string): void {
    if (!this.#missing.has(name)) {
      this.#missing.add(name);
      this.#world.log.errorHandlerUnusable({ handler: name, faults: ['no workflow of this name is stored'] });
    }
    // Failures may come by the thousand: one read at a time serves them all.
    if (this.#isLoading) return;
    this.#isLoading = true;
    void this.#world.definitions
      .load()
      .catch((error: unknown) => this.#unusable(name, [String(error)]))
      .finally(() => {
        this.#isLoading = false;
      });
  }

  /** The name under which a definition's file is stored. */
  async #store(file: string, tree: RuntimeTree): Promise<string | null> {
    const { definitions, clock } = this.#world;
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await readOrdinaryFile(file, fileSizeMax));
      const hasModules = (name: string): boolean => hasBranchModules(tree, name);
      const calendars = await calendarsBeside(text, file, path.dirname(file));
      if ('faults' in calendars) {
        return this.#unusable(
          file,
          calendars.faults.slice(0, toldMax).map(fault => formatFault(fault as Fault)),
        );
      }
      const loaded = await withScriptsChecked(check =>
        loadDefinition(text, file, check, hasModules, calendars.calendars),
      );
      if ('faults' in loaded) return this.#unusable(file, loaded.faults.slice(0, toldMax).map(formatFault));
      const unready = await unreadyTimes(loaded.definition);
      if (unready.length > 0) return this.#unusable(file, unready.slice(0, toldMax).map(formatFault));
      const { definition } = loaded;
      const store = () => definitions.put(definition, definitionText(definition), path.dirname(file), clock.nowMs());
      await withPatience(store, clock);
      return definition.name;
    } catch (error) {
      return this.#unusable(file, [error instanceof Error ? error.message : String(error)]);
    }
  }

  #unusable(handler: string, faults: readonly string[]): null {
    this.#world.log.errorHandlerUnusable({ handler, faults });
    return null;
  }
}
