// What V8 is told in processes of tests: most live for seconds, and to optimise what PGlite runs pays later than that.
// Started with a budget of 50 million instead of 1.8, one that opens a store needs two thirds of the processor.

export const optimizeLater = '--wasm-tiering-budget=50000000';
