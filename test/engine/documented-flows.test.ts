// What the documents say of workflows as a whole: starts, splits, loops, errors, what is left when they are over. One engine
// plays it all; what depends on the store or the queue is played on each in the tests of its subject.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Action, Flow, Join, Json, JsonObject } from '../../src/workflow/model.js';
import { here, newBranch, noRetry, openEngine, temporaryFolder, World } from './setup.js';

let engine: Engine;
let world: World;
let cleaned = 0;
const openingMs = 60_000;

beforeAll(async () => {
  const folder = temporaryFolder();
  // Scripts are not meant to run out of time.
  engine = await openEngine('memory', folder, { scripts: { timeoutMs: 20_000 } });
  await engine.start();
  world = new World(engine, 'memory', folder, newBranch());
}, openingMs);
afterAll(() => engine.dispose(0), openingMs);

/** Flows as `from>to`, or as they are. */
async function deploy(name: string, actions: readonly Action[], flows: readonly (string | Flow)[]): Promise<string> {
  const full = `${world.branch}${name}`;
  const ways = flows.map((flow): Flow => {
    if (typeof flow !== 'string') return flow;
    const [from, to] = flow.split('>') as [string, string];
    return { from, to };
  });
  await engine.deploy({ name: full, module: './flow-actions.mjs', actions: [...actions], flows: ways }, here);
  return full;
}

const mark = (name: string, more: Partial<Action> = {}): Action =>
  ({ name, type: 'call', function: 'mark', ...more }) as Action;
const script = (name: string, text: string, more: Partial<Action> = {}): Action =>
  ({ name, type: 'script', script: text, ...more }) as Action;

const count = (names: readonly string[], name: string): number => names.filter(each => each === name).length;

test('every start action begins when the workflow is submitted, and it is over with the last of them', async () => {
  const actions = [mark('one', { start: true }), mark('two', { start: true }), mark('then')];
  const workflow = await deploy('starts', actions, ['two>then']);
  const id = await engine.submit({ workflow, input: {} });
  expect(await engine.result(id)).toMatchObject({ state: 'finished' });
  const names = await world.eventNames(id);
  for (const { name } of actions) expect(count(names, `ExitingAction ${name}`)).toBe(1);
  expect([count(names, 'StartingExecutionFlow'), count(names, 'FinishingExecutionFlow')]).toEqual([2, 2]);
  expect(names.slice(-2)).toEqual(['FinishingFlowChart', 'FlowChartRemoved']);
  expect(count(names, 'FinishingFlowChart')).toBe(1);
});

test('a split begins a flow for each branch; each ends where it comes to the join, the workflow with the last flow', async () => {
  const actions = [mark('head'), mark('left'), mark('right'), mark('alone'), mark('joined', { join: 'all' })];
  const flows = ['head>left', 'head>right', 'head>alone', 'left>joined', 'right>joined'];
  const id = await engine.submit({ workflow: await deploy('split', actions, flows), input: {} });
  await engine.result(id);
  const names = await world.eventNames(id);
  expect(names[0]).toBe('StartingExecutionFlow');
  // The first, which goes on as one of the branches, and the two others.
  expect(count(names, 'StartingExecutionFlow')).toBe(3);
  // Both that come to the join, the one that goes on from there, the one that ends by itself.
  expect(count(names, 'FinishingExecutionFlow')).toBe(4);
  expect(names.indexOf('EnteringAction joined')).toBeGreaterThan(names.indexOf('ExitingAction left'));
  expect(names.indexOf('EnteringAction joined')).toBeGreaterThan(names.indexOf('ExitingAction right'));
  expect(count(names, 'EnteringAction joined')).toBe(1);
  expect(names.slice(-3)).toEqual(['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved']);
});

/** Rows that the store has of a submit: of what lives, of what its flow contexts share, of what it ended with. */
async function rowsOf(id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['segment', 'shared', 'outcome']) {
    const [row] = await engine.query(
      `select count(*) from millrace_${table} where left(root::text, 32) = left($1::text, 32)`,
      [id],
    );
    counts[table] = Number(row![0]);
  }
  return counts;
}

const leftOver = { segment: 0, shared: 0, outcome: 1 };

