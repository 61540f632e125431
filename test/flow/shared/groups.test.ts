// Groups of copies, sub-workflows, cancellation, mutexes and handlers, rule by rule.

import { describe, expect, test } from 'vitest';
import type { Action, Flow } from '../../../src/workflow/model.js';
import { planOf } from './programs.js';
import { TinyWorld } from './tiny-world.js';

const nulls = (names: string): Action[] => names.split(' ').map(name => ({ name, type: 'null' }));
const ways = (...flows: readonly string[]): Flow[] =>
  flows.map(flow => ({ from: flow.split('>')[0]!, to: flow.split('>')[1]! }));
const group = (more: object, actions: Action[] = nulls('item'), flows: Flow[] = []): Action => {
  return { name: 'group', type: 'forEach', body: { actions, flows }, items: [0, 1, 2, 3, 4], ...more };
};

function worldOf(actions: Action[], flows: Flow[], others: Record<number, TinyWorld['plans']> = {}): TinyWorld {
  const plans = new Map([[1, planOf('/flow', { actions, flows })]]);
  for (const more of Object.values(others)) for (const [number, plan] of more) plans.set(number, plan);
  return new TinyWorld(plans);
}

const withGroup = (more: object, actions?: Action[], flows?: Flow[]): TinyWorld => {
  const world = worldOf([group(more, actions, flows), ...nulls('after')], ways('group>after'));
  world.run(0);
  return world;
};
const count = (world: TinyWorld, what: string): number => world.stands().filter(each => each === what).length;
const one = (world: TinyWorld, name: string) => world.run(world.at(name)[0]!);

