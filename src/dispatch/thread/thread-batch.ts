// A batch as the thread holds it: its texts, its parts with their plans, and the cursor of the
// first member that has not begun.

import { type PackedBatch, unpackBatch } from '../packing.js';
import type { ActionError, BatchPart, PackedJson, Withdrawn } from '../protocol.js';
import { errorAsData } from './error-as-data.js';
import { Member } from './member.js';
import type { PathNode, ThreadPlan } from './thread-plan.js';

/**
 * Texts by slot, each decoded when it is asked for: 890 ns with its `JSON.parse` for 400 bytes. Decoding a batch of
 * ASCII at once and slicing was tried: 940 ns.
 */
class PackedTexts {
  readonly #buffer: Buffer;
  readonly #offsets: Int32Array;

  constructor({ bytes, offsets }: PackedJson) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offsets = offsets;
  }

  at(slot: number): string {
    return this.#buffer.toString('utf8', this.#offsets[slot]!, this.#offsets[slot + 1]!);
  }
}

export class ThreadPart {
  readonly root: PathNode;
  readonly workflow: string;

  constructor(
    readonly batch: ThreadBatch,
    /** Index in the batch. */
    readonly index: number,
    readonly from: BatchPart,
    /** Slot of its first member. */
    readonly base: number,
    plan: ThreadPlan,
  ) {
    this.root = plan.root(from.place, from.hasRun);
    this.workflow = plan.plan.name;
  }
}

export class ThreadBatch {
  readonly id: number;
  readonly atMs: number;
  readonly #parts: readonly ThreadPart[];
  readonly #inputs: PackedTexts;
  readonly #written: PackedTexts | null;
  #part = 0;
  #member = 0;
  /** Slots of members that were withdrawn before they began. */
  #withdrawn: ReadonlyMap<number, Withdrawn> | null = null;

  constructor(packed: PackedBatch, plans: ReadonlyMap<number, ThreadPlan>) {
    const source = unpackBatch(packed);
    this.id = source.id;
    this.atMs = source.atMs;
    this.#inputs = new PackedTexts(source.inputs);
    this.#written = source.written === null ? null : new PackedTexts(source.written);
    let base = 0;
    this.#parts = source.parts.map((part, index) => {
      const own = new ThreadPart(this, index, part, base, plans.get(part.workflow)!);
      base += part.ordinals.length;
      return own;
    });
  }

  /** JSON text of a member's input. */
  input(slot: number): string {
    return this.#inputs.at(slot);
  }

  /** JSON text of what earlier transactions wrote; empty when nothing. */
  written(slot: number): string {
    return this.#written === null ? '' : this.#written.at(slot);
  }

  /** The next member to begin, or `null` when all have. */
  next(): Member | null {
    for (let part = this.#parts[this.#part]; part !== undefined; part = this.#parts[++this.#part]) {
      if (this.#member < part.from.ordinals.length) return this.#begin(new Member(part, this.#member++));
      this.#member = 0;
    }
    return null;
  }

  withdraw(slots: readonly number[], why: Withdrawn): void {
    this.#withdrawn = new Map([...(this.#withdrawn ?? []), ...slots.map(slot => [slot, why] as const)]);
  }

  #begin(member: Member): Member {
    const why = this.#withdrawn?.get(member.slot);
    if (why !== undefined) member.withdraw(why);
    return member;
  }
}

/** Batches in the order in which they came. */
export class BatchQueue {
  readonly #batches: ThreadBatch[] = [];

  /** Whether nobody waits; not before `next` has said so. */
  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** @returns what it could not be read for; `null`: it was taken */
  accept(packed: PackedBatch, plans: ReadonlyMap<number, ThreadPlan>): ActionError | null {
    try {
      this.#batches.push(new ThreadBatch(packed, plans));
      return null;
    } catch (thrown) {
      return errorAsData(thrown, '');
    }
  }

  /** Members of a batch that have not begun yet begin only to say that they have been withdrawn. */
  withdraw(id: number, slots: readonly number[], why: Withdrawn): void {
    this.#batches.find(batch => batch.id === id)?.withdraw(slots, why);
  }

  /** The next member to begin. */
  next(): Member | null {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      const member = batch.next();
      if (member !== null) return member;
      this.#batches.shift();
    }
    return null;
  }
}
