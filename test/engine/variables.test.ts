// Variables, data maps and the runtime configuration of an engine: across transactions, restarts and changes of the file.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loggersTo } from '../../src/observe/loggers.js';
import type { Action, DataMap, Flow, Json } from '../../src/workflow/model.js';
import { here, onEveryHome, openEngine, temporaryFolder } from './setup.js';

const module = '../fixtures/actions/scopes.mjs';

type Named = Partial<Extract<Action, { type: 'call' }>> & { readonly name: string };

function definition(name: string, actions: readonly Named[], more: readonly Partial<Flow>[] = []) {
  return {
    name,
    module,
    actions: actions.map(action => ({ type: 'call' as const, function: 'everything', ...action })),
    flows: actions.slice(1).map((action, at) => ({ from: actions[at]!.name, to: action.name, ...more[at] })),
  };
}

onEveryHome('variables', world => {
  test('workflow scope is kept over transactions, transients and action variables are not', async () => {
    const own = world();
    const name = `${own.branch}scopes`;
    const map: DataMap = [
      { from: 'flow.kept', to: 'action.mine' },
      { from: 'workflow.shared.list[1]', to: 'workflow.second' },
    ];
    const actions: Named[] = [
      { name: 'a', function: 'writes' },
      { name: 'b', transactionBreak: true, map },
      { name: 'c', transactionBreak: true },
    ];
    const flowMap: DataMap = [{ from: 'flow.RESULT.mine', to: 'flow.carried' }];
    await own.engine.deploy(definition(name, actions, [{}, { map: flowMap }]), here);
    const writes = [
      ['setWorkflow', 'shared', { list: [1, 'two'] }],
      ['setWorkflow', 'kept', 'workflow'],
      ['set', 'kept', 'own'],
      ['setTransient', 'gone', true],
    ];
    const id = await own.engine.submit({ workflow: name, input: { writes } });
    const { result } = await own.engine.result(id);
    const { RESULT: earlier, ...seen } = result as { RESULT: Json };
    expect(seen).toEqual({ writes, shared: { list: [1, 'two'] }, kept: 'own', second: 'two', carried: 'own' });
    // The audit shows variables, not how they are kept.
    const { events } = await own.engine.reads.auditPage({ instance: id }, null, 'oldest', 100);
    expect(JSON.stringify(events)).toContain('"second":"two"');
    expect(JSON.stringify(events)).not.toContain('$workflow');
    const entered = await own.engine.query(
      `select action, data from millrace_audit_event where instance = $1::uuid and short_name = 'EnteringAction'
       order by seq, group_no, step`,
      [id],
    );
    const shown = entered.map(([action, data]) => [action, data === null ? null : JSON.parse(data!)]);
    const inPage = events
      .filter(({ record }) => record.shortName === 'EnteringAction')
      .map(({ record }) => [record.action, record.data]);
    expect(shown).toEqual(inPage);
    expect(shown[2]![1]).toMatchObject({
      writes,
      shared: { list: [1, 'two'] },
      kept: 'own',
      second: 'two',
      carried: 'own',
    });
    const { RESULT: _, ...before } = earlier as { RESULT: Json };
    expect(before).toEqual({ writes, shared: { list: [1, 'two'] }, kept: 'own', second: 'two', mine: 'own' });
  });
});

test('the runtime configuration reaches the threads, and a change of its file does, without a restart', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'runtime.yaml');
  const write = (host: string, rate: number) =>
    writeFileSync(
      file,
      JSON.stringify({
        HOST: 'root',
        '/bank': { HOST: host, '/fees': { RATES: { eur: rate } } },
        '/other': { HOST: 'no' },
      }),
    );
  write('first', 1);
  let reads = 0;
  const engine = await openEngine('memory', folder, {
    runtimeConfiguration: file,
    runtimeConfigurationRefresh: '+s',
    loggers: loggersTo(({ message }) => {
      if (message === 'runtime configuration read') reads += 1;
    }),
  });
  onTestFinished(() => engine.dispose(0));
  const map: DataMap = [
    { from: 'runtime.host', to: 'action.nearest' },
    { from: 'runtime./other/HOST', to: 'action.named' },
    { from: 'runtime./HOST', to: 'flow.top' },
    { from: 'runtime.RATES', to: 'action.rates' },
  ];
  await engine.deploy(definition('/bank/fees/pay', [{ name: 'a', map, retry: { retries: 0 } }]), here);
  await engine.deploy(definition('/bank/plain', [{ name: 'a' }]), here);
  await engine.deploy(definition('/bank/lacking', [{ name: 'a', map }, { name: 'b' }], [{ kind: 'error' }]), here);
  await engine.start();
  const resultOf = async (workflow: string) => engine.result(await engine.submit({ workflow, input: {} }));
  const expected = (host: string, rate: number) => ({ nearest: host, named: 'no', top: 'root', rates: { eur: rate } });
  expect((await resultOf('/bank/fees/pay')).result).toEqual(expected('first', 1));
  expect((await resultOf('/bank/plain')).result).toEqual({});
  expect((await resultOf('/bank/lacking')).result).toMatchObject({ ERROR: { code: 'PROPERTY_MISSING' } });
  const before = reads;
  write('second', 2);
  await expect.poll(() => reads, { timeout: 20_000 }).toBeGreaterThan(before);
  expect((await resultOf('/bank/fees/pay')).result).toEqual(expected('second', 2));
});