describe('a group', () => {
  test('of which all is removed keeps no result, of one whose removal comes in the same commit either', () => {
    const world = withGroup(
      { items: [0, 1], parallel: 2 },
      [...nulls('s a b'), { name: 'j', type: 'null', join: 'all' }],
      ways('s>a', 's>b', 'b>j'),
    );
    const [item] = world.at('group/s');
    world.run(item!);
    world.run(item!);
    const kept = Object.values(world.state!.open).find(({ result }) => result !== undefined)!.result!;
    const removed = [world.at('group/b')[0]!, kept].map(context => world.happening(context, { kind: 'removed' }));
    // The checks of the world look for what is named as a result.
    world.commit(removed);
    expect(world.stands()).toEqual(['ready group/s', 'waiting group+']);
  });

  test('runs as many copies at once as it may, and goes on with their results by index', () => {
    const world = withGroup({ parallel: 2 });
    expect(world.stands()).toEqual(['ready group/item', 'ready group/item', 'waiting group+']);
    // The second is done before the first.
    world.run(world.at('group/item')[1]!);
    expect(count(world, 'ready group/item')).toBe(2);
    for (let at = 0; at < 3; at++) one(world, 'group/item');
    expect(world.times('group/item')).toBe(4);
    const { standing } = one(world, 'group/item');
    expect(world.stands()).toEqual(['ready group+']);
    const { source } = standing.find(({ context }) => context === 1)!;
    expect(source.kind === 'results' && source.results!.map(({ item }) => item)).toEqual([0, 1, 2, 3, 4]);
    expect(Object.keys(world.state!.open)).toEqual(['0']);
    world.runAll();
    expect(world.times('after')).toBe(1);
  });

  test('without items goes on at once, with an empty list', () => {
    const world = withGroup({ items: [] });
    expect(world.last.standing).toMatchObject([{ context: 1, hasRun: true, state: 'ready', source: { kind: 'results', results: [] } }]); // biome-ignore format: one line
    expect(world.stands()).toEqual(['ready group+']);
  });

  test('that does not collect keeps nothing', () => {
    const world = withGroup({ collect: false, parallel: 5 });
    one(world, 'group/item');
    expect(count(world, 'joining group+')).toBe(0);
    world.runAll();
    expect(world.times('group/item')).toBe(5);
  });

  test('complete early with `keep`: the flow goes on, the others run to their end and give nothing', () => {
    const world = withGroup({ parallel: 2, complete: 2 });
    one(world, 'group/item');
    const { standing } = one(world, 'group/item');
    const { source } = standing.find(({ context }) => context === 1)!;
    expect(source.kind === 'results' && source.results).toHaveLength(2);
    expect(count(world, 'ready group/item')).toBe(2);
    // Every copy that is begun now has its item from what is in the store.
    expect(standing.filter(each => each.source.kind === 'item').map(({ from }) => from)).toEqual([1]);
    one(world, 'group');
    const [after] = world.at('after');
    one(world, 'after');
    expect(world.end).toBeNull();
    world.runAll();
    expect(world.times('group/item')).toBe(5);
    expect(world.end).toEqual({ state: 'finished', result: after });
  });

  test('complete early with `cancel`: what runs is withdrawn, also what executes meanwhile', () => {
    const world = withGroup({ parallel: 5, complete: 2, rest: 'cancel' });
    world.run(...world.at('group/item').slice(0, 3));
    expect(world.stands()).toEqual(['ready group+']);
  });

  test('that nobody waits for keeps the instance open; its copies have what was there when it began', () => {
    const world = withGroup({ parallel: 2, wait: false });
    expect(count(world, 'ready group+')).toBe(1);
    expect(world.last.standing.map(({ from }) => from)).toEqual([1, 1, 1, 1]);
    one(world, 'group');
    one(world, 'after');
    expect(world.end).toBeNull();
    world.runAll();
    expect(world.times('group/item')).toBe(5);
    expect(world.end).toEqual({ state: 'finished', result: 1 });
  });

  test('inside of an item, that the item does not wait for, keeps the item open', () => {
    const inner: Action = { ...group({ wait: false, items: [0, 1] }), name: 'inner' };
    const world = withGroup({ items: [0] }, [inner]);
    one(world, 'group/inner');
    one(world, 'group/inner');
    expect(count(world, 'waiting group+')).toBe(1);
    one(world, 'group/inner/item');
    expect(count(world, 'waiting group+')).toBe(1);
    one(world, 'group/inner/item');
    expect(world.stands()).toEqual(['ready group+']);
  });

  test('whose items split counts joins by item', () => {
    const actions: Action[] = [...nulls('head a b'), { name: 'join', type: 'null', join: 'all' }];
    const world = withGroup({ parallel: 5, items: [0, 1] }, actions, ways('head>a', 'head>b', 'a>join', 'b>join'));
    one(world, 'group/head');
    one(world, 'group/head');
    const items = world.at('group/a');
    world.run(items[0]!);
    // The other item's.
    const other = world.contexts.get(items[1]!)!.scope;
    world.run(world.at('group/b').find(context => world.contexts.get(context)!.scope === other)!);
    expect(count(world, 'joining group/join')).toBe(2);
    world.runAll();
    expect(world.times('group/join')).toBe(2);
  });

  test.each([
    ['complete', ['ready group+', 'ready side+']],
    ['cancel', ['ready group+', 'ready side+']],
  ])('is told by an action beside it to %s', (change, stands) => {
    const side = { name: 'side', type: 'group', group: 'group', do: change } as Action;
    const actions = [...nulls('head'), group({ parallel: 5 }), side];
    const world = worldOf(actions, ways('head>group', 'head>side'));
    world.run(0);
    one(world, 'group');
    one(world, 'group/item');
    const { standing } = one(world, 'side');
    expect(world.stands()).toEqual(stands);
    const { source } = standing.find(({ context }) => context === 1)!;
    expect(source.kind === 'results' && source.results).toHaveLength(change === 'complete' ? 1 : 0);
  });

  test('is extended by one of its own items; the new copies have the items of the one that extends', () => {
    const extend = { name: 'more', type: 'group', group: 'group', do: 'extend', items: [7, 8] } as Action;
    const world = withGroup({ items: [0], parallel: 3 }, [extend, ...nulls('tail')], ways('more>tail'));
    let extensions = 0;
    world.choices.count = () => (extensions++ === 0 ? 2 : 0);
    const extender = world.at('group/more')[0]!;
    const { standing } = world.run(extender);
    const items = standing.flatMap(({ source }) => (source.kind === 'item' ? [source.item] : []));
    expect(items).toEqual([
      { kind: 'listed', context: extender, at: 0 },
      { kind: 'listed', context: extender, at: 1 },
    ]);
    world.runAll();
    expect(world.times('group/tail')).toBe(3);
    expect(world.end?.state).toBe('finished');
  });
});

