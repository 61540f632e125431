// Random structured programs whose result and effects are known when they are made: sequences, splits with their joins,
// for-each, loops, retries, error flows and sub-workflows, and parts that wait.

import type { Action, Flow, Json, WorkflowDefinition } from '../../src/workflow/model.js';
import { type Block, type Where, waitingPart } from './waiting-parts.js';

export interface Program {
  /** The sub-workflows it runs, then itself. */
  readonly definitions: readonly WorkflowDefinition[];
  readonly name: string;
  readonly result: Json;
  /** Actions that run, each in its own transaction or with others: as many pairs of action and idempotency key. */
  readonly effects: number;
}

const module = './program-actions.mjs';

/** @param isExpedited operators expedite its triggers: it may wait for that */
export function programOf(name: string, isExpedited: boolean, random: (below: number) => number): Program {
  let names = 0;
  const definitions: WorkflowDefinition[] = [];
  const kit = {
    random,
    name: () => {
      names += 1;
      return `a${names}`;
    },
    step: () => call('step'),
    splitOf,
    branch: name,
    isExpedited,
  };
  const block = blockOf(3 + random(3), 3, { item: '', isAlone: true, isOnce: true });
  definitions.push({ name, module, actions: block.actions, flows: block.flows });
  return { definitions, name, result: block.result, effects: block.effects };

  function call(called: string, suffix = '', more: Partial<Extract<Action, { type: 'call' }>> = {}): Action {
    names += 1;
    const isBreak = random(2) === 0 ? { transactionBreak: true } : {};
    return { name: `a${names}${suffix}`, type: 'call', function: called, ...isBreak, ...more };
  }

  function single(action: Action, effects: number, result: Json): Block {
    return { actions: [action], flows: [], entry: action.name, exit: action.name, effects, result };
  }

  function blockOf(size: number, depth: number, where: Where): Block {
    return sequence(Array.from({ length: 1 + random(size) }, () => partOf(size, depth, where)));
  }

  function partOf(size: number, depth: number, where: Where): Block {
    const { item } = where;
    switch (depth === 0 ? 8 * random(2) : random(12)) {
      case 0:
      case 1: {
        const action = call('step');
        return single(action, 1, `${action.name}:${item}`);
      }
      case 2:
      case 3:
        return split(size, depth, where);
      case 4:
        return forEach(size, depth);
      case 5:
        return loop(size, depth, where);
      case 6: {
        const times = 1 + random(2);
        const action = call('flaky', `fails${times}`, { retry: { retries: times, delayMs: 1, factor: 1 } });
        return single(action, 1, `${action.name}:${item}`);
      }
      case 7: {
        const [fails, mends] = [call('broken'), call('step')];
        const flows: Flow[] = [{ from: fails.name, to: mends.name, kind: 'error' }];
        return { actions: [fails, mends], flows, entry: fails.name, exit: mends.name, effects: 2, result: `${mends.name}:${item}` }; // biome-ignore format: a table
      }
      case 9:
        return subWorkflow(size, depth, where);
      default:
        return waitingPart(kit, where);
    }
  }

  function sequence(blocks: readonly Block[]): Block {
    const flows = blocks.slice(1).map((next, at): Flow => ({ from: blocks[at]!.exit, to: next.entry }));
    const last = blocks.at(-1)!;
    return {
      actions: blocks.flatMap(({ actions }) => actions),
      flows: [...blocks.flatMap(each => each.flows), ...flows],
      entry: blocks[0]!.entry,
      exit: last.exit,
      effects: blocks.reduce((sum, { effects }) => sum + effects, 0),
      result: last.result,
    };
  }

  function split(size: number, depth: number, where: Where): Block {
    return splitOf(Array.from({ length: 2 + random(2) }, () => blockOf(size >> 1, depth - 1, where)));
  }

  function splitOf(branches: readonly Block[]): Block {
    const head = call('step');
    const join = call('joined', '', { join: 'all' });
    const byName = [...branches].sort((a, b) => (a.exit < b.exit ? -1 : 1));
    return {
      actions: [head, ...branches.flatMap(({ actions }) => actions), join],
      flows: branches.flatMap(({ flows, entry, exit }): Flow[] => [
        ...flows,
        { from: head.name, to: entry },
        { from: exit, to: join.name },
      ]),
      entry: head.name,
      exit: join.name,
      effects: branches.reduce((sum, { effects }) => sum + effects, 2),
      result: byName.map(({ result }) => result),
    };
  }

  function forEach(size: number, depth: number): Block {
    names += 1;
    const name = `a${names}`;
    const body = blockOf(size >> 1, depth - 1, { item: '@', isAlone: false, isOnce: false });
    const items = Array.from({ length: random(4) }, (_, at) => 10 + at);
    const { actions, flows } = body;
    const action: Action = { name, type: 'forEach', items, parallel: 1 + random(3), body: { actions, flows } };
    const results = items.map(value => JSON.parse(JSON.stringify(body.result).replaceAll('@', `${value}`)) as Json);
    return single(action, items.length * body.effects, results);
  }

  function loop(size: number, depth: number, where: Where): Block {
    names += 1;
    const head: Action = { name: `a${names}`, type: 'null' };
    const inner = blockOf(size >> 1, depth - 1, { ...where, isOnce: false });
    const turns = 1 + random(4);
    const turn = call('turn', `of${turns}`);
    const tail = call('step');
    return {
      actions: [head, ...inner.actions, turn, tail],
      flows: [
        ...inner.flows,
        { from: head.name, to: inner.entry },
        { from: inner.exit, to: turn.name },
        { from: turn.name, to: head.name, condition: 'RESULT.more = 1' },
        { from: turn.name, to: tail.name, kind: 'else' },
      ],
      entry: head.name,
      exit: tail.name,
      effects: turns * (inner.effects + 1) + 1,
      result: `${tail.name}:${where.item}`,
    };
  }

  function subWorkflow(size: number, depth: number, where: Where): Block {
    names += 1;
    const action = `a${names}`;
    const inner = blockOf(size >> 1, depth - 1, { ...where, item: '' });
    const workflow = `${name}-${action}`;
    definitions.push({ name: workflow, module, actions: inner.actions, flows: inner.flows });
    return single({ name: action, type: 'workflow', workflow }, inner.effects, inner.result);
  }
}