test.each<[string, Join, JsonObject]>([
  ['after its join', 'all', { come: true }],
  ['with a flow at a join to which the other does not come', 'all', { come: false }],
  ['with a flow that comes to a join that has been passed', 'first', { come: true }],
  ['with a flow that stands at a join for a round that never comes', { wait: 'first', rest: 'block' }, { come: true }],
])('what has finished leaves nothing on the engine but its result, %s', async (_, join, input) => {
  const flows = ['head>left', 'head>right', 'left>joined', { from: 'right', to: 'joined', condition: 'come' }];
  const actions = [mark('head'), mark('left'), mark('right'), mark('joined', { join })];
  const id = await engine.submit({ workflow: await deploy(`cleaned-${++cleaned}`, actions, flows), input });
  const { state, result } = await engine.result(id);
  expect(state).toBe('finished');
  expect(count(await world.eventNames(id), 'EnteringAction joined')).toBe(input.come === true ? 1 : 0);
  expect(await rowsOf(id)).toEqual(leftOver);
  expect(await engine.result(id)).toMatchObject({ state, result });
});

test('what is removed leaves nothing either, though it had failed beside a flow at a join', async () => {
  const actions = [mark('head'), mark('left'), mark('right', { retry: noRetry }), mark('joined', { join: 'all' })];
  const flows = ['head>left', 'head>right', 'left>joined', 'right>joined'];
  const workflow = await deploy('removed', actions, flows);
  const id = await engine.submit({ workflow, input: { fails: ['right'] } });
  expect((await engine.result(id)).state).toBe('failed');
  await world.until(async () => (await world.eventNames(id)).includes('ExitingAction left'));
  expect(await rowsOf(id)).toMatchObject({ segment: 2, shared: 1, outcome: 0 });
  await engine.remove(id);
  expect(await engine.result(id)).toMatchObject({ state: 'removed' });
  expect(await rowsOf(id)).toEqual(leftOver);
});

test('a flag in a variable keeps a loop going, and then leads out of it to other actions, or to the end', async () => {
  const turn = script(
    'turn',
    'const n = (flowContext.get("n") ?? 0) + 1; flowContext.set("n", n); flowContext.set("going", n < 3); n',
    { transactionBreak: true },
  );
  const after = script('after', '`left after ${flowContext.get("n")}`');
  const back: Flow = { from: 'turn', to: 'turn', condition: 'going' };
  const out: Flow = { from: 'turn', to: 'after', condition: 'NOT going' };
  const elsewhere = await engine.submit({ workflow: await deploy('flag', [turn, after], [back, out]), input: {} });
  expect((await engine.result(elsewhere)).result).toBe('left after 3');
  const ends = await engine.submit({ workflow: await deploy('flagEnds', [turn], [back]), input: {} });
  expect((await engine.result(ends)).result).toBe(3);
});

test('an error is answered by another workflow that is given what failed', async () => {
  const answer = await deploy(
    'answer',
    [script('told', 'flowContext.get("code") + " in " + flowContext.get("at")')],
    [],
  );
  const input = { code: '${ERROR.code}', at: '${ERROR.action}' };
  const call: Action = { name: 'call', type: 'workflow', workflow: answer, input, wait: true };
  const flows: (string | Flow)[] = [{ from: 'a', to: 'call', kind: 'error' }];
  const waits = await deploy('answered', [mark('a'), call], flows);
  const id = await engine.submit({ workflow: waits, input: { fails: ['a'] } });
  expect(await engine.result(id)).toMatchObject({ state: 'finished', result: 'Marked in a' });
  const goesOn = await deploy('answeredBeside', [mark('a'), { ...call, wait: false }], flows);
  await engine.result(await engine.submit({ workflow: goesOn, input: { fails: ['a'] } }));
  // An instance of its own.
  await world.until(async () => (await engine.count(answer)).some(({ state }) => state === 'finished'));
});

