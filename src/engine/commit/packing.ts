// Packs JSON texts of members of one root into one body. Pieces come in any order; a body is in ordinal order.

import type { PackedJson } from '../../dispatch/protocol.js';

interface Piece {
  readonly ordinals: Uint16Array;
  readonly packed: PackedJson;
}

export interface PackedMembers {
  readonly ordinals: Uint16Array;
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export class Packing {
  readonly #pieces: Piece[] = [];
  #size = 0;

  /** Members added. */
  get size(): number {
    return this.#size;
  }

  add(ordinals: Uint16Array, packed: PackedJson): void {
    this.#pieces.push({ ordinals, packed });
    this.#size += ordinals.length;
  }

  finish(): PackedMembers {
    const only = this.#pieces[0]!;
    if (this.#pieces.length === 1 && lengthOf(only.packed) === only.packed.bytes.byteLength) {
      return { ordinals: only.ordinals, offsets: only.packed.offsets, bytes: only.packed.bytes };
    }
    if (this.#inOrder()) return this.#concatenated();
    return this.#sorted();
  }

  #inOrder(): boolean {
    let last = -1;
    for (const { ordinals } of this.#pieces) {
      if (ordinals[0]! <= last) return false;
      last = ordinals[ordinals.length - 1]!;
    }
    return true;
  }

  #concatenated(): PackedMembers {
    const ordinals = new Uint16Array(this.#size);
    const offsets = new Int32Array(this.#size + 1);
    const bytes = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + lengthOf(piece.packed), 0));
    let member = 0;
    let at = 0;
    for (const { ordinals: own, packed } of this.#pieces) {
      const base = packed.offsets[0]!;
      bytes.set(packed.bytes.subarray(base, packed.offsets[own.length]), at);
      for (let index = 0; index < own.length; index++) {
        ordinals[member] = own[index]!;
        offsets[++member] = at + packed.offsets[index + 1]! - base;
      }
      at += lengthOf(packed);
    }
    return { ordinals, offsets, bytes };
  }

  #sorted(): PackedMembers {
    const all: { ordinal: number; packed: PackedJson; index: number }[] = [];
    for (const { ordinals, packed } of this.#pieces) {
      for (let index = 0; index < ordinals.length; index++) all.push({ ordinal: ordinals[index]!, packed, index });
    }
    all.sort((a, b) => a.ordinal - b.ordinal);
    const ordinals = new Uint16Array(all.length);
    const offsets = new Int32Array(all.length + 1);
    const bytes = new Uint8Array(
      all.reduce((sum, { packed, index }) => sum + packed.offsets[index + 1]! - packed.offsets[index]!, 0),
    );
    let at = 0;
    for (const [member, { ordinal, packed, index }] of all.entries()) {
      ordinals[member] = ordinal;
      const text = packed.bytes.subarray(packed.offsets[index], packed.offsets[index + 1]);
      bytes.set(text, at);
      at += text.length;
      offsets[member + 1] = at;
    }
    return { ordinals, offsets, bytes };
  }
}

function lengthOf(packed: PackedJson): number {
  return packed.offsets[packed.offsets.length - 1]! - packed.offsets[0]!;
}

/** Running sums of lengths, from 0. */
export function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) offsets[at + 1] = offsets[at]! + length;
  return offsets;
}

/** JSON texts of members, packed. */
export function packedTexts(texts: readonly string[]): PackedJson {
  const written = texts.map(text => Buffer.from(text));
  return { bytes: new Uint8Array(Buffer.concat(written)), offsets: offsetsOf(written.map(({ length }) => length)) };
}
