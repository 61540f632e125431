// The seed of this run's random tests: 1 unless SEED says another, or `random`. Loaded before every test file, so that each
// property has it without asking; a failure prints it, and SEED repeats it.

import fc from 'fast-check';

const asked = process.env.SEED ?? '1';

export const seed = asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);

fc.configureGlobal({ seed });
