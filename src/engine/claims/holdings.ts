// What this engine remembers of segments and bodies, so that a first delivery need not read the store.
//
// A held segment is a copy that runs ahead of the store by the commits under way (built in order, applied in order).
// When a commit is refused the copy was wrong: it is read again.
//
// Invariants:
//   H1. As long as anybody has a copy in hand (members in the threads, a commit under way), it is the only one of that
//       segment and revision: of two copies neither would know what the other's commits leave, and both be refused.
//   H2. Bounded: the oldest segments and the least recently used bodies go first; what is not held is read when it is
//       claimed. A segment that goes is remembered weakly, for H1.

import type { Body, Segment } from '../../store/contract.js';
import { HeldBody } from './held-body.js';

/** A segment with the fields that commits move on. */
export interface HeldSegment {
  readonly segment: Segment;
  open: number;
  /** Replaced, never written into: others may share it. */
  gone: Uint8Array;
}

const segmentsMax = 50_000;
/** Segments that go at a time: a Map finds its oldest entry behind all that were deleted before it. */
const evictedAtOnce = segmentsMax / 10;

export class Holdings {
  readonly #segments = new Map<string, HeldSegment>();
  readonly #evicted = new Map<string, WeakRef<HeldSegment>>();
  readonly #bodies = new Map<string, HeldBody>();
  readonly #bodyBytesMax: number;
  #bodyBytes = 0;

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  segment(id: string): HeldSegment | undefined {
    return this.#segments.get(id) ?? this.#evicted.get(id)?.deref();
  }

  /** Hold a segment as the store has it. A copy of the same revision that is in use becomes the same (H1). */
  holdSegment(segment: Segment): HeldSegment {
    const known = this.segment(segment.id);
    const { open, gone } = segment;
    let held: HeldSegment;
    if (known?.segment.revision === segment.revision) {
      known.open = open;
      known.gone = gone;
      held = known;
    } else {
      held = { segment, open, gone };
    }
    this.#evicted.delete(segment.id);
    this.#segments.set(segment.id, held);
    if (this.#segments.size > segmentsMax) this.#evict();
    return held;
  }

  /** Forget a segment: it is gone, or has another revision now. */
  dropSegment(id: string): void {
    this.#segments.delete(id);
    this.#evicted.delete(id);
  }

  #evict(): void {
    for (const [id, reference] of this.#evicted) if (reference.deref() === undefined) this.#evicted.delete(id);
    let left = evictedAtOnce;
    for (const [id, held] of this.#segments) {
      if (left-- === 0) break;
      this.#segments.delete(id);
      this.#evicted.set(id, new WeakRef(held));
    }
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
}

function bytesOf(body: Body): number {
  return body.bytes.byteLength + body.offsets.byteLength + body.ordinals.byteLength + 200;
}

/** Whether it will soon be asked for: what stands paused, when it is resumed. */
export function isSoonAsked({ state, waitsFor }: Segment): boolean {
  return waitsFor === null && (state === 'ready' || state === 'paused');
}
