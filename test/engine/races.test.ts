// Races of triggers at two engines at once: exactly one wins, each time, and a message whose trigger has not won is still there.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { here, openEngine, temporaryFolder } from './setup.js';

const instances = Number(process.env.INSTANCES ?? 250);
const messages = (instances / 5) * 2;
const publisher = '/races/news';

/** Two delays that are due together, a message, and an operator who expedites. */
const definition: WorkflowDefinition = {
  name: '/races/flow',
  module: './flow-actions.mjs',
  actions: [
    { name: 'head', type: 'null', race: true },
    { name: 'one', type: 'delay', delay: '+50ms' },
    { name: 'two', type: 'delay', delay: '+50ms' },
    { name: 'message', type: 'message', publisher },
    { name: 'manual', type: 'manual' },
    { name: 'after', type: 'call', function: 'mark' },
  ],
  flows: ['one', 'two', 'message', 'manual'].flatMap(name => [
    { from: 'head', to: name },
    { from: name, to: 'after' },
  ]),
};

async function two(home: 'cluster' | 'shared'): Promise<[Engine, Engine]> {
  const folder = temporaryFolder();
  const engines: Engine[] = [];
  for (const name of ['a', 'b']) {
    const engine = await openEngine(home, folder, { name });
    onTestFinished(() => engine.dispose(0));
    engines.push(engine);
  }
  const [a, b] = engines as [Engine, Engine];
  await a.deploy(definition, here);
  await Promise.all([a.start(), b.start()]);
  return [a, b];
}

async function counted(engine: Engine, event: string, action: string): Promise<number> {
  const [row] = await engine.query('select count(*) from millrace_audit_event where short_name = $1 and action = $2', [
    event,
    action,
  ]);
  return Number(row![0]);
}

describe.each(['cluster', 'shared'] as const)('two engines, %s', home => {
  test('races of times, messages and an operator have one winner each', async () => {
    const [a, b] = await two(home);
    const ids: string[] = [];
    const expedited: Promise<unknown>[] = [];
    // Little by little, so that messages come to those whose times are up: who has waited longest is served first.
    for (let round = 0; round < instances / 5; round++) {
      const [engine, other] = round % 2 === 0 ? [a, b] : [b, a];
      ids.push(...(await engine.submit(Array.from({ length: 5 }, () => ({ workflow: definition.name, input: {} })))));
      expedited.push(other.expedite(ids.at(-1)!).catch(contended));
      await Promise.all([1, 2].map(data => other.publish({ publisher, data })));
    }
    const results = await Promise.all(ids.map((id, at) => (at % 2 === 0 ? a : b).result(id)));
    await Promise.all(expedited);
    const wrong = results.filter(
      ({ state, result }) => state !== 'finished' || JSON.stringify(result) !== '{"way":["after"]}',
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(await counted(a, 'ExecutingAction', 'after')).toBe(instances);
    // What was consumed has fired: the others are there for whoever comes next.
    const [row] = await a.query('select count(*) from millrace_message');
    expect(Number(row![0])).toBe(messages - (await counted(a, 'ExitingTrigger', 'message')));
    expect(await a.query('select count(*) from millrace_segment where open > 0')).toEqual([['0']]);
  });
});

/** It was asked of what is over, or kept changing. */
function contended(error: unknown): void {
  expect(error).toMatchObject({ code: expect.stringMatching(/^(OPERATION_CONTENDED|INSTANCE_UNKNOWN)$/) });
}