test('scripts beside actions that act on flow contexts: before them, and after what they work on is known', async () => {
  const called = await deploy('called', [script('inner', 'flowContext.get("who") + "!"')], []);
  const seen = 'flowContext.set("seen", [...(flowContext.get("seen") ?? []), flowContext.get("RESULT")])';
  const actions: Action[] = [
    {
      name: 'each',
      type: 'forEach',
      items: '${list}',
      prescript: 'flowContext.set("list", [1, 2])',
      postscript: seen,
      body: { actions: [script('item', 'flowContext.get("item") * flowContext.get("seen")[0].length')] },
    },
    script('kept', 'flowContext.get("RESULT")', {
      postscript: 'flowContext.set("results", flowContext.get("RESULT"))',
    }),
    {
      name: 'call',
      type: 'workflow',
      workflow: called,
      input: { who: '${who}' },
      prescript: 'flowContext.set("who", "ann")',
      postscript: seen,
    },
    script('all', '({ ...flowContext.variables })'),
  ];
  const workflow = await deploy('acting', actions, ['each>kept', 'kept>call', 'call>all']);
  const id = await engine.submit({ workflow, input: {} });
  expect((await engine.result(id)).result).toMatchObject({
    list: [1, 2],
    results: [2, 4],
    seen: [[1, 2], { who: 'ann' }],
    RESULT: 'ann!',
  });
  const group: Action = {
    name: 'more',
    type: 'group',
    group: 'items',
    do: 'extend',
    items: '${more}',
    prescript: 'flowContext.set("more", [7])',
  };
  const items: Action = {
    name: 'items',
    type: 'forEach',
    items: [1],
    body: {
      actions: [script('look', 'flowContext.get("item")'), group, script('last', 'flowContext.get("item")')],
      flows: [
        { from: 'look', to: 'more', condition: 'item = 1' },
        { from: 'look', to: 'last', kind: 'else' },
        { from: 'more', to: 'last' },
      ],
    },
  };
  const extended = await engine.submit({ workflow: await deploy('extended', [items], []), input: {} });
  expect((await engine.result(extended)).result).toEqual([1, 7]);
});

test('a failing script beside such an action is its failure', async () => {
  const each = (more: Partial<Action>): Action =>
    ({ name: 'each', type: 'forEach', items: [1], retry: noRetry, body: { actions: [mark('x')] }, ...more }) as Action;
  for (const which of ['prescript', 'postscript'] as const) {
    const failing = await deploy(`fails-${which}`, [each({ [which]: 'null.x' })], []);
    const id = await engine.submit({ workflow: failing, input: {} });
    expect(await engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'ScriptFailed', action: 'each' } });
    expect(await world.eventNames(id)).not.toContain('EnteringAction each/x');
  }
});

test('a sub-workflow sees its own input alone, and the audit shows it so by SQL and by page', async () => {
  const inner = await deploy('inner', [mark('shown'), mark('later', { transactionBreak: true })], ['shown>later']);
  const call: Action = { name: 'call', type: 'workflow', workflow: inner, input: { own: '${n}' } };
  const id = await engine.submit({ workflow: await deploy('outer', [call], []), input: { n: 5, hidden: true } });
  await engine.result(id);
  const rows = await engine.query(
    `select action, data from millrace_audit_event
     where instance = $1::uuid and short_name = 'EnteringAction' order by seq, group_no, step`,
    [id],
  );
  const bySql = rows.map(([action, data]): [string, Json] => [action!, JSON.parse(data!) as Json]);
  const data = Object.fromEntries(bySql);
  expect(data).toEqual({
    call: { n: 5, hidden: true },
    shown: { own: 5 },
    later: { own: 5, way: ['shown'], RESULT: { way: ['shown'] } },
  });
  const { events } = await engine.reads.auditPage({ instance: id }, null, 'oldest', 100);
  const byPage = events.filter(({ record }) => record.shortName === 'EnteringAction');
  expect(byPage.map(({ record }) => [record.action, record.data])).toEqual(bySql);
});

test('a faulty definition is refused with all its faults, and is nowhere; the version before it stays', async () => {
  const faulty: Action[] = [mark('a', { transactionBreak: 1 } as never), mark('a')];
  const refused = deploy('faulty', faulty, ['a>b']);
  await expect(refused).rejects.toMatchObject({ code: 'WORKFLOW_INVALID' });
  const codes = await refused.catch(({ faults }: { faults: { code: string }[] }) => faults.map(({ code }) => code));
  expect(codes).toEqual(['VALUE_INVALID', 'ACTION_DUPLICATE', 'FLOW_TARGET_UNKNOWN']);
  const workflow = `${world.branch}faulty`;
  await expect(engine.submit({ workflow })).rejects.toThrow('WORKFLOW_UNKNOWN');
  await deploy('faulty', [mark('good')], []);
  await expect(deploy('faulty', faulty, [])).rejects.toMatchObject({ code: 'WORKFLOW_INVALID' });
  expect((await engine.reads.workflow(workflow)).version).toBe(1);
  expect((await engine.result(await engine.submit({ workflow, input: {} }))).result).toEqual({ way: ['good'] });
});
