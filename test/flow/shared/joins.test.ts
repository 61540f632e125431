// Joins, rule by rule: who waits, who goes on, what becomes of the rest.

import { describe, expect, test } from 'vitest';
import type { Action, Flow, Join } from '../../../src/workflow/model.js';
import { planOf } from './programs.js';
import { TinyWorld } from './tiny-world.js';

/** A workflow of null actions; `joins` by action, flows as `from>to`. */
function worldOf(
  flows: readonly string[],
  joins: Record<string, Join> = {},
  others: readonly Action[] = [],
): TinyWorld {
  const names = [...new Set(flows.flatMap(flow => flow.split('>')))];
  const actions = names.map((name): Action => {
    const own = others.find(each => each.name === name) ?? ({ name, type: 'null' } as const);
    return joins[name] === undefined ? own : { ...own, join: joins[name] };
  });
  const ways = flows.map((flow): Flow => ({ from: flow.split('>')[0]!, to: flow.split('>')[1]! }));
  return new TinyWorld(new Map([[1, planOf('/flow', { actions, flows: ways })]]));
}

const fan = ['head>a', 'head>b', 'head>c', 'a>join', 'b>join', 'c>join', 'join>after'];
/** The context at the action goes on. */
const go = (world: TinyWorld, ...names: readonly string[]) => world.run(...names.map(name => world.at(name)[0]!));

