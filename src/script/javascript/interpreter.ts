// One QuickJS in one WebAssembly.Memory: what is loaded when the first script comes, and made anew when a script has
// brought it down.
//
// QuickJS's own memory limit does not count large blocks (a limit of 16 MB grew to 2.2 GB), so the memory of the module is
// what is bounded. After a trap, or with its memory full, nothing in it is trusted any more: the memory is wiped and a new
// instance made in it, 4 ms.

import type { QuickJSWASMModule } from 'quickjs-emscripten';

const pageBytes = 65_536;
const pagesOfMb = (mb: number): number => (mb * 1_048_576) / pageBytes;

export class Interpreter {
  readonly #memoryMb: number;
  #memory: WebAssembly.Memory | null = null;
  #module: QuickJSWASMModule | null = null;
  #loading: Promise<void> | null = null;

  constructor(memoryMb: number) {
    this.#memoryMb = memoryMb;
  }

  /** `null` when there is one. */
  ready(): Promise<void> | null {
    if (this.#module !== null) return null;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  get module(): QuickJSWASMModule {
    if (this.#module === null) throw new Error('a script was run before its interpreter was ready');
    return this.#module;
  }

  /** Nothing that came from it may be used any more. */
  discard(): void {
    this.#module = null;
  }

  async #load(): Promise<void> {
    const { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } = await import('quickjs-emscripten');
    if (this.#memory === null) {
      // The module asks for 16 MB to begin with; more than its limit is never there.
      const pages = pagesOfMb(this.#memoryMb);
      this.#memory = new WebAssembly.Memory({ initial: Math.min(pages, pagesOfMb(16)), maximum: pages });
    } else {
      new Uint8Array(this.#memory.buffer).fill(0);
    }
    const wasmMemory = this.#memory;
    // What it says when it aborts is said by the outcome.
    const emscriptenModule = { wasmMemory, print: () => undefined, printErr: () => undefined };
    const variant = newVariant(RELEASE_SYNC, { wasmMemory, emscriptenModule });
    this.#module = await newQuickJSWASMModuleFromVariant(variant);
  }
}
