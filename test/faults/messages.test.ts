// Faults 1 to 4 of workflows that talk: of three engines the one that leads, and on a folder holds it too, is killed, then the
// next one, while messages are published, brought and taken. What is published in a commit that is made is there, once;
// a message of a queue is taken once, each subscriber of a topic and of the audit sees each once, in one order.

import { expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import type { Action, Flow, WorkflowDefinition } from '../../src/workflow/model.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';
import type { Child } from './child-process.js';
import { child, freshFolder, module, open } from './setup.js';

const servers = redisAndPostgres();
const [orders, news] = ['/talk/orders', '/talk/news'];
/** Each publishes an order; the first ones tell the news, too, and of these some a milestone. */
const messages = 500;
const newsCount = 40;
const milestones = 8;
/** Of those that take orders some take many, one after the other. */
const loops = 5;
const ofLoop = 20;
const single = messages - loops * ofLoop;

/** Waits again and again, until it has been told so much. */
function repeating(name: string, wait: Action, called: string, until: number): WorkflowDefinition {
  const flows: Flow[] = [
    { from: wait.name, to: called },
    { from: called, to: wait.name, condition: `count < ${until}` },
    { from: called, to: 'end', kind: 'else' },
  ];
  const actions: Action[] = [wait, { name: called, type: 'call', function: called }, { name: 'end', type: 'null' }];
  return { name, module: module.replace('/actions.mjs', '/message-actions.mjs'), actions, flows };
}

const n = ['$', '{n}'].join('');
const definitions: readonly WorkflowDefinition[] = [
  {
    name: '/talk/publishes',
    module: module.replace('/actions.mjs', '/message-actions.mjs'),
    actions: [
      { name: 'order', type: 'publish', publisher: orders, data: { n } },
      { name: 'news', type: 'publish', publisher: news, style: 'topic', data: { n } },
      { name: 'tell', type: 'call', function: 'tell' },
    ],
    flows: [
      { from: 'order', to: 'news', condition: `n < ${newsCount}` },
      { from: 'news', to: 'tell', condition: `n < ${milestones}` },
    ],
  },
  { name: '/talk/takes', actions: [{ name: 'wait', type: 'message', publisher: orders }], flows: [] },
  repeating('/talk/takes many', { name: 'wait', type: 'message', publisher: orders }, 'take', ofLoop),
  repeating('/talk/reads', { name: 'wait', type: 'message', publisher: news }, 'take', newsCount),
  repeating('/talk/hears', { name: 'wait', type: 'auditTrail', event: 'Told', message: 'step *' }, 'hear', milestones),
];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

async function numberOf(engine: Engine, text: string): Promise<number> {
  return Number((await engine.query(text))[0]![0]);
}

test.each(['PostgreSQL', 'one PGlite folder'])(
  'engines that are killed while workflows talk: every message is taken once, and seen once by each who subscribes, on %s',
  { timeout: 180_000 },
  async home => {
    const folder = freshFolder();
    const cluster = folder.slice(folder.lastIndexOf('/') + 1);
    const { socket: redis } = servers.redis;
    const postgres = home === 'PostgreSQL' ? await servers.postgres.newDatabase() : null;
    const join = async (name: string): Promise<Child> => {
      const joined = child('messages.mjs', [folder, name, redis, cluster, ...(postgres === null ? [] : [postgres])]);
      await joined.line(/^ready$/);
      return joined;
    };
    const first = await join('a');
    // It submits and looks, and runs nothing.
    const { engine } = await open(folder, { name: 'looks', redis, cluster, postgres, leaseMs: 3_000 });
    for (const definition of definitions) await engine.deploy(definition);
    const submit = (workflow: string, count: number) =>
      engine.submit(Array.from({ length: count }, () => ({ workflow, input: {} })));
    const [readers, hearers, takers, manyTakers] = [
      await submit('/talk/reads', 4),
      await submit('/talk/hears', 2),
      await submit('/talk/takes', single),
      await submit('/talk/takes many', loops),
    ];
    // What is told before they come concerns them not.
    const waiting = `select count(distinct instance) from millrace_audit_event
      where workflow in ('/talk/reads', '/talk/hears') and short_name = 'DeferringExecutionFlow'`;
    await vi.waitFor(async () => expect(await numberOf(engine, waiting)).toBe(6), { timeout: 60_000, interval: 20 });
    const second = await join('b');

    const all = upTo(messages);
    const publish = async (from: number, to: number): Promise<void> => {
      const inputs = all.slice(from, to).map(each => ({ workflow: '/talk/publishes', input: { n: each } }));
      await engine.submit(inputs);
    };
    // Each time there is more to be done than has been when an engine dies.
    const done = () => numberOf(engine, 'select coalesce(sum(members), 0) from millrace_outcome');
    const untilDone = (count: number) =>
      vi.waitFor(async () => expect(await done()).toBeGreaterThan(count), { timeout: 60_000, interval: 20 });
    await publish(0, 160);
    await untilDone(60);
    await publish(160, 340);
    await first.kill();
    await join('c');
    await untilDone(360);
    await publish(340, messages);
    await second.kill();

    const results = async (ids: readonly string[]) =>
      Promise.all(ids.map(async id => (await engine.result(id)).result));
    const taken = (await results(takers)).map(result => (result as { data: { n: number } }).data.n);
    const seen = (result: unknown): unknown[] => (result as { seen: unknown[] }).seen;
    const takenByMany = (await results(manyTakers)).map(seen) as number[][];
    expect(takenByMany.map(({ length }) => length)).toEqual(upTo(loops).map(() => ofLoop));
    expect([...taken, ...takenByMany.flat()].sort((a, b) => a - b)).toEqual(all);
    const read = (await results(readers)).map(seen) as number[][];
    expect([...read[0]!].sort((a, b) => a - b)).toEqual(upTo(newsCount));
    for (const other of read) expect(other).toEqual(read[0]);
    const heard = (await results(hearers)).map(seen) as string[][];
    expect([...heard[0]!].sort()).toEqual(
      upTo(milestones)
        .map(each => `step ${each}`)
        .sort(),
    );
    expect(heard[1]).toEqual(heard[0]);

    // What was committed says the same: each firing with its message, once.
    const fired = await engine.query(
      `select data->'data'->>'n', count(*) from millrace_audit_event
       where workflow like '/talk/takes%' and short_name = 'ExitingTrigger' group by 1`,
    );
    expect(fired.filter(([, count]) => count !== '1')).toEqual([]);
    expect(fired).toHaveLength(messages);
    expect(await numberOf(engine, `select count(*) from millrace_message where publisher = '${orders}'`)).toBe(0);
    expect(await engine.query('select name, sequence, backlog from millrace_publisher order by name')).toEqual([
      [news, `${newsCount}`, `${newsCount}`],
      [orders, `${messages}`, '0'],
    ]);
  },
);
