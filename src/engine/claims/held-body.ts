// JSON texts of a root's members, packed in one value, found by ordinal.

import type { Body, Store } from '../../store/contract.js';
import type { Holdings } from './holdings.js';

const decoder = new TextDecoder();

/** A body, addressed by the root's ordinals. */
export class HeldBody {
  readonly #first: number;
  readonly #positions: Map<number, number> | null;

  constructor(readonly body: Body) {
    const { ordinals } = body;
    this.#first = ordinals[0] ?? 0;
    const last = ordinals[ordinals.length - 1] ?? 0;
    this.#positions =
      last - this.#first + 1 === ordinals.length ? null : new Map(Array.from(ordinals, (ordinal, at) => [ordinal, at]));
  }

  /** Index of an ordinal in `offsets`, or -1. */
  indexOf(ordinal: number): number {
    if (this.#positions !== null) return this.#positions.get(ordinal) ?? -1;
    const index = ordinal - this.#first;
    return index >= 0 && index < this.body.ordinals.length ? index : -1;
  }

  /** A member's JSON text; `null`: it has none here. */
  bytesOf(ordinal: number): Uint8Array | null {
    const index = this.indexOf(ordinal);
    return index < 0 ? null : this.body.bytes.subarray(this.body.offsets[index], this.body.offsets[index + 1]);
  }

  /** A member's JSON text; `null`: it has none here. */
  textOf(ordinal: number): string | null {
    const bytes = this.bytesOf(ordinal);
    return bytes === null ? null : decoder.decode(bytes);
  }
}

/** Those that are held, and the others from the store, held from now on. What the store has lost is not among them. */
export async function bodiesOf(
  ids: Iterable<string>,
  {
    holdings,
    store,
  }: { readonly holdings: Pick<Holdings, 'body' | 'holdBody'>; readonly store: Pick<Store, 'bodies'> },
): Promise<Map<string, HeldBody>> {
  const bodies = new Map<string, HeldBody>();
  const missing = new Set<string>();
  for (const id of ids) {
    const held = holdings.body(id);
    if (held === undefined) missing.add(id);
    else bodies.set(id, held);
  }
  if (missing.size > 0)
    for (const body of await store.bodies([...missing])) bodies.set(body.id, holdings.holdBody(body));
  return bodies;
}
