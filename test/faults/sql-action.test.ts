// What sql actions write is there once, however often the engine is killed: it is part of the commits.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { expect, test } from 'vitest';
import type { Action } from '../../src/workflow/model.js';
import { child, freshFolder, open, states } from './setup.js';

const instances = 200;
const steps = 3;

test('statements of sql actions are applied once, across kills', { timeout: 180_000 }, async () => {
  const folder = freshFolder();
  const first = await open(folder, { sql: true });
  await first.driver.script('create table effects (n int, step int)');
  const actions = Array.from({ length: steps }, (_, step): Action => {
    const statements = [{ sql: 'insert into effects values ($1, $2)', parameters: ['${n}', step] }];
    return { name: `step${step}`, type: 'sql', transactionBreak: true, statements };
  });
  const flows = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
  await first.engine.deploy({ name: '/faults/sql', actions, flows });
  await first.engine.dispose();

  const submitting = child('sql-load.mjs', [folder, 'submit', String(instances)]);
  await submitting.line(/^submitted/);
  await submitting.kill();
  // Killed later and later: in the recovery, and in the middle of commits.
  for (const waitMs of [0, 5, 20, 40, 80]) {
    const running = child('sql-load.mjs', [folder, 'run', '0']);
    await running.line(/^ready/);
    await new Promise(resolve => setTimeout(resolve, waitMs));
    await running.kill();
  }

  const { engine } = await open(folder, { sql: true });
  await engine.start();
  await expect.poll(() => states(engine), { timeout: 60_000 }).toEqual({ finished: instances });
  const rows = await engine.query(
    'select count(*), count(distinct (n, step)), min(n), max(n), min(step), max(step) from effects',
    [],
  );
  expect(rows).toEqual([[instances * steps, instances * steps, 0, instances - 1, 0, steps - 1].map(String)]);
});
