// The file system of a home on disk: PGlite's for Node, with what is missing put in before PostgreSQL starts.

import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import type { WasmModule } from './fsync-hook.js';

type InitOptions = Parameters<NodeFS['init']>[1];

export class HomeFS extends NodeFS {
  readonly #prepare: (module: WasmModule) => void;

  /** @param prepare is handed the module when its file systems are there and PostgreSQL has not started */
  constructor(folder: string, prepare: (module: WasmModule) => void) {
    super(folder);
    this.#prepare = prepare;
  }

  override async init(db: PGlite, options: InitOptions): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(db, options);
    const prepare = (module: unknown): void => this.#prepare(module as WasmModule);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), prepare] } };
  }
}
