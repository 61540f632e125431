// Spans of time as a flat, sorted list of edges: [start, end, start, end, ...]. Starts are in, ends are out; no two spans
// touch. Sets of time are made of these lists, and what is done to sets is done in one walk over two of them.

/** Milliseconds; what from is up to who holds them. */
export type Spans = readonly number[];

export const noSpans: Spans = [];

/** What remains of two lists: `keeps` says whether a point in the first and in the second, or not, is in the result. */
function combine(left: Spans, right: Spans, keeps: (isInLeft: boolean, isInRight: boolean) => boolean): Spans {
  const result: number[] = [];
  let leftAt = 0;
  let rightAt = 0;
  while (leftAt < left.length || rightAt < right.length) {
    const edge = Math.min(left[leftAt] ?? Number.POSITIVE_INFINITY, right[rightAt] ?? Number.POSITIVE_INFINITY);
    if (left[leftAt] === edge) leftAt += 1;
    if (right[rightAt] === edge) rightAt += 1;
    // An odd number of edges behind: inside a span.
    if (keeps(leftAt % 2 === 1, rightAt % 2 === 1) !== (result.length % 2 === 1)) result.push(edge);
  }
  return result;
}

export function unite(left: Spans, right: Spans): Spans {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  return combine(left, right, (isInLeft, isInRight) => isInLeft || isInRight);
}

export function intersect(left: Spans, right: Spans): Spans {
  return combine(left, right, (isInLeft, isInRight) => isInLeft && isInRight);
}

export function subtract(left: Spans, right: Spans): Spans {
  if (right.length === 0) return left;
  return combine(left, right, (isInLeft, isInRight) => isInLeft && !isInRight);
}

/** Adds a span to a list that is being built. Spans come in order of their starts; those that touch become one. */
export function append(spans: number[], start: number, end: number): void {
  if (end <= start) return;
  const last = spans.length - 1;
  if (last > 0 && start <= spans[last]!) spans[last] = Math.max(spans[last]!, end);
  else spans.push(start, end);
}

/** Spans of any order as a list. */
export function spansOf(unordered: Iterable<readonly [start: number, end: number]>): Spans {
  const spans: number[] = [];
  for (const [start, end] of [...unordered].sort((left, right) => left[0] - right[0])) append(spans, start, end);
  return spans;
}

/** How many of the sorted `edges` are at or before `point`. */
export function countUpTo(edges: ArrayLike<number>, point: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= point) low = middle + 1;
    else high = middle;
  }
  return low;
}
