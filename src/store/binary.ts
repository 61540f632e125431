// PostgreSQL's binary formats: parameters out, results in.
//
// Why binary: a `bytea` in text goes as hex (twice the bytes, five times the time), and an array of ids in text is
// parsed character by character by a database that runs in WASM. Each parameter is one allocation, measured first.
//
// Invariants:
//   B1. An encoder copies: what it was given may change afterwards. The one exception is a `bytea`, which needs no
//       encoder: pass the bytes themselves.
//   B2. A decoder that returns bytes returns a view of the row it was given, and a row is a view of the whole answer:
//       copy (`slice`) what is to be kept, or it keeps the answer alive.
//   B3. Nothing is repaired: a string that is no UUID, a number out of range or an unexpected null throws.

export { type BitString, encode } from './binary-parameters.js';
export { decode } from './binary-results.js';
