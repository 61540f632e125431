// Variables in workflow scope, written by several flow contexts of one instance.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import { expect, test } from 'vitest';
import type { Action, JsonObject } from '../../src/workflow/model.js';
import { here, onEveryHome } from './setup.js';

const module = '../fixtures/actions/scopes.mjs';
const call = (name: string, called: string, more: Partial<Action> = {}): Action =>
  ({ name, type: 'call', function: called, ...more }) as Action;

onEveryHome('workflow scope', world => {
  test('what the branches of a split write meets at their join, one variable after the other', async () => {
    const own = world();
    const name = `${own.branch}meets`;
    const actions = [
      call('split', 'shares'),
      call('left', 'shares'),
      call('right', 'shares'),
      call('joined', 'everything', { join: 'all' }),
      call('after', 'everything', { transactionBreak: true }),
    ];
    const flows = [
      { from: 'split', to: 'left' },
      { from: 'split', to: 'right' },
      { from: 'left', to: 'joined' },
      { from: 'right', to: 'joined' },
      { from: 'joined', to: 'after' },
    ];
    await own.engine.deploy({ name, module, actions, flows }, here);
    const shares = { split: { before: 0 }, left: { l: [1], both: 'left' }, right: { r: { two: 2 }, both: 'right' } };
    const id = await own.engine.submit({ workflow: name, input: { shares } });
    const { result } = await own.engine.result(id);
    const { RESULT: joined, ...after } = result as { RESULT: JsonObject };
    expect(after).toEqual({ shares, before: 0, l: [1], r: { two: 2 }, both: expect.stringMatching(/^(left|right)$/) });
    const { RESULT: results, ...seen } = joined;
    expect(seen).toEqual(after);
    // Each branch saw what was written before the split.
    for (const branch of ['left', 'right']) {
      expect((results as { [action: string]: string[] })[branch]).toContain('before');
    }
  });

  test('what a plain instance wrote before is shared, too, when the transaction that splits it writes nothing', async () => {
    const own = world();
    const name = `${own.branch}silent`;
    const actions = [
      call('first', 'shares'),
      { name: 'split', type: 'null', transactionBreak: true } as Action,
      call('left', 'shares'),
      call('right', 'x'),
      call('joined', 'everything', { join: 'all', transactionBreak: true }),
    ];
    const flows = [
      { from: 'first', to: 'split' },
      { from: 'split', to: 'left' },
      { from: 'split', to: 'right' },
      { from: 'left', to: 'joined' },
      { from: 'right', to: 'joined' },
    ];
    await own.engine.deploy({ name, module, actions, flows }, here);
    const shares = { first: { n: 1, kept: 'from before' }, left: { n: 2 } };
    const id = await own.engine.submit({ workflow: name, input: { shares } });
    expect((await own.engine.result(id)).result).toMatchObject({ n: 2, kept: 'from before' });
  });

  test('the body of a for-each sees what earlier items wrote, and so does what follows', async () => {
    const own = world();
    const name = `${own.branch}items`;
    const actions: Action[] = [
      { name: 'each', type: 'forEach', items: '${items}', body: { actions: [call('add', 'adds')] } },
      call('after', 'everything'),
    ];
    await own.engine.deploy({ name, module, actions, flows: [{ from: 'each', to: 'after' }] }, here);
    const id = await own.engine.submit({ workflow: name, input: { items: ['a', 'b', 'c'] } });
    const { result } = await own.engine.result(id);
    expect(result).toMatchObject({ added: ['a', 'b', 'c'], RESULT: [[], ['a'], ['a', 'b']] });
  });
});
