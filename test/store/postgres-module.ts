// PGlite's PostgreSQL stays compiled while the tests of a file run. V8 shares compiled WebAssembly among all threads of a
// process for as long as somebody holds the module: held here, opening a store takes 0.5 s of a processor, else 1. For test
// files that open stores or engines in their own process; to be imported, that is all.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };
};
const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');

export const postgresModule = WebAssembly.compile(readFileSync(path.join(path.dirname(entry), 'pglite.wasm')));
