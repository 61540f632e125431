// What branches inherit is brought to the queue: only what differs, the last that was wanted, and not less than all of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InheritedPriorities } from '../../src/engine/inherited-priorities.js';
import { seed } from '../seed.js';

/** A queue that remembers what is set, and can fail. */
class Home {
  readonly priorities = new Map<string, number>();
  readonly calls: string[] = [];
  failAt: number | null = null;
  /** Called before each call is carried out. */
  meanwhile: () => void = () => undefined;

  inheritedPriorities = async (): Promise<ReadonlyMap<string, number>> => new Map(this.priorities);

  setInheritedPriority = async (branch: string, priority: number | null): Promise<void> => {
    this.meanwhile();
    if (this.calls.length === this.failAt) {
      this.failAt = null;
      throw new Error('not now');
    }
    this.calls.push(`${branch} ${priority}`);
    if (priority === null) this.priorities.delete(branch);
    else this.priorities.set(branch, priority);
  };
}

const map = (record: Record<string, number>): Map<string, number> => new Map(Object.entries(record));

describe('inherited priorities', () => {
  test('one call a changed branch; what is gone is taken away; what was set in part is set again', async () => {
    const home = new Home();
    const priorities = new InheritedPriorities(home, () => true);
    priorities.want(map({ '/': 20, '/a/': 5, '/b/': 7 }));
    expect(priorities.isDue).toBe(true);
    await priorities.agree();
    expect([home.calls.splice(0), priorities.isDue]).toEqual([['/ 20', '/a/ 5', '/b/ 7'], false]);
    priorities.want(map({ '/': 20, '/a/': 6, '/c/': 1 }));
    await priorities.agree();
    expect(home.calls.splice(0).sort()).toEqual(['/a/ 6', '/b/ null', '/c/ 1']);
    await priorities.agree();
    expect(home.calls).toEqual([]);
    home.priorities.set('/c/', 0);
    home.priorities.set('/gone/', 0);
    priorities.doubt();
    await priorities.agree();
    expect(home.calls).toEqual(['/c/ 1', '/gone/ null']);
  });

  test('what is wanted while others are set is set behind them', async () => {
    const home = new Home();
    const priorities = new InheritedPriorities(home, () => true);
    home.meanwhile = () => {
      home.meanwhile = () => undefined;
      priorities.want(map({ '/a/': 2 }));
    };
    priorities.want(map({ '/a/': 1, '/b/': 1 }));
    const agreed = priorities.agree();
    expect(priorities.isDue).toBe(true);
    await Promise.all([agreed, priorities.agree()]);
    expect(priorities.isDue).toBe(false);
    expect([home.calls, home.priorities]).toEqual([['/a/ 1', '/b/ 1', '/a/ 2', '/b/ null'], map({ '/a/': 2 })]);
  });

  test('what failed is due until it has succeeded; who does not decide has nothing due', async () => {
    const home = new Home();
    let decides = true;
    const priorities = new InheritedPriorities(home, () => decides);
    priorities.want(map({ '/a/': 1, '/b/': 2 }));
    home.failAt = 1;
    await expect(priorities.agree()).rejects.toThrow('not now');
    expect(priorities.isDue).toBe(true);
    decides = false;
    expect(priorities.isDue).toBe(false);
    decides = true;
    await priorities.agree();
    expect([home.calls, priorities.isDue]).toEqual([['/a/ 1', '/b/ 2'], false]);
  });

  test('who decides no longer sets no more, and begins again when it decides again', async () => {
    const home = new Home();
    let decides = true;
    const priorities = new InheritedPriorities(home, () => decides);
    home.meanwhile = () => {
      decides = false;
    };
    priorities.want(map({ '/a/': 1, '/b/': 2 }));
    await priorities.agree();
    expect([home.calls, priorities.isDue]).toEqual([['/a/ 1'], false]);
    home.meanwhile = () => undefined;
    home.priorities.set('/a/', 9);
    decides = true;
    expect(priorities.isDue).toBe(true);
    await priorities.agree();
    expect(home.priorities).toEqual(map({ '/a/': 1, '/b/': 2 }));
  });

  test(`any changes, with failures and wishes in between, end in what was wanted last (seed ${seed})`, async () => {
    const wish = fc.dictionary(fc.constantFrom('/', '/a/', '/a/b/', '/c/'), fc.integer({ min: 1, max: 3 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ wish, failAt: fc.option(fc.nat(5)), later: fc.option(wish) }), { minLength: 1 }),
        async steps => {
          const home = new Home();
          const priorities = new InheritedPriorities(home, () => true);
          let last = new Map<string, number>();
          for (const { wish: now, failAt, later } of steps) {
            home.calls.length = 0;
            home.failAt = failAt;
            last = map(now);
            priorities.want(last);
            home.meanwhile = () => {
              if (later === null) return;
              home.meanwhile = () => undefined;
              last = map(later);
              priorities.want(last);
            };
            await priorities.agree().catch(() => undefined);
            home.meanwhile = () => undefined;
          }
          home.failAt = null;
          if (priorities.isDue) await priorities.agree();
          expect(home.priorities).toEqual(last);
        },
      ),
      { numRuns: 300 },
    );
  });
});
