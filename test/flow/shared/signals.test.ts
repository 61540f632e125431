// Signals and races, rule by rule: what a signal ends and when it clears, and which trigger of a race goes on.

import { describe, expect, test } from 'vitest';
import { raiseSignal } from '../../../src/flow/shared/signals.js';
import type { Action, Flow } from '../../../src/workflow/model.js';
import { planOf } from './programs.js';
import { TinyWorld } from './tiny-world.js';

function worldOf(actions: readonly Action[], flows: readonly Flow[]): TinyWorld {
  return new TinyWorld(new Map([[1, planOf('/flow', { actions: [...actions], flows: [...flows] })]]));
}

const nul = (name: string, own: Partial<Action> = {}): Action => ({ name, type: 'null', ...own }) as Action;
const waits = (name: string, own: Partial<Action> = {}): Action => ({ name, type: 'manual', ...own }) as Action;
const go = (world: TinyWorld, ...names: readonly string[]) => world.run(...names.map(name => world.at(name)[0]!));

/** `left` raises `stop` on its way to `after`; `right` monitors it. */
function pair(right: Action, more: readonly Flow[] = [{ from: 'right', to: 'ended', kind: 'signal', signal: 'stop' }]) {
  return worldOf(
    [nul('head'), nul('left'), right, nul('after'), nul('normal'), nul('ended')],
    [
      { from: 'head', to: 'left' },
      { from: 'head', to: 'right' },
      { from: 'left', to: 'after', raise: ['stop'] },
      { from: 'right', to: 'normal' },
      ...more,
    ],
  );
}