describe('a join', () => {
  test('of all waits for every flow, and goes on as one with what each brought, in the order of the flows', () => {
    const world = worldOf(fan, { join: 'all' });
    go(world, 'head');
    expect(world.stands()).toEqual(['ready a', 'ready b', 'ready c']);
    go(world, 'c');
    go(world, 'a');
    expect(world.stands()).toEqual(['joining join', 'joining join', 'ready b']);
    const [b] = world.at('b');
    const { standing, leaving } = go(world, 'b');
    expect(world.stands()).toEqual(['ready join']);
    expect(leaving).toHaveLength(1);
    expect(standing[0]!.source).toMatchObject({
      kind: 'joined',
      arrivals: [{ action: 'a' }, { context: b, action: 'b' }, { action: 'c' }],
    });
    world.runAll();
    expect([world.times('join'), world.times('after')]).toEqual([1, 1]);
  });

  test('whose branches come in one commit is one step', () => {
    const world = worldOf(fan, { join: 'all' });
    go(world, 'head');
    go(world, 'a', 'b', 'c');
    expect(world.stands()).toEqual(['ready join']);
  });

  test('that a split leads into at once goes on with contexts of the same commit', () => {
    const world = worldOf(['head>a', 'head>join', 'a>join'], { join: 'first' });
    const { standing } = go(world, 'head');
    expect(world.stands()).toEqual(['ready a', 'ready join']);
    // What it has written is in the store under the number of the one that split.
    expect(standing.map(({ from }) => from)).toEqual([1, 1]);
    expect(standing.find(({ source }) => source.kind === 'joined')!.source).toMatchObject({
      arrivals: [{ context: 1 }],
    });
  });

  test.each([
    ['first', 1],
    ['2 of 3', 2],
  ])('of %s goes on early; the rest is swallowed, and the next round begins when all have come', (wait, need) => {
    const world = worldOf(fan, { join: wait });
    go(world, 'head');
    for (const name of ['a', 'b', 'c'].slice(0, need)) go(world, name);
    expect(world.at('join')).toHaveLength(1);
    for (const name of ['a', 'b', 'c'].slice(need)) go(world, name);
    expect(world.at('join')).toHaveLength(1);
    expect(world.state!.open[0]!.joins).toEqual({});
    world.runAll();
    expect(world.times('after')).toBe(1);
  });

  test('that swallows the last of an instance leaves it the result of what ended before', () => {
    const world = worldOf(fan, { join: 'first' });
    go(world, 'head');
    go(world, 'a');
    go(world, 'join');
    const [after] = world.at('after');
    go(world, 'after');
    go(world, 'b');
    expect(world.end).toBeNull();
    go(world, 'c');
    expect(world.end).toEqual({ state: 'finished', result: after });
  });

  test.each([
    ['one after the other', [['a'], ['b'], ['c']]],
    ['in one commit', [['a', 'b', 'c']]],
    ['the last two in one commit', [['a'], ['b', 'c']]],
  ])('with `cancel` withdraws what could still arrive: branches %s', (_, commits) => {
    const world = worldOf(fan, { join: { wait: 'first', rest: 'cancel' } });
    go(world, 'head');
    for (const names of commits) {
      const there = names.filter(name => world.at(name).length > 0);
      if (there.length > 0) go(world, ...there);
    }
    expect(world.stands()).toEqual(['ready join']);
    world.runAll();
    expect([world.times('join'), world.end?.state]).toEqual([1, 'finished']);
  });

  test.each([
    ['join', 'b'],
    ['b', 'join'],
  ])('with `cancel` that a split leads to at once withdraws its other branch: %s, %s', (...order) => {
    const world = worldOf([...order.map(to => `head>${to}`), 'b>join'], { join: { wait: 'first', rest: 'cancel' } });
    go(world, 'head');
    expect(world.stands()).toEqual(['ready join']);
  });

  test('with `cancel` withdraws a branch with the group it waits for, and leaves what leads elsewhere', () => {
    const body = { actions: [{ name: 'item', type: 'null' as const }] };
    const group: Action = { name: 'b', type: 'forEach', items: [1, 2], parallel: 2, body };
    const world = worldOf(
      [...fan.filter(flow => !flow.startsWith('c')), 'c>end'],
      { join: { wait: 'first', rest: 'cancel' } },
      [group],
    );
    go(world, 'head');
    go(world, 'b');
    expect(world.stands()).toEqual(['ready a', 'ready b/item', 'ready b/item', 'ready c', 'waiting b+']);
    go(world, 'a');
    expect(world.stands()).toEqual(['ready c', 'ready join']);
    expect(Object.keys(world.state!.open)).toEqual(['0']);
  });

  test('with `block` keeps a second arrival for the next round; with `keep` it is swallowed', () => {
    for (const [rest, rounds] of [
      ['block', 2],
      ['keep', 1],
    ] as const) {
      const flows = ['head>a', 'head>b', 'head>a2', 'a2>a', 'head>b2', 'b2>b', 'a>join', 'b>join', 'join>after'];
      const world = worldOf(flows, { join: { wait: 'first', rest } });
      go(world, 'head');
      go(world, 'a');
      go(world, 'a2');
      go(world, 'a');
      expect(world.at('join', ['joining'])).toHaveLength(rest === 'block' ? 1 : 0);
      go(world, 'b');
      expect(world.at('join')).toHaveLength(rounds);
      go(world, 'b2');
      world.runAll();
      expect(world.times('join')).toBe(2);
    }
  });

  test('queues arrivals per flow: none is paired with one of its own flow', () => {
    const world = worldOf(['head>a', 'head>a2', 'a2>a', 'head>b', 'a>join', 'b>join'], { join: 'all' });
    go(world, 'head');
    const [first] = world.at('a');
    go(world, 'a');
    go(world, 'a2');
    go(world, 'a');
    expect(world.stands()).toEqual(['joining join', 'joining join', 'ready b']);
    const { standing } = go(world, 'b');
    expect(standing[0]!.source).toMatchObject({ arrivals: [{ context: first }, {}] });
    expect(world.stands()).toEqual(['joining join', 'ready join']);
    go(world, 'join');
    // What still stands at a join does not keep an instance open.
    expect(world.end?.state).toBe('finished');
  });

  test('of tokens counts arrivals, over whatever flow', () => {
    const world = worldOf(['head>a', 'head>a2', 'a2>a', 'head>b', 'a>join', 'b>join'], { join: '2 tokens' });
    go(world, 'head');
    go(world, 'a');
    go(world, 'a2');
    go(world, 'a');
    expect(world.at('join')).toHaveLength(1);
    go(world, 'b');
    expect(world.at('join', ['joining'])).toHaveLength(1);
  });

  test('of all activated waits for what can still come, and for nothing else', () => {
    const world = worldOf([...fan, 'head>far'], { join: 'all activated' });
    go(world, 'head');
    go(world, 'a');
    // One ends without coming to it.
    world.commit([world.happening(world.at('b')[0]!, { kind: 'ended' })]);
    expect(world.at('join', ['joining'])).toHaveLength(1);
    go(world, 'c');
    // The third is what has ended, kept for its result.
    expect(world.stands()).toEqual(['joining head+', 'ready far', 'ready join']);
  });

  test('of all activated that the only context comes to lets it through', () => {
    const world = worldOf(['head>join', 'other>join', 'join>after', 'after>other'], { join: 'all activated' });
    world.choices.flows = ({ name, flows }) => (name === 'after' ? [] : flows.map(({ flow }) => flow));
    world.runAll();
    expect(world.end?.state).toBe('finished');
    expect(world.times('join')).toBe(1);
  });

  test('of all activated, two in a row: the first goes first', () => {
    const world = worldOf(['head>a', 'head>b', 'a>one', 'b>one', 'one>two', 'b>two', 'two>after'], { one: 'all activated', two: 'all activated' }); // biome-ignore format: a table
    world.runAll();
    expect([world.times('one'), world.times('two'), world.times('after')]).toEqual([1, 1, 1]);
  });
});

