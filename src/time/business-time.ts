// Lengths of business time.

import type { BusinessInterval } from './business-interval.js';

/** The moment at which so much business time has passed since `fromMs`; infinity when there will not be as much. */
export function afterBusinessTime(calendar: BusinessInterval, fromMs: number, lengthMs: number): number {
  let leftMs = lengthMs;
  let atMs = fromMs;
  let isOpen = calendar.includes(fromMs);
  for (;;) {
    const edgeMs = calendar.nextEdge(atMs);
    if (isOpen) {
      if (edgeMs === undefined || edgeMs - atMs >= leftMs) return atMs + leftMs;
      leftMs -= edgeMs - atMs;
    } else if (edgeMs === undefined) return Number.POSITIVE_INFINITY;
    atMs = edgeMs;
    isOpen = !isOpen;
  }
}
