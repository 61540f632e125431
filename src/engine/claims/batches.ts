// From loaded parts to what travels to the threads: names and ordinals, and the members' texts side by side.

import type { BatchPart, PackedJson } from '../../dispatch/protocol.js';
import { request, type Segment } from '../../store/contract.js';
import { requestsAt } from '../operations/member-requests.js';
import type { HeldBody } from './held-body.js';
import type { RunningPart } from './running.js';

/** A part with the bodies its members need. */
export interface LoadedPart extends RunningPart {
  readonly input: HeldBody | null;
  readonly written: HeldBody | null;
  /** Id of a body that the store should have and has not: its members cannot run. */
  readonly missing: string | null;
  /** Its slice was claimed before, perhaps by this engine. */
  readonly redelivered: boolean;
  /** A signal that is active keeps its members from running. */
  readonly isSignalled?: true;
}

export function countOf(parts: readonly { positions: Uint16Array }[]): number {
  let count = 0;
  for (const part of parts) count += part.positions.length;
  return count;
}

export function batchPart({ held: { segment }, positions, runsAs }: LoadedPart): BatchPart {
  const expedited = expeditedOf(segment, positions);
  const first = positions[0]!;
  const whole = positions[positions.length - 1]! - first + 1 === positions.length;
  return {
    workflow: segment.workflow,
    place: segment.place,
    context: segment.context,
    hasRun: segment.hasRun,
    transaction: segment.transaction,
    attempt: segment.attempt,
    eligibleAtMs: segment.eligibleAtMs,
    isWaiting: segment.waitsFor !== null,
    root: segment.root,
    ordinals: whole
      ? segment.ordinals.subarray(first, first + positions.length)
      : positions.map(at => segment.ordinals[at]!),
    ...(expedited === null ? {} : { expedited }),
    ...(runsAs === null ? {} : { runsAs }),
  };
}

/** Indexes of those that are to fire at once; `null`: none. */
function expeditedOf(segment: Segment, positions: Uint16Array): number[] | null {
  if (segment.memberRequests === null && (segment.requests & request.expedite) === 0) return null;
  return [...positions.keys()].filter(at => (requestsAt(segment, positions[at]!) & request.expedite) !== 0);
}

const emptyObject = new TextEncoder().encode('{}');

/** The members' texts of one kind, packed for the thread. */
export function packed(parts: readonly LoadedPart[], bodyOf: (part: LoadedPart) => HeldBody | null): PackedJson {
  const count = countOf(parts);
  const offsets = new Int32Array(count + 1);
  const pieces: { bytes: Uint8Array; from: number; to: number }[] = [];
  let slot = 0;
  let total = 0;
  for (const part of parts) {
    const body = bodyOf(part);
    let last: (typeof pieces)[number] | undefined;
    for (const position of part.positions) {
      const index = body === null ? -1 : body.indexOf(part.held.segment.ordinals[position]!);
      const bytes = index < 0 ? emptyObject : body!.body.bytes;
      const from = index < 0 ? 0 : body!.body.offsets[index]!;
      const to = index < 0 ? emptyObject.length : body!.body.offsets[index + 1]!;
      if (last !== undefined && last.bytes === bytes && last.to === from) last.to = to;
      else {
        last = { bytes, from, to };
        pieces.push(last);
      }
      total += to - from;
      offsets[++slot] = total;
    }
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.bytes.subarray(piece.from, piece.to), at);
    at += piece.to - piece.from;
  }
  return { bytes, offsets };
}