describe('a group that nobody waits for', () => {
  test('is extended while it runs, by one of its items', () => {
    const extend = { name: 'more', type: 'group', group: 'group', do: 'extend', items: [7, 8] } as Action;
    const world = withGroup({ items: [0], parallel: 3, wait: false }, [extend, ...nulls('tail')], ways('more>tail'));
    let extensions = 0;
    world.choices.count = () => (extensions++ === 0 ? 2 : 0);
    world.runAll();
    expect(world.times('group/tail')).toBe(3);
    expect(world.end?.state).toBe('finished');
  });
});

describe('a sub-workflow', () => {
  const sub = new Map([[2, planOf('/sub', { actions: [...nulls('one two'), { name: 'over', type: 'end' }], flows: ways('one>two', 'one>over') })]]); // biome-ignore format: one line
  const calls = (more: object = {}): TinyWorld =>
    worldOf([{ name: 'call', type: 'workflow', workflow: '/sub', ...more }, ...nulls('after')], ways('call>after'), { 2: sub }); // biome-ignore format: one line

  test('is a scope: its caller waits, and goes on with the result of its last', () => {
    const world = calls();
    world.run(0);
    expect(world.stands()).toEqual(['ready one', 'waiting call+']);
    world.choices.flows = ({ flows }) => flows.slice(0, 1).map(({ flow }) => flow);
    world.run(world.ready()[0]!.context);
    const { context } = world.ready()[0]!;
    const { standing } = world.run(context);
    expect(standing).toMatchObject([{ context: 1, hasRun: true, state: 'ready', source: { kind: 'result', result: context } }]); // biome-ignore format: one line
  });

  test('that comes to an end action ends alone', () => {
    const world = calls();
    world.run(0);
    world.run(world.ready()[0]!.context);
    const { place } = sub.get(2)!.actions.find(({ name }) => name === 'over')!;
    const ending = world.ready().find(each => each.place === place)!;
    world.run(ending.context);
    expect(world.stands()).toEqual(['ready call+']);
  });

  test('that nobody waits for is submitted', () => {
    const world = calls({ wait: false });
    world.run(0);
    expect(world.submits).toEqual([{ workflow: 2, context: 1 }]);
    expect(world.stands()).toEqual(['ready call+']);
  });
});

describe('a region', () => {
  test('is cancelled with what its contexts have opened, and what executes there meanwhile; the canceller goes on', () => {
    const actions: Action[] = [...nulls('head a'), group({ parallel: 2 }), { name: 'stop', type: 'cancel', actions: ['a', 'group'] }, ...nulls('far near')]; // biome-ignore format: one line
    const world = worldOf(actions, ways('head>a', 'head>group', 'head>stop', 'a>far', 'a>near'));
    world.run(0);
    one(world, 'group');
    expect(world.stands()).toHaveLength(5);
    world.run(world.at('stop')[0]!, world.at('a')[0]!);
    expect(world.stands()).toEqual(['ready stop+']);
    expect(world.times('far')).toBe(0);
  });
});

