// What this engine remembers of segments and bodies, so that a first delivery need not read the store.
//
// A held segment is a copy that runs ahead of the store by the commits under way (built in order, applied in order).
// When a commit is refused the copy was wrong: it is dropped and read again.
//
// Bounded: the least recently used segments and bodies go first; what is not held is read when it is claimed.

import type { Body, Ordinals, Segment } from '../store/contract.js';

/** A segment with the fields that commits move on. */
export interface HeldSegment {
  readonly segment: Segment;
  open: number;
  gone: Uint8Array;
}

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
}

const segmentsMax = 50_000;

export class Holdings {
  readonly #segments = new Map<string, HeldSegment>();
  readonly #bodies = new Map<string, HeldBody>();
  readonly #bodyBytesMax: number;
  #bodyBytes = 0;

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  segment(id: string): HeldSegment | undefined {
    return this.#segments.get(id);
  }

  holdSegment(segment: Segment): HeldSegment {
    const held = { segment, open: segment.open, gone: segment.gone.slice() };
    this.#segments.set(segment.id, held);
    if (this.#segments.size > segmentsMax) this.#segments.delete(this.#segments.keys().next().value!);
    return held;
  }

  dropSegment(id: string): void {
    this.#segments.delete(id);
  }

  body(id: string): HeldBody | undefined {
    const held = this.#bodies.get(id);
    if (held !== undefined && this.#bodyBytes > this.#bodyBytesMax / 2) {
      this.#bodies.delete(id);
      this.#bodies.set(id, held);
    }
    return held;
  }

  holdBody(body: Body): HeldBody {
    const known = this.#bodies.get(body.id);
    if (known !== undefined) return known;
    const held = new HeldBody(body);
    this.#bodies.set(body.id, held);
    this.#bodyBytes += bytesOf(body);
    while (this.#bodyBytes > this.#bodyBytesMax && this.#bodies.size > 1) {
      const [id, oldest] = this.#bodies.entries().next().value!;
      this.#bodies.delete(id);
      this.#bodyBytes -= bytesOf(oldest.body);
    }
    return held;
  }

  dropBody(id: string): void {
    const held = this.#bodies.get(id);
    if (held === undefined) return;
    this.#bodies.delete(id);
    this.#bodyBytes -= bytesOf(held.body);
  }
}

function bytesOf(body: Body): number {
  return body.bytes.byteLength + body.offsets.byteLength + body.ordinals.byteLength + 200;
}

/** Whether ordinals run without a gap. */
export function isContiguous(ordinals: Ordinals): boolean {
  return ordinals.length === 0 || ordinals[ordinals.length - 1]! - ordinals[0]! + 1 === ordinals.length;
}
