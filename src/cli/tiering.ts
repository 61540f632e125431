// When WebAssembly code is optimised. PGlite is a large program, and most commands end before the optimisation of what
// they run has paid. Elsewhere (an application's own engine) V8's default holds: flags are the process owner's business.
//
// Measured, CPU seconds: `run` of one instance on a folder that is there 1.5 with V8's budget of 1.8 million, 1.15 with 6
// million, 1.0 with 50; the demo of 100,000 instances 4.5, 4.2 and 4.4.

import { setFlagsFromString } from 'node:v8';

/** Executed bytes, roughly, after which a function is optimised. */
const budget = 6_000_000;

/** To be called before the store opens. V8 has the flag in Node 20 to 26; one that does not know it says so and goes on. */
export function optimizeLater(): void {
  setFlagsFromString(`--wasm-tiering-budget=${budget}`);
}