describe('a signal', () => {
  test('ends a trigger that waits in the commit that raises it, and is clear then', () => {
    const world = pair(waits('right', { monitor: ['stop'] }));
    go(world, 'head');
    const { signalled } = go(world, 'left');
    expect(world.stands()).toEqual(['ready after', 'ready ended']);
    expect(signalled).toMatchObject([{ hasRun: false, hasEnded: false }]);
    expect(world.state).not.toHaveProperty('signals');
  });

  test('keeps an action from running that is reached when it is active', () => {
    const world = worldOf(
      [nul('head'), nul('a', { monitor: ['stop'] }), nul('ended')],
      [
        { from: 'head', to: 'a', raise: ['stop'] },
        { from: 'a', to: 'ended', kind: 'signal', signal: 'stop' },
      ],
    );
    go(world, 'head');
    expect(world.stands()).toEqual(['ready ended']);
    expect(world.state).not.toHaveProperty('signals');
  });

  test('raised while its action executes is taken when that has ended, in place of the other flows', () => {
    const world = pair(nul('right', { monitor: ['stop'] }));
    go(world, 'head');
    go(world, 'left');
    expect(world.stands()).toEqual(['ready after', 'ready right']);
    expect(world.state!.signals).toEqual(['stop']);
    const { signalled } = go(world, 'right');
    expect(world.stands()).toEqual(['ready after', 'ready ended']);
    expect(signalled).toMatchObject([{ hasRun: true }]);
    expect(world.state).not.toHaveProperty('signals');
  });

  test('without a flow for it ends the flow context', () => {
    const world = pair(waits('right', { monitor: ['stop'] }), []);
    go(world, 'head');
    expect(go(world, 'left').signalled).toMatchObject([{ hasEnded: true }]);
    expect(world.stands()).toEqual(['ready after']);
    go(world, 'after');
    expect(world.end).toMatchObject({ state: 'finished' });
  });

  test('ends all that wait for it, and that fail or are asked again in the very commit', () => {
    const world = worldOf(
      [nul('head'), nul('left'), ...['a', 'b'].map(name => waits(name, { monitor: ['stop'] })), nul('after')],
      [
        { from: 'head', to: 'left' },
        { from: 'head', to: 'a' },
        { from: 'head', to: 'b' },
        { from: 'left', to: 'after', raise: ['stop'] },
      ],
    );
    go(world, 'head');
    const [left, a] = [world.at('left')[0]!, world.at('a')[0]!];
    world.commit([world.happening(a, { kind: 'waits' }), world.happening(left, world.transaction(left))]);
    expect(world.stands()).toEqual(['ready after']);
  });

  test('active where a join goes on is left to the claim, for whose commit the variables that have met are there', () => {
    const split = ['a', 'b'].flatMap((name): Flow[] => [
      { from: 'head', to: name },
      { from: name, to: 'meets', raise: ['stop'] },
    ]);
    const world = worldOf(
      [nul('head'), nul('a'), nul('b'), nul('meets', { join: 'all', monitor: ['stop'] }), nul('next', { join: 'all' })],
      [...split, { from: 'meets', to: 'next', kind: 'signal', signal: 'stop' }],
    );
    go(world, 'head');
    go(world, 'a');
    const [a] = world.at('meets', ['joining']);
    go(world, 'b');
    expect(world.stands()).toEqual(['ready meets']);
    const { signalled, standing } = world.commit([world.happening(a!, { kind: 'waits' })]);
    expect(signalled).toMatchObject([{ context: a, hasRun: false }]);
    expect(standing).toMatchObject([{ source: { arrivals: [{ context: a, action: 'meets' }] } }]);
    expect(world.stands()).toEqual(['ready next']);
  });

  test('active where a copy begins is left to its claim', () => {
    const body = {
      actions: [nul('one', { monitor: ['stop'] }), nul('two', { join: 'all' })],
      flows: [{ from: 'one', to: 'two', kind: 'signal', signal: 'stop' } as Flow],
    };
    const world = worldOf(
      [nul('head'), { name: 'each', type: 'forEach', items: [1], body }],
      [{ from: 'head', to: 'each', raise: ['stop'] }],
    );
    go(world, 'head');
    go(world, 'each');
    expect(world.stands()).toEqual(['ready each/one', 'waiting each+']);
    world.commit(world.ready().map(({ context }) => world.happening(context, { kind: 'waits' })));
    expect(world.stands()).toEqual(['ready each/two', 'waiting each+']);
  });

  test('that is active is raised in vain, and one that a flow clears ends nothing', () => {
    const world = worldOf(
      [nul('head'), nul('again'), nul('clears'), waits('a', { monitor: ['stop'] })],
      [
        { from: 'head', to: 'again', raise: ['stop', 'other'] },
        { from: 'again', to: 'clears', raise: ['stop'] },
        { from: 'clears', to: 'a', clear: ['stop'] },
      ],
    );
    go(world, 'head');
    expect(world.state!.signals).toEqual(['stop', 'other']);
    go(world, 'again');
    expect(world.state!.signals).toEqual(['stop', 'other']);
    go(world, 'clears');
    expect(world.stands()).toEqual(['ready a']);
    expect(world.state!.signals).toEqual(['other']);
  });

  test('the first that the action monitors counts, and the others stay active', () => {
    const world = worldOf(
      [nul('head'), nul('a', { monitor: ['x', 'y'] }), nul('onX'), nul('onY')],
      [
        { from: 'head', to: 'a', raise: ['y', 'x'] },
        { from: 'a', to: 'onX', kind: 'signal', signal: 'x' },
        { from: 'a', to: 'onY', kind: 'signal', signal: 'y' },
      ],
    );
    go(world, 'head');
    expect(world.stands()).toEqual(['ready onX']);
    expect(world.state!.signals).toEqual(['y']);
  });

  test('ends what waits for a mutex, and leaves the mutex to the next', () => {
    const world = worldOf(
      [
        nul('head'),
        nul('first', { mutex: 'm' }),
        nul('second', { mutex: 'm', monitor: ['stop'] }),
        nul('raises'),
        nul('on'),
      ],
      [
        { from: 'head', to: 'first' },
        { from: 'head', to: 'second' },
        { from: 'head', to: 'raises' },
        { from: 'raises', to: 'on', raise: ['stop'] },
        { from: 'second', to: 'on', kind: 'signal', signal: 'stop' },
      ],
    );
    go(world, 'head');
    expect(world.stands()).toEqual(['ready first', 'ready raises', 'waiting second']);
    go(world, 'raises');
    expect(world.stands()).toEqual(['ready first', 'ready on', 'ready on']);
    expect(world.state!.mutexes.m!.waiting).toEqual([]);
  });

  test('ends what is paused, too', () => {
    const world = pair(nul('right', { monitor: ['stop'] }));
    go(world, 'head');
    const right = world.at('right')[0]!;
    world.contexts.set(right, { ...world.contexts.get(right)!, state: 'paused' });
    go(world, 'left');
    expect(world.stands()).toEqual(['ready after', 'ready ended']);
  });

  test('leaves a trigger to fire that has been given what it waits for, and it takes its signal flow then', () => {
    const world = pair(waits('right', { monitor: ['stop'] }));
    go(world, 'head');
    const [left, right] = [world.at('left')[0]!, world.at('right')[0]!];
    const given = world.happening(right, { kind: 'given' });
    expect(world.commit([given, world.happening(left, world.transaction(left))]).signalled).toEqual([]);
    expect(world.stands()).toEqual(['ready after', 'ready right']);
    expect(go(world, 'right').signalled).toMatchObject([{ hasRun: true }]);
    expect(world.stands()).toEqual(['ready after', 'ready ended']);
  });

  test('keeps what waits for its turn in its place at the mutex', () => {
    const world = worldOf(
      [nul('head'), nul('a', { mutex: 'm', monitor: ['stop'] }), nul('b', { mutex: 'm' }), nul('after')],
      [
        { from: 'head', to: 'a' },
        { from: 'head', to: 'b' },
        { from: 'a', to: 'after' },
      ],
    );
    go(world, 'head');
    const a = world.at('a')[0]!;
    expect(world.commit([world.happening(a, { kind: 'waits' })]).standing).toMatchObject([{ stays: 'waits' }]);
    expect(world.state!.mutexes.m).toMatchObject({ holder: a, waiting: [{}] });
    expect(world.stands()).toEqual(['ready a', 'waiting b']);
  });

  test('whose flow raises it for its own action again turns once a commit', () => {
    const world = worldOf(
      [nul('head'), nul('a', { monitor: ['stop'] })],
      [
        { from: 'head', to: 'a', raise: ['stop'] },
        { from: 'a', to: 'a', kind: 'signal', signal: 'stop', raise: ['stop'] },
      ],
    );
    go(world, 'head');
    expect(world.stands()).toEqual(['ready a']);
    expect(raiseSignal(world.state!, 'stop')).toBe(false);
  });
});

