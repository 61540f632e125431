// Workflows made of flows, for the scenarios about them.

import type { Action, Flow } from '../../src/workflow/model.js';
import { here, type World } from './setup.js';

/** Actions of `flow-actions.mjs`; those that begin with `|` are transaction breaks. */
export async function deployFlows(
  { engine, branch }: World,
  names: readonly string[],
  flows: readonly (readonly [from: string, to: string, more?: Omit<Flow, 'from' | 'to'>])[],
  more: Record<string, Partial<Extract<Action, { type: 'call' }>>> = {},
): Promise<string> {
  const name = `${branch}flow`;
  const definition = {
    name,
    module: './flow-actions.mjs',
    actions: names.map(written => {
      const own = written.replace('|', '');
      const isBreak = own !== written ? { transactionBreak: true } : {};
      return { name: own, type: 'call' as const, function: 'mark', ...isBreak, ...more[own] };
    }),
    flows: flows.map(([from, to, properties]) => ({ from, to, ...properties })),
  };
  await engine.deploy(definition, here);
  return name;
}

/** Actions as they are, of `flow-actions.mjs` those that are called. */
export async function deployActions({ engine, branch }: World, actions: Action[], flows: Flow[]): Promise<string> {
  const name = `${branch}flow`;
  await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
  return name;
}

export const mark = (name: string, own: Partial<Action> = {}): Action =>
  ({ name, type: 'call', function: 'mark', ...own }) as Action;

/** Until an operator has it fire. */
export const waits = (name: string, own: Partial<Action> = {}): Action => ({ name, type: 'manual', ...own }) as Action;

/** Until an instance waits at a trigger, or for a retry. */
export function deferred(own: World, id: string): Promise<void> {
  return own.until(async () => (await own.audit(id)).some(({ event }) => event === 'DeferringExecutionFlow'));
}
