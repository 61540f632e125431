// Which actions can be reached only by way of others: dominators by the semi-NCA method (Georgiadis, 2005), without
// recursion. Its worst case, a square of the places, is ten thousand steps of an array each: a tenth of a second.

/**
 * @param next for each place those it leads to
 * @returns whether every way from a start to `place` leads through `other`; false for places that no way leads to
 */
export function dominatorsOf(
  next: readonly (readonly number[])[],
  starts: readonly number[],
): (other: number, place: number) => boolean {
  const root = next.length;
  const ways = [...next, starts];
  const { order, numbers, parents } = depthFirst(ways, root);
  const idom = immediate(order, numbers, parents, ways);
  const { first, last } = intervals(idom);
  return (other, place) => {
    const above = numbers[other]!;
    const below = numbers[place]!;
    return above >= 0 && below >= 0 && first[above]! <= first[below]! && last[below]! <= last[above]!;
  };
}

/** `order`: places by their number; `parents`: numbers by number. The root has number 0, what is not reached -1. */
function depthFirst(ways: readonly (readonly number[])[], root: number) {
  const numbers = new Int32Array(ways.length).fill(-1);
  const order: number[] = [root];
  const parents: number[] = [0];
  numbers[root] = 0;
  const open = [{ place: root, tried: 0 }];
  for (let step = open.at(-1); step !== undefined; step = open.at(-1)) {
    const to = ways[step.place]![step.tried++];
    if (to === undefined) open.pop();
    else if (numbers[to]! < 0) {
      numbers[to] = order.length;
      order.push(to);
      parents.push(numbers[step.place]!);
      open.push({ place: to, tried: 0 });
    }
  }
  return { order, numbers, parents };
}

/** The nearest dominator of each number, as a number. */
function immediate(
  order: readonly number[],
  numbers: Int32Array,
  parents: readonly number[],
  ways: readonly (readonly number[])[],
): Int32Array {
  const before = order.map((): number[] => []);
  order.forEach((place, number) => {
    for (const to of ways[place]!) before[numbers[to]!]!.push(number);
  });
  const semi = Int32Array.from(order, (_, number) => number);
  const label = Int32Array.from(semi);
  const ancestor = Int32Array.from(parents);
  // Those from `linked` on have been given their semidominators.
  const least = (from: number, linked: number): number => {
    if (from < linked) return from;
    const way: number[] = [];
    let at = from;
    while (ancestor[at]! >= linked) {
      way.push(at);
      at = ancestor[at]!;
    }
    for (let step = way.pop(); step !== undefined; step = way.pop()) {
      const up = ancestor[step]!;
      if (semi[label[up]!]! < semi[label[step]!]!) label[step] = label[up]!;
      ancestor[step] = ancestor[up]!;
    }
    return label[from]!;
  };
  for (let number = order.length - 1; number > 0; number--) {
    semi[number] = parents[number]!;
    for (const from of before[number]!) {
      const candidate = semi[least(from, number + 1)]!;
      if (candidate < semi[number]!) semi[number] = candidate;
    }
    label[number] = number;
  }
  const idom = Int32Array.from(parents);
  for (let number = 1; number < order.length; number++) {
    while (idom[number]! > semi[number]!) idom[number] = idom[idom[number]!]!;
  }
  return idom;
}

/** Where the subtree of each number begins and ends in a walk of the tree of dominators. */
function intervals(idom: Int32Array): { first: Int32Array; last: Int32Array } {
  const sizes = new Int32Array(idom.length).fill(1);
  for (let number = idom.length - 1; number > 0; number--) sizes[idom[number]!]! += sizes[number]!;
  const first = new Int32Array(idom.length);
  const free = new Int32Array(idom.length);
  free[0] = 1;
  for (let number = 1; number < idom.length; number++) {
    const parent = idom[number]!;
    first[number] = free[parent]!;
    free[parent]! += sizes[number]!;
    free[number] = first[number]! + 1;
  }
  return { first, last: first.map((begin, number) => begin + sizes[number]! - 1) };
}
