// The seed of this run's random tests: in the titles of the tests that use it, so that a failure can be repeated with
// MILLRACE_SEED.

export const seed = Number(process.env.MILLRACE_SEED ?? Math.floor(Math.random() * 2 ** 31));