describe('a mutex', () => {
  const actions: Action[] = [
    ...nulls('head'),
    ...['a', 'b', 'c'].map((name): Action => ({ name, type: 'null', mutex: 'm' })),
  ];
  const start = (): TinyWorld => {
    const world = worldOf(actions, ways('head>a', 'head>b', 'head>c'));
    world.run(0);
    return world;
  };

  test('lets one run at a time, who has waited longest next', () => {
    const world = start();
    expect(world.stands()).toEqual(['ready a', 'waiting b', 'waiting c']);
    one(world, 'a');
    expect(world.stands()).toEqual(['ready b', 'waiting c']);
    one(world, 'b');
    one(world, 'c');
    expect(world.end?.state).toBe('finished');
  });

  test('is handed over when its holder is removed', () => {
    const world = start();
    world.commit([world.happening(world.at('a')[0]!, { kind: 'removed' })]);
    expect(world.stands()).toEqual(['ready b', 'waiting c']);
  });

  test('of one that waits is not handed to it after it was withdrawn', () => {
    const world = worldOf([...actions, { name: 'stop', type: 'cancel', actions: ['b'] }], ways('head>a', 'head>b', 'head>c', 'head>stop')); // biome-ignore format: one line
    world.run(0);
    one(world, 'stop');
    one(world, 'a');
    expect(world.stands()).toEqual(['ready c', 'ready stop+']);
  });
});