describe('an instance', () => {
  test('that splits and does not join ends with the last of its contexts', () => {
    const world = worldOf(['head>a', 'head>b']);
    go(world, 'head');
    go(world, 'a');
    expect(world.end).toBeNull();
    const [b] = world.at('b');
    go(world, 'b');
    expect(world.end).toEqual({ state: 'finished', result: b });
  });

  test('ends at once at an end action, whatever lives', () => {
    const world = worldOf([...fan, 'a>over'], { join: 'all' }, [{ name: 'over', type: 'end' }]);
    world.choices.flows = ({ name, flows }) => (name === 'a' ? [flows[1]!.flow] : flows.map(({ flow }) => flow));
    go(world, 'head');
    go(world, 'c');
    const [a] = world.at('a');
    if (world.at('over').length === 0) go(world, 'a');
    if (world.end === null) go(world, 'over');
    expect(world.end).toEqual({ state: 'finished', result: a });
  });

  test('whose contexts are removed in any order, joining ones too, is removed with the last', () => {
    for (const order of [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const world = worldOf(fan, { join: 'all' });
      go(world, 'head');
      go(world, 'c');
      const contexts = [...world.contexts.keys()];
      for (const [at, index] of order.entries()) {
        expect(world.end).toBeNull();
        world.commit([world.happening(contexts[index]!, { kind: 'removed' })]);
        // What only stands at a join does not keep it.
        if (at === 1 && world.end !== null) break;
      }
      expect(world.end).toEqual({ state: 'removed', result: null });
    }
  });

  test('of which one context is removed: the others follow at their breaks, and do nothing more', () => {
    const world = worldOf(fan, { join: 'all' });
    go(world, 'head');
    world.commit([world.happening(world.at('a')[0]!, { kind: 'removed' })]);
    go(world, 'b');
    expect(world.stands()).toEqual(['ready c']);
    go(world, 'c');
    expect(world.end).toEqual({ state: 'removed', result: null });
  });

  test('withdrawn where it stands in the commit in which an operation removes it, a context at a join is no living one', () => {
    const flows = ['head>a', 'head>b', 'head>c', 'head>x', 'a>join', 'b>join', 'c>join', 'x>y'];
    const region: Action = { name: 'x', type: 'cancel', actions: ['join'] };
    const world = worldOf(flows, { join: 'all' }, [region]);
    go(world, 'head');
    go(world, 'c');
    const removed = world.happening(world.at('join', ['joining'])[0]!, { kind: 'removed' });
    const [x] = world.at('x');
    // The checks of the world count who lives after each step.
    world.commit([world.happening(x!, world.transaction(x!)), removed]);
    expect(world.stands()).toEqual(['ready a', 'ready b', 'ready x+']);
  });

  test('that stands for the result stays for the operation that removes it, whatever is withdrawn in the same commit', () => {
    const flows = ['head>a', 'head>b', 'head>x', 'head>done', 'a>join', 'b>join', 'x>y'];
    const region: Action = { name: 'x', type: 'cancel', actions: ['head'] };
    const world = worldOf(flows, { join: 'all' }, [region]);
    go(world, 'head');
    go(world, 'done');
    const kept = world.state!.open[0]!.result!;
    const [x] = world.at('x');
    world.commit([world.happening(x!, world.transaction(x!)), world.happening(kept, { kind: 'removed' })]);
    expect(world.stands()).toEqual(['ready a', 'ready b', 'ready x+']);
  });
});
