// A root being filled with records: what becomes of it is a body and its first segments.

import { noBits } from '../../store/bitmap.js';
import type { RootBody, Segment } from '../../store/contract.js';
import { instanceId, rootMembersMax } from '../../workflow/instance-id.js';
import { positionsBetween } from '../claims/running.js';
import type { CheckedRecord } from './submit-record.js';

/** What is claimed together is read together: a root the engine fills itself ends here, bytes. */
const rootBytesMax = 256 * 1_024;

/** A root being filled. */
export class OpenRoot {
  readonly #texts: string[] = [];
  #chars = 0;
  readonly #byKey = new Map<string, { record: CheckedRecord; ordinals: number[] }>();

  constructor(
    readonly id: string,
    readonly submitter: string,
  ) {}

  isFullFor(text: string): boolean {
    return this.#texts.length >= rootMembersMax || (this.#texts.length > 0 && this.#chars + text.length > rootBytesMax);
  }

  add(record: CheckedRecord): number {
    const ordinal = this.#texts.length;
    this.#texts.push(record.text);
    this.#chars += record.text.length;
    const { number } = record.workflow.version;
    const place = `${number} ${record.priority} ${record.eligibleAtMs}`;
    const key = record.key === null ? place : `${place} ${record.key}`;
    const alike = this.#byKey.get(key);
    if (alike === undefined) this.#byKey.set(key, { record, ordinals: [ordinal] });
    else alike.ordinals.push(ordinal);
    return ordinal;
  }

  body(atMs: number): RootBody {
    // UTF-8 takes at most three bytes a UTF-16 unit.
    const buffer = Buffer.allocUnsafe(this.#chars * 3);
    const offsets = new Int32Array(this.#texts.length + 1);
    let at = 0;
    for (const [index, text] of this.#texts.entries()) {
      at += buffer.write(text, at);
      offsets[index + 1] = at;
    }
    const bytes = new Uint8Array(at);
    bytes.set(buffer.subarray(0, at));
    const ordinals = positionsBetween(0, this.#texts.length);
    return { id: this.id, root: this.id, ordinals, offsets, bytes, submitter: this.submitter, createdAtMs: atMs };
  }

  segments(atMs: number): Segment[] {
    return [...this.#byKey.values()].map(({ record, ordinals }, index) => ({
      // See `isFirstSegment`.
      id: instanceId(this.id, 0xf000 + index),
      root: this.id,
      body: null,
      workflow: record.workflow.version.number,
      name: record.workflow.plan.name,
      priority: record.priority,
      key: record.key,
      place: record.workflow.plan.entry.place,
      hasRun: record.workflow.plan.entry.hasRun,
      context: 0,
      scope: 0,
      transaction: 0,
      attempt: 0,
      kills: 0,
      state: 'ready',
      eligibleAtMs: record.eligibleAtMs ?? atMs,
      waitsFor: null,
      createdAtMs: atMs,
      ordinals: new Uint16Array(ordinals),
      open: ordinals.length,
      gone: noBits(ordinals.length),
      requests: 0,
      memberRequests: null,
      failures: null,
      revision: 0,
    }));
  }
}
