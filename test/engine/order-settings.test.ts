// What branches have of the order is brought to the queue: only what differs, the last that was wanted, and not less than
// all of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderSettings, type WantedOrder } from '../../src/engine/configuration/order-settings.js';
import type { BranchSettings, FairnessWindow, Throttle } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import { seed } from '../seed.js';

const none: WantedOrder = { priority: null, fifo: null, fairness: null, throttle: null, keys: null };

/** A queue that remembers what is set, and can fail. */
class Home {
  readonly #set = new Map<string, WantedOrder>();
  /** Branches of which something was not carried out to its end. */
  readonly begun = new Set<string>();
  readonly calls: string[] = [];
  failAt: number | null = null;
  /** Called before each call is carried out. */
  meanwhile: () => void = () => undefined;

  settings = async (): Promise<ReadonlyMap<string, BranchSettings>> => {
    const branches = new Set([...this.#set.keys(), ...this.begun]);
    return new Map(
      [...branches].map(branch => [branch, { ...none, ...this.#set.get(branch), isWhole: !this.begun.has(branch) }]),
    );
  };

  setInheritedPriority = (branch: string, priority: number | null) => this.#call(branch, { priority });
  setFifo = (branch: string, fifo: boolean | null) => this.#call(branch, { fifo });
  setFairness = (branch: string, fairness: FairnessWindow | null) => this.#call(branch, { fairness });
  setThrottle = (branch: string, throttle: Throttle | null) => this.#call(branch, { throttle });
  setKeys = (branch: string, keys: KeyRules | null) => this.#call(branch, { keys });

  put(branch: string, value: Partial<WantedOrder>): void {
    const after = { ...none, ...this.#set.get(branch), ...value };
    if (Object.values(after).every(each => each === null)) this.#set.delete(branch);
    else this.#set.set(branch, after);
  }

  async told(): Promise<Record<string, Partial<WantedOrder>>> {
    return Object.fromEntries([...this.#set].map(([branch, said]) => [branch, briefly(said)]));
  }

  #call = async (branch: string, value: Partial<WantedOrder>): Promise<void> => {
    this.meanwhile();
    if (this.calls.length === this.failAt) {
      this.failAt = null;
      throw new Error('not now');
    }
    this.calls.push(`${branch} ${JSON.stringify(value)}`);
    this.begun.delete(branch);
    this.put(branch, value);
  };
}

/** Without what is not set. */
function briefly(said: WantedOrder): Partial<WantedOrder> {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

const wanted = (record: Record<string, Partial<WantedOrder>>): ReadonlyMap<string, WantedOrder> =>
  new Map(Object.entries(record).map(([branch, said]) => [branch, { ...none, ...said }]));

const one = { perEngine: 1, clusterWide: null, rate: null };
const three = { perEngine: null, clusterWide: 3, rate: null };

/** Rules made anew each time, as a configuration makes them. */
const fourTo = (key: string): KeyRules => ({
  each: { clusterWide: null, rate: null },
  weights: { of: new Map([[key, 4]]), others: 1 },
  isStrict: false,
});

describe('order settings', () => {
  test('one call a changed value, throttles first; what is gone is taken away; what was set in part is set again', async () => {
    const home = new Home();
    const order = new OrderSettings(home, () => true);
    order.want(wanted({ '/': { priority: 20, throttle: three }, '/a/': { fifo: true }, '/b/': { throttle: one } }));
    expect(order.isDue).toBe(true);
    await order.agree();
    expect([home.calls.splice(0), order.isDue]).toEqual([
      [
        '/ {"throttle":{"perEngine":null,"clusterWide":3,"rate":null}}',
        '/b/ {"throttle":{"perEngine":1,"clusterWide":null,"rate":null}}',
        '/ {"priority":20}',
        '/a/ {"fifo":true}',
      ],
      false,
    ]);
    order.want(wanted({ '/': { priority: 20, fairness: 5 }, '/a/': { fifo: false }, '/c/': { throttle: { ...one } } }));
    await order.agree();
    // The bound that has moved was at no moment at neither branch.
    expect(home.calls.splice(0)).toEqual([
      '/c/ {"throttle":{"perEngine":1,"clusterWide":null,"rate":null}}',
      '/ {"throttle":null}',
      '/b/ {"throttle":null}',
      '/a/ {"fifo":false}',
      '/ {"fairness":5}',
    ]);
    await order.agree();
    expect(home.calls).toEqual([]);
    home.begun.add('/c/').add('/gone/');
    order.doubt();
    await order.agree();
    expect(home.calls.sort()).toEqual(
      ['/c/', '/gone/'].flatMap(branch => [
        `${branch} {"fairness":null}`,
        `${branch} {"fifo":null}`,
        `${branch} {"keys":null}`,
        `${branch} {"priority":null}`,
        `${branch} {"throttle":${branch === '/c/' ? '{"perEngine":1,"clusterWide":null,"rate":null}' : 'null'}}`,
      ]),
    );
  });

  test('rules for keys are set where they differ, not where they were made anew', async () => {
    const home = new Home();
    const order = new OrderSettings(home, () => true);
    for (const key of ['a', 'a', 'b']) {
      order.want(wanted({ '/': { keys: fourTo(key) } }));
      await order.agree();
    }
    expect(home.calls).toHaveLength(2);
    expect(await home.told()).toEqual({ '/': { keys: fourTo('b') } });
  });

  test('what is wanted while others are set is set behind them', async () => {
    const home = new Home();
    const order = new OrderSettings(home, () => true);
    home.meanwhile = () => {
      home.meanwhile = () => undefined;
      order.want(wanted({ '/a/': { priority: 2 } }));
    };
    order.want(wanted({ '/a/': { priority: 1 }, '/b/': { throttle: one } }));
    const agreed = order.agree();
    expect(order.isDue).toBe(true);
    await Promise.all([agreed, order.agree()]);
    expect(order.isDue).toBe(false);
    expect(await home.told()).toEqual({ '/a/': { priority: 2 } });
    expect(home.calls.at(-1)).toBe('/a/ {"priority":2}');
  });

  test('what failed is due until it has succeeded; who does not decide has nothing due', async () => {
    const home = new Home();
    let decides = true;
    const order = new OrderSettings(home, () => decides);
    order.want(wanted({ '/a/': { priority: 1 }, '/b/': { priority: 2 } }));
    home.failAt = 1;
    await expect(order.agree()).rejects.toThrow('not now');
    expect(order.isDue).toBe(true);
    decides = false;
    expect(order.isDue).toBe(false);
    decides = true;
    await order.agree();
    expect([home.calls, order.isDue]).toEqual([['/a/ {"priority":1}', '/b/ {"priority":2}'], false]);
  });

  test('who decides no longer sets no more, and begins again when it decides again', async () => {
    const home = new Home();
    let decides = true;
    const order = new OrderSettings(home, () => decides);
    home.meanwhile = () => {
      decides = false;
    };
    order.want(wanted({ '/a/': { throttle: one }, '/b/': { throttle: one } }));
    await order.agree();
    expect([home.calls, order.isDue]).toEqual([
      ['/a/ {"throttle":{"perEngine":1,"clusterWide":null,"rate":null}}'],
      false,
    ]);
    home.meanwhile = () => undefined;
    home.put('/a/', { throttle: three });
    decides = true;
    expect(order.isDue).toBe(true);
    await order.agree();
    expect(await home.told()).toEqual({ '/a/': { throttle: one }, '/b/': { throttle: one } });
  });

  test(`any changes, with failures and wishes in between, end in what was wanted last (seed ${seed})`, async () => {
    const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { freq: 2 });
    const said = fc.record({
      priority: maybe(fc.integer({ min: 1, max: 3 })),
      fifo: maybe(fc.boolean()),
      fairness: maybe(fc.constantFrom('off' as const, 5)),
      throttle: maybe(fc.constantFrom(one, three)),
      keys: maybe(fc.constantFrom(fourTo('a'), fourTo('b'))),
    });
    const wish = fc.dictionary(fc.constantFrom('/', '/a/', '/a/b/', '/c/'), said);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ wish, failAt: fc.option(fc.nat(9)), later: fc.option(wish) }), { minLength: 1 }),
        async steps => {
          const home = new Home();
          const order = new OrderSettings(home, () => true);
          let last: ReadonlyMap<string, WantedOrder> = new Map();
          const want = (record: Record<string, WantedOrder>): void => {
            last = wanted(record);
            order.want(last);
          };
          for (const { wish: now, failAt, later } of steps) {
            home.calls.length = 0;
            home.failAt = failAt;
            want(now);
            home.meanwhile = () => {
              if (later === null) return;
              home.meanwhile = () => undefined;
              want(later);
            };
            // What fails is left to the next of these, or to the one at the end.
            await order.agree().catch(() => undefined);
            home.meanwhile = () => undefined;
          }
          home.failAt = null;
          if (order.isDue) await order.agree();
          const expected = [...last].map(([branch, value]) => [branch, briefly(value)] as const);
          expect(await home.told()).toEqual(
            Object.fromEntries(expected.filter(([, value]) => Object.keys(value).length > 0)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
