// What an operation changes: of which members, and how their segments look afterwards. Pure.

import { clearBitsOf, emptyBitmap, hasBit, setBit } from '../../store/bitmap.js';
import { request, type Segment, type SegmentChange } from '../../store/contract.js';
import { rootMembersMax } from '../../workflow/instance-id.js';
import { waitsForHandler } from '../shared/unhandled.js';
import { requestsAt } from './member-requests.js';

/** `takeOff`: a removal that waits for no break. `rename`: of a workflow or branch. */
export type Operation = 'pause' | 'resume' | 'remove' | 'recover' | 'expedite' | 'interrupt' | 'takeOff' | 'rename';

/** The bit an operation leaves with members that are executing; none: they are left alone. */
export const bitOf = {
  pause: request.pause,
  resume: 0,
  remove: request.remove,
  recover: 0,
  expedite: request.expedite,
  interrupt: request.interrupt,
  takeOff: 0,
  rename: 0,
} as const satisfies Record<Operation, number>;

/** Whether the members wait for others of their instance: they stay where they are, and pause when they wake. */
export function isParked({ state }: Pick<Segment, 'state'>): boolean {
  return state === 'joining' || state === 'waiting';
}

/** Whether the operation changes anything about one of the segment's open members. */
export function isWanted(operation: Operation, segment: Segment): boolean {
  if (segment.memberRequests === null) return isChanged(operation, segment, 0);
  return clearBitsOf(segment.gone, segment.ordinals.length).some(position => isChanged(operation, segment, position));
}

/** Whether the operation changes anything about the member. */
export function isChanged(operation: Operation, segment: Segment, position: number): boolean {
  const bits = requestsAt(segment, position);
  switch (operation) {
    case 'pause':
      return (segment.state === 'ready' || isParked(segment)) && (bits & (request.pause | request.remove)) === 0;
    case 'resume':
      return segment.state === 'paused' || (bits & request.pause) !== 0;
    case 'remove':
      return (bits & request.remove) === 0;
    case 'recover':
      return segment.state === 'failed' || waitsForHandler(segment) || (awaitsRetry(segment) && bits === 0);
    case 'expedite':
      return (
        (segment.state === 'ready' || segment.state === 'paused') && (bits & bitOf.expedite) === 0 && canFire(segment)
      );
    case 'interrupt':
      return segment.state === 'ready' && (bits & request.interrupt) === 0;
    case 'takeOff':
    case 'rename':
      return true;
  }
}

/** Whether the members wait to be tried again, or are being tried. */
export function awaitsRetry({ state, attempt }: Pick<Segment, 'state' | 'attempt'>): boolean {
  return state === 'ready' && attempt > 0;
}

/** Whether it fires when it is told to, or does not wait yet: what waits for an event fires for that alone. */
function canFire({ waitsFor }: Segment): boolean {
  return waitsFor === null || waitsFor === '';
}

/** The segment's member requests with the operation noted for some members. */
export function withOwn(
  operation: Operation,
  segment: Segment,
  positions: ArrayLike<number>,
): Segment['memberRequests'] {
  const requests = { ...segment.memberRequests };
  for (const position of Array.from(positions)) {
    const ordinal = segment.ordinals[position]!;
    const bits = requests[ordinal] ?? 0;
    if (operation === 'resume') requests[ordinal] = bits & ~request.pause;
    else requests[ordinal] = bits | bitOf[operation];
  }
  return requests;
}

/** Flow contexts an operation has changed, each counted once however often its commits make it appear (O3). Some 200 bytes a
 * root, that is for up to 500 instances. */
export class Counted {
  /** By root and number of the context, of ordinals. */
  readonly #seen = new Map<string, Uint8Array>();
  /** By root. */
  readonly #instances = new Map<string, Uint8Array>();
  contexts = 0;
  /** Instances they are of. */
  instances = 0;

  /** Whether one of the segment's open members has been counted. */
  has(segment: Segment): boolean {
    const { ordinals, gone } = segment;
    const seen = this.#seen.get(contextKey(segment));
    return seen !== undefined && clearBitsOf(gone, ordinals.length).some(at => hasBit(seen, ordinals[at]!));
  }

  /** Whether that one has been counted. */
  hasMember(segment: Segment, position: number): boolean {
    const seen = this.#seen.get(contextKey(segment));
    return seen !== undefined && hasBit(seen, segment.ordinals[position]!);
  }

  add(segment: Segment, positions: Uint16Array, isChanged: (position: number) => boolean): void {
    const seen = bitmapOf(this.#seen, contextKey(segment));
    const instances = bitmapOf(this.#instances, segment.root);
    for (const position of positions) {
      const ordinal = segment.ordinals[position]!;
      if (hasBit(seen, ordinal) || !isChanged(position)) continue;
      setBit(seen, ordinal);
      this.contexts += 1;
      if (hasBit(instances, ordinal)) continue;
      setBit(instances, ordinal);
      this.instances += 1;
    }
  }
}

function bitmapOf(bitmaps: Map<string, Uint8Array>, key: string): Uint8Array {
  const bitmap = bitmaps.get(key) ?? emptyBitmap(rootMembersMax);
  bitmaps.set(key, bitmap);
  return bitmap;
}

function contextKey({ root, context }: Segment): string {
  return `${root} ${context}`;
}

export function unchanged(segment: Segment): SegmentChange {
  return {
    segment: segment.id,
    revision: segment.revision,
    state: segment.state,
    attempt: segment.attempt,
    kills: segment.kills,
    eligibleAtMs: segment.eligibleAtMs,
    requests: segment.requests,
    memberRequests: segment.memberRequests,
  };
}

export function changeOf(operation: Operation, segment: Segment, nowMs: number): SegmentChange {
  const same = unchanged(segment);
  switch (operation) {
    case 'pause':
      return { ...same, requests: same.requests | request.pause };
    case 'resume':
      return {
        ...same,
        state: isParked(segment) ? segment.state : 'ready',
        requests: same.requests & ~request.pause,
        memberRequests: withoutPause(same.memberRequests),
      };
    case 'remove':
      return { ...same, requests: same.requests | request.remove };
    case 'recover':
      return { ...same, state: 'ready', attempt: 0, kills: 0, eligibleAtMs: nowMs };
    case 'expedite': {
      const eligibleAtMs = segment.waitsFor === null ? segment.eligibleAtMs : nowMs;
      return { ...same, eligibleAtMs, requests: same.requests | request.expedite };
    }
    case 'interrupt':
      return { ...same, requests: same.requests | request.interrupt };
    case 'takeOff':
    case 'rename':
      return same;
  }
}

function withoutPause(requests: Segment['memberRequests']): Segment['memberRequests'] {
  if (requests === null) return null;
  return Object.fromEntries(Object.entries(requests).map(([ordinal, bits]) => [ordinal, bits & ~request.pause]));
}