describe('a race', () => {
  const actions = [nul('head', { race: true }), waits('a'), waits('b'), waits('c'), nul('after')];
  const flows = ['a', 'b', 'c'].flatMap((to): Flow[] => [
    { from: 'head', to },
    { from: to, to: 'after' },
  ]);

  test('the first trigger to fire withdraws the others', () => {
    const world = worldOf(actions, flows);
    go(world, 'head');
    expect(world.stands()).toEqual(['ready a', 'ready b', 'ready c']);
    go(world, 'b');
    expect(world.stands()).toEqual(['ready after']);
    expect(world.state).not.toHaveProperty('races');
    world.runAll();
    expect([world.times('after'), world.end?.state]).toEqual([1, 'finished']);
  });

  test('of two that fire in one commit the first goes on, and what the other did is dropped', () => {
    const world = worldOf(actions, flows);
    go(world, 'head');
    const { dropped } = go(world, 'c', 'a');
    expect(dropped).toHaveLength(1);
    expect(world.stands()).toEqual(['ready after']);
  });

  test('is won by the one to which is brought what it waits for, before it is asked', () => {
    const world = worldOf(actions, flows);
    go(world, 'head');
    const [a, c] = [world.at('a')[0]!, world.at('c')[0]!];
    const fired = world.happening(a, world.transaction(a));
    expect(world.commit([world.happening(c, { kind: 'given' }), fired]).dropped).toEqual([a]);
    expect(world.stands()).toEqual(['ready c']);
    go(world, 'c');
    world.runAll();
    expect([world.times('after'), world.end?.state]).toEqual([1, 'finished']);
  });

  test('goes on without one that has expired, timed out or failed', () => {
    const world = worldOf(
      [nul('head', { race: true }), waits('a'), waits('b'), waits('c'), nul('after'), nul('late'), nul('wrong')],
      [...flows, { from: 'a', to: 'late', kind: 'expiration' }, { from: 'b', to: 'wrong', kind: 'error' }],
    );
    go(world, 'head');
    const { expirationFlow } = world.plan(1).actions[1]!;
    const { errorFlow } = world.plan(1).actions[2]!;
    const over = (name: string, flow: number) => {
      const context = world.at(name)[0]!;
      const { place } = world.contexts.get(context)!;
      world.commit([world.happening(context, { kind: 'flows', from: place, flows: [flow] })]);
    };
    over('a', expirationFlow!.flow);
    over('b', errorFlow!.flow);
    expect(world.stands()).toEqual(['ready c', 'ready late', 'ready wrong']);
    go(world, 'c');
    expect(world.stands()).toEqual(['ready after', 'ready late', 'ready wrong']);
  });

  test('one that a signal ends wins nothing', () => {
    const world = worldOf(
      [
        nul('all'),
        nul('raises'),
        nul('rest'),
        ...actions.map(each => (each.name === 'a' ? waits('a', { monitor: ['no'] }) : each)),
      ],
      [
        ...flows,
        { from: 'all', to: 'head' },
        { from: 'all', to: 'raises' },
        { from: 'raises', to: 'rest', raise: ['no'] },
      ],
    );
    go(world, 'all');
    go(world, 'head');
    go(world, 'raises');
    expect(world.stands()).toEqual(['ready b', 'ready c', 'ready rest']);
    go(world, 'c');
    expect(world.stands()).toEqual(['ready after', 'ready rest']);
  });
});
