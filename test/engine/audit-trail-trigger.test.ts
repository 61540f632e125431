// Workflows that wait for what the audit says of others, on every home.

import { expect, test } from 'vitest';
import { wildcard } from '../../src/engine/bringers/audit-patterns.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, onEveryHome } from './setup.js';

onEveryHome('audit trail triggers', world => {
  test('wait for milestones of other workflows, one after the other, and never for their own', async () => {
    const own = world();
    const { engine, branch } = own;
    const name = `${branch}watch/watcher`;
    const actions: Action[] = [
      { name: 'wait', type: 'auditTrail', event: 'Marked', message: 'step*', workflow: `${branch}*` },
      {
        name: 'seen',
        type: 'call',
        function: 'mark',
        map: [
          { from: 'flow.RESULT.eventMessage', to: 'flow.last' },
          { from: 'flow.RESULT', to: 'flow.gives' },
        ],
      },
      { name: 'end', type: 'null' },
    ];
    const flows: Flow[] = [
      { from: 'wait', to: 'seen' },
      { from: 'seen', to: 'wait', condition: "last <> 'step2'" },
      { from: 'seen', to: 'end', kind: 'else' },
    ];
    await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
    const watcher = await engine.submit({ workflow: name, input: {} });
    await own.until(async () => (await own.audit(watcher)).some(({ event }) => event === 'DeferringExecutionFlow'));
    const watched = `${branch}watched`;
    const step = (n: number): Action => ({ name: `step${n}`, type: 'call', function: 'mark', retry: { retries: 0 } });
    await engine.deploy(
      {
        name: watched,
        module: './flow-actions.mjs',
        actions: [{ ...step(0), name: 'other' }, step(1), step(2), step(3)],
        flows: [
          { from: 'other', to: 'step1', kind: 'error' },
          { from: 'step1', to: 'step2', kind: 'error' },
          { from: 'step2', to: 'step3', kind: 'error' },
        ],
      },
      here,
    );
    await engine.submit({ workflow: watched, input: { fails: ['other', 'step1'] } }, 'alice');
    await engine.submit({ workflow: watched, input: { fails: ['other', 'step1', 'step2'] } }, 'bob');
    const { result } = await engine.result(watcher);
    expect(result).toMatchObject({
      actionName: 'step2',
      engineName: engine.name,
      eventMessage: 'step2',
      eventName: 'Marked',
      namespace: watched,
      username: 'bob',
      timestamp: expect.any(String),
    });
    const fired = (await own.audit(watcher)).flatMap(({ event, data }) => (event === 'ExitingTrigger' ? [data] : []));
    const messages = fired.map(data => (data as { eventMessage: string }).eventMessage);
    expect(messages).toEqual(['step1', 'step1', 'step2']);
    const times = fired.map(data => (data as { timestamp: string }).timestamp);
    expect(times).toEqual([...times].sort());
  });

  test('wait for others to finish: for whatever of the server’s events fits', async () => {
    const own = world();
    const { engine, branch } = own;
    const watched = await own.deploy(['nothing']);
    const name = `${branch}after`;
    const actions: Action[] = [{ name: 'wait', type: 'auditTrail', event: 'FinishingFlowChart', workflow: watched }];
    await engine.deploy({ name, actions, flows: [] }, here);
    const id = await engine.submit({ workflow: name, input: {} });
    await own.until(async () => (await own.audit(id)).some(({ event }) => event === 'DeferringExecutionFlow'));
    await engine.submit({ workflow: watched, input: {} });
    expect((await engine.result(id)).result).toMatchObject({
      eventName: 'flux.audittrail.server.FinishingFlowChartEvent',
      namespace: watched,
    });
  });
});

test('a pattern has any number of *, and costs no more than the text', () => {
  expect(wildcard()(null)).toBe(true);
  expect(wildcard('a*')(null)).toBe(false);
  for (const pattern of ['abc', 'a*', '*c', '*b*', 'a*b*c', '***', 'a*bc']) expect(wildcard(pattern)('abc')).toBe(true);
  for (const pattern of ['ab', 'b*', '*b', 'ab*bc', 'a*d*', '*abcd*']) expect(wildcard(pattern)('abc')).toBe(false);
  expect(wildcard('*a'.repeat(1_000))('b'.repeat(100_000))).toBe(false);
});
