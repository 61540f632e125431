// `OrderedLanes`: what touches the same keeps its order, what does not waits for nobody.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedLanes } from '../../src/store/postgres/ordered-lanes.js';

/** A lane that does one thing after the other, when told to. */
class FakeLane {
  readonly queue: (() => void)[] = [];
  readonly isRefusing = false;
  get load(): number {
    return this.queue.length;
  }
  work(begin: () => void): Promise<void> {
    return new Promise(resolve =>
      this.queue.push(() => {
        begin();
        resolve();
      }),
    );
  }
}

test('any work on any lanes, finished in any order, keeps the order of what it touches, and all is done', async () => {
  const work = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), work, fc.infiniteStream(fc.nat(3)), async (count, all, picks) => {
      const lanes = Array.from({ length: count }, () => new FakeLane());
      const ordered = new OrderedLanes(lanes);
      const done: number[] = [];
      const asked = all.map((touches, n) => ordered.run(touches, lane => lane.work(() => void done.push(n))));
      while (done.length < all.length) {
        const busy = lanes.filter(({ load }) => load > 0);
        expect(busy.length).toBeGreaterThan(0);
        busy[picks.next().value! % busy.length]!.queue.shift()!();
        await new Promise(resolve => setImmediate(resolve));
      }
      await Promise.all(asked);
      for (const thing of ['a', 'b', 'c', 'd']) {
        const order = done.filter(n => all[n]!.some(each => each === thing));
        expect(order).toEqual([...order].sort((x, y) => x - y));
      }
    }),
    { numRuns: 100 },
  );
});

test('work that touches nothing in common is spread, and a failure frees what it touched', async () => {
  const lanes = [new FakeLane(), new FakeLane()];
  const ordered = new OrderedLanes(lanes);
  const failing = ordered.run(['a'], () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  for (const thing of ['a', 'b', 'c', 'd']) void ordered.run([thing], lane => lane.work(() => {}));
  expect(lanes.map(({ load }) => load)).toEqual([2, 2]);
  void ordered.run(['a', 'b'], lane => lane.work(() => {}));
  expect(lanes.map(({ load }) => load)).toEqual([2, 2]);
});
