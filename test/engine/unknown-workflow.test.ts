// A workflow that nobody has stored, asked for by an action: that transaction fails, and holds up nobody.

import { expect, test } from 'vitest';
import { here, noRetry, ownWorld } from './setup.js';

const missing = '/no/such';

test.each([
  ['alone', [{ name: 'ask', type: 'workflow', workflow: missing, retry: noRetry }], []],
  ['for items', [{ name: 'ask', type: 'forEach', from: 1, to: 2, workflow: missing, retry: noRetry }], []],
  [
    'in a branch',
    [
      { name: 'begin', type: 'null' },
      { name: 'other', type: 'null' },
      { name: 'ask', type: 'workflow', workflow: missing, retry: noRetry },
    ],
    [
      { from: 'begin', to: 'other' },
      { from: 'begin', to: 'ask' },
    ],
  ],
] as const)('a sub-workflow that is not stored, %s: FAILED with its name', async (_, actions, flows) => {
  const { engine, branch } = await ownWorld('memory');
  const name = `${branch}asks`;
  await engine.deploy({ name, actions: [...actions], flows: [...flows] }, here);
  await engine.start();
  const id = await engine.submit({ workflow: name });
  expect(await engine.result(id)).toMatchObject({
    state: 'failed',
    error: { code: 'WorkflowUnknown', action: 'ask', message: `no workflow is named "${missing}"` },
  });
});
