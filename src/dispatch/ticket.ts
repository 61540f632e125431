// A ticket: members of one batch that are in one thread. A batch begins as one ticket; what is left of it when its
// thread ends becomes new ones. Tickets keep the parts of their batch, by index, some of them empty.
//
// Invariant: a member is in at most one open ticket, and leaves it once (P1).

import type { Batch, OutcomeGroup, PackedJson } from './protocol.js';

/** A member by part and index within the part, as the engine knows it. */
export interface MemberName {
  readonly part: number;
  readonly index: number;
}

export class Ticket {
  readonly id: number;
  /** As the engine gave it. */
  readonly batch: Batch;
  /** For each part: the members in this ticket, as the engine's indexes; `null`: all. */
  readonly #indexes: readonly (Uint16Array | null)[];
  /** For each part: slot of its first member, in this ticket. */
  readonly #bases: readonly number[];
  readonly #answered: Uint8Array;
  #remaining: number;

  constructor(id: number, batch: Batch, indexes: readonly (Uint16Array | null)[] = batch.parts.map(() => null)) {
    this.id = id;
    this.batch = batch;
    this.#indexes = indexes;
    const bases: number[] = [];
    let count = 0;
    for (const [part, { ordinals }] of batch.parts.entries()) {
      bases.push(count);
      count += indexes[part]?.length ?? ordinals.length;
    }
    this.#bases = bases;
    this.#answered = new Uint8Array(count);
    this.#remaining = count;
  }

  /** Members without an outcome. */
  get remaining(): number {
    return this.#remaining;
  }

  /** What is sent to the thread. */
  toSend(): Batch {
    const { batch, id } = this;
    if (this.#indexes.every(indexes => indexes === null)) return { ...batch, id };
    const slots: number[] = [];
    let base = 0;
    const parts = batch.parts.map((part, at) => {
      const indexes = this.#indexes[at] ?? part.ordinals.map((_, index) => index);
      for (const index of indexes) slots.push(base + index);
      base += part.ordinals.length;
      const { expedited, ...same } = part;
      return {
        ...same,
        ordinals: Uint16Array.from(indexes, index => part.ordinals[index]!),
        ...(expedited === undefined
          ? {}
          : { expedited: [...indexes.keys()].filter(at => expedited.includes(indexes[at]!)) }),
      };
    });
    const written = batch.written === null ? null : pick(batch.written, slots);
    return { id, atMs: batch.atMs, parts, count: slots.length, inputs: pick(batch.inputs, slots), written };
  }

  /** Note a group of outcomes; returns it with the engine's indexes. */
  answer(group: OutcomeGroup): OutcomeGroup {
    const { members } = group;
    const base = this.#bases[group.part]!;
    for (let at = 0; at < members.length; at++) this.#answered[base + members[at]!] = 1;
    this.#remaining -= members.length;
    const indexes = this.#indexes[group.part];
    return indexes == null ? group : { ...group, members: members.map(member => indexes[member]!) };
  }

  /** The engine's index of a member of a part. */
  indexOf(part: number, member: number): number {
    return this.#indexes[part]?.[member] ?? member;
  }

  /** Who has this slot, while it has no outcome. */
  openAt(slot: number): MemberName | null {
    if (slot >= this.#answered.length || this.#answered[slot] === 1) return null;
    const part = this.#partOf(slot);
    return { part, index: this.indexOf(part, slot - this.#bases[part]!) };
  }

  /** Slots of those of the members that are in this ticket and have no outcome. */
  openSlotsOf(members: readonly MemberName[]): number[] {
    return members.flatMap(({ part, index }) => {
      const indexes = this.#indexes[part];
      const at = indexes == null ? index : indexes.indexOf(index);
      const slot = this.#bases[part]! + at;
      return at >= 0 && this.#answered[slot] === 0 ? [slot] : [];
    });
  }

  /** Take those of the members out that are in this ticket and have no outcome; they will be answered otherwise. */
  takeOut(members: readonly MemberName[]): MemberName[] {
    return members.filter(name => {
      const [slot] = this.openSlotsOf([name]);
      if (slot !== undefined) this.remove(slot);
      return slot !== undefined;
    });
  }

  /** Take a member without an outcome out; it will be answered otherwise. */
  remove(slot: number): void {
    this.#answered[slot] = 1;
    this.#remaining -= 1;
  }

  /** The engine's indexes of all members without an outcome, by part. */
  open(): Uint16Array[] {
    return this.#bases.map((base, part) => {
      const end = this.#bases[part + 1] ?? this.#answered.length;
      const open: number[] = [];
      for (let slot = base; slot < end; slot++)
        if (this.#answered[slot] === 0) open.push(this.indexOf(part, slot - base));
      return Uint16Array.from(open);
    });
  }

  /** Index of the engine's slot of a member. */
  static slotOf(batch: Batch, { part, index }: MemberName): number {
    let slot = index;
    for (let at = 0; at < part; at++) slot += batch.parts[at]!.ordinals.length;
    return slot;
  }

  #partOf(slot: number): number {
    let part = this.#bases.length - 1;
    while (this.#bases[part]! > slot || this.#isEmpty(part)) part -= 1;
    return part;
  }

  #isEmpty(part: number): boolean {
    return (this.#bases[part + 1] ?? this.#answered.length) === this.#bases[part];
  }
}

function pick(packed: PackedJson, slots: readonly number[]): PackedJson {
  const offsets = new Int32Array(slots.length + 1);
  let length = 0;
  for (const [at, slot] of slots.entries()) {
    length += packed.offsets[slot + 1]! - packed.offsets[slot]!;
    offsets[at + 1] = length;
  }
  const bytes = new Uint8Array(length);
  for (const [at, slot] of slots.entries()) {
    bytes.set(packed.bytes.subarray(packed.offsets[slot], packed.offsets[slot + 1]), offsets[at]);
  }
  return { bytes, offsets };
}