describe('a handler', () => {
  const handler = new Map([[3, planOf('/handler', { actions: [...nulls('mend'), { name: 'no', type: 'error' }], flows: ways('mend>no') })]]); // biome-ignore format: one line
  const failing = (): TinyWorld => {
    const world = worldOf(nulls('head a b'), ways('head>a', 'head>b'), { 3: handler });
    world.run(0);
    world.commit([world.happening(world.at('a')[0]!, { kind: 'handed', workflow: 3 })]);
    return world;
  };

  test('begins with the error, while what failed waits where its transaction began; then that is tried again', () => {
    const world = failing();
    expect(world.stands()).toEqual(['ready b', 'ready mend', 'waiting a']);
    const begun = world.last.standing.find(({ source }) => source.kind === 'error')!;
    const { standing } = world.commit([world.happening(begun.context, { kind: 'ended' })]);
    expect(standing).toMatchObject([{ context: 1, hasRun: false, state: 'ready', isRetry: true }]);
    expect(world.stands()).toEqual(['ready a', 'ready b']);
  });

  test('that comes to an error action leaves what failed FAILED, and nothing of itself', () => {
    const world = failing();
    const begun = world.last.standing.find(({ source }) => source.kind === 'error')!;
    world.run(begun.context);
    expect(world.stands()).toEqual(['failed a', 'ready b']);
    expect(Object.keys(world.state!.open)).toEqual(['0']);
  });

  test('that gives up in the commit in which an operation is for what failed leaves it there once', () => {
    const stop: Action = { name: 'stop', type: 'cancel', actions: ['a'] };
    const world = worldOf([...nulls('head a b'), stop], ways('head>a', 'head>b', 'head>stop'), { 3: handler });
    world.run(0);
    const [[a], [stops]] = [world.at('a'), world.at('stop')];
    world.commit([world.happening(a!, { kind: 'handed', workflow: 3 })]);
    const mending = world.ready().find(({ workflow }) => workflow === 3)!.context;
    const recovered = world.happening(a!, { kind: 'recovered' });
    const gaveUp = world.happening(mending, { kind: 'gaveUp' });
    // The checks of the world count who lives after each step.
    world.commit([gaveUp, world.happening(stops!, world.transaction(stops!)), recovered]);
    expect(world.stands()).toEqual(['ready b', 'ready stop+']);
  });

  test('has the mutex at which it failed: others may take it meanwhile, and what failed waits for it again', () => {
    const held = planOf('/handler', { actions: [{ name: 'mend', type: 'null', mutex: 'm' }, { name: 'no', type: 'error' }], flows: ways('mend>no') }); // biome-ignore format: one line
    const own = (name: string): Action => ({ name, type: 'null', mutex: 'm' });
    const world = worldOf([...nulls('head'), own('a'), own('b')], ways('head>a', 'head>b'), {
      3: new Map([[3, held]]),
    });
    world.run(0);
    expect(world.stands()).toEqual(['ready a', 'waiting b']);
    world.commit([world.happening(world.at('a')[0]!, { kind: 'handed', workflow: 3 })]);
    expect(world.stands()).toEqual(['ready b', 'waiting a', 'waiting mend']);
    world.run(world.at('b')[0]!);
    expect(world.stands()).toEqual(['ready mend', 'waiting a']);
    const mending = world.ready()[0]!.context;
    const { standing } = world.commit([world.happening(mending, { kind: 'ended' })]);
    expect(standing).toMatchObject([{ context: 1, state: 'ready', isRetry: true }]);
    expect(world.state!.mutexes).toEqual({ m: { holder: 1, waiting: [] } });
  });

  test('that ends in the commit in which what failed is recovered: that waits for the mutex once', () => {
    const own = (name: string): Action => ({ name, type: 'null', mutex: 'm' });
    const world = worldOf([...nulls('head'), own('a'), own('b')], ways('head>a', 'head>b'), { 3: handler });
    world.run(0);
    const [a] = world.at('a');
    world.commit([world.happening(a!, { kind: 'handed', workflow: 3 })]);
    const mending = world.ready().find(({ workflow }) => workflow === 3)!.context;
    world.commit([world.happening(mending, { kind: 'ended' }), world.happening(a!, { kind: 'recovered' })]);
    expect(world.state!.mutexes.m!.waiting).toMatchObject([{ context: a }]);
    world.runAll();
    expect(world.end).toMatchObject({ state: 'finished' });
  });

  test('that ends while another has the mutex: what failed waits, and is still a retry when it gets it', () => {
    const own = (name: string): Action => ({ name, type: 'null', mutex: 'm' });
    const world = worldOf([...nulls('head'), own('a'), own('b')], ways('head>a', 'head>b'), { 3: handler });
    world.run(0);
    world.commit([world.happening(world.at('a')[0]!, { kind: 'handed', workflow: 3 })]);
    const mending = world.ready().find(({ workflow }) => workflow === 3)!.context;
    world.commit([world.happening(mending, { kind: 'ended' })]);
    expect(world.stands()).toEqual(['ready b', 'waiting a']);
    expect(world.run(world.at('b')[0]!).standing).toMatchObject([{ context: 1, state: 'ready', isRetry: true }]);
  });

  test('that leaves it FAILED while another has the mutex: recovered it waits for that, and does not run beside it', () => {
    const own = (name: string): Action => ({ name, type: 'null', mutex: 'm' });
    const world = worldOf([...nulls('head'), own('a'), own('b')], ways('head>a', 'head>b'), { 3: handler });
    world.run(0);
    const a = world.at('a')[0]!;
    world.commit([world.happening(a, { kind: 'handed', workflow: 3 })]);
    const mending = world.ready().find(({ workflow }) => workflow === 3)!.context;
    world.commit([world.happening(mending, { kind: 'gaveUp' })]);
    expect(world.stands()).toEqual(['failed a', 'ready b']);
    world.commit([world.happening(a, { kind: 'recovered' })]);
    expect(world.stands()).toEqual(['ready b', 'waiting a']);
    world.runAll();
    expect([world.times('a'), world.end?.state]).toEqual([1, 'finished']);
  });

  test('that leaves it FAILED with its mutex: recovered it has that still', () => {
    const own = (name: string): Action => ({ name, type: 'null', mutex: 'm' });
    const world = worldOf([...nulls('head'), own('a'), own('b')], ways('head>a', 'head>b'), { 3: handler });
    world.run(0);
    const a = world.at('a')[0]!;
    world.contexts.set(a, { ...world.contexts.get(a)!, state: 'failed' });
    world.commit([world.happening(a, { kind: 'recovered' })]);
    expect(world.stands()).toEqual(['ready a', 'waiting b']);
    expect(world.state!.mutexes.m).toMatchObject({ holder: a, waiting: [{}] });
  });
});
