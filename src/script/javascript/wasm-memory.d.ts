// The memory of a WebAssembly module, as far as it is used: the types of Node leave it out.

declare namespace WebAssembly {
  class Memory {
    /** In pages of 65,536 bytes. */
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
}
