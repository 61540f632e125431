// Several engines on one Redis, with PostgreSQL or one PGlite folder: the work is shared, and whoever is asked knows.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { loggersTo } from '../../src/observe/loggers.js';
import {
  definitionOf,
  type Home,
  here,
  homeOptions,
  openEngine,
  redisOfTests,
  signals,
  temporaryFolder,
} from './setup.js';

/** Engines of one cluster, stopped. */
async function engines(home: Home, names: readonly string[], options: Partial<EngineOptions> = {}): Promise<Engine[]> {
  const folder = temporaryFolder();
  const opened: Engine[] = [];
  for (const name of names) {
    const engine = await openEngine(home, folder, { name, leaseMs: 3_000, ...options });
    onTestFinished(() => engine.dispose(0));
    opened.push(engine);
  }
  return opened;
}

describe.each(['cluster', 'shared'] as const)('two engines, %s', home => {
  test('share the work; each instance runs once, and either tells its result', async () => {
    const [a, b] = (await engines(home, ['a', 'b'])) as [Engine, Engine];
    await a.deploy(definitionOf('/two/flow', ['echo']), here);
    await Promise.all([a.start(), b.start()]);
    const ids = await a.submit(Array.from({ length: 3_000 }, (_, n) => ({ workflow: '/two/flow', input: { n } })));
    const results = await Promise.all(ids.map((id, at) => (at % 2 === 0 ? a : b).result(id)));
    expect(results.map(({ result }) => result)).toEqual(ids.map((_, n) => ({ n })));
    const [sa, sb] = [await a.status(), await b.status()];
    expect(sa.finished + sb.finished).toBe(3_000);
    expect([sa.failed, sb.failed, sa.retried, sb.retried]).toEqual([0, 0, 0, 0]);
    const rows = await a.query(
      `select engine, count(distinct instance) from millrace_audit_event where short_name = 'FinishingFlowChart' group by 1`,
    );
    expect(rows.map(([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)).toBe(3_000);
  });

  test('what one deploys the other runs and submits, a newer version too', async () => {
    const [a, b] = (await engines(home, ['a', 'b'])) as [Engine, Engine];
    await b.start();
    await a.deploy(definitionOf('/late/flow', ['echo']), here);
    const fromA = await a.submit({ workflow: '/late/flow', input: { from: 'a' } });
    expect((await b.result(fromA)).result).toEqual({ from: 'a' });
    const fromB = await b.submit({ workflow: '/late/flow', input: { from: 'b' } });
    expect((await a.result(fromB)).result).toEqual({ from: 'b' });
  });

  test('an operation at one holds what executes at the other, at its next break', async () => {
    signals.forget();
    const [a, b] = (await engines(home, ['a', 'b'])) as [Engine, Engine];
    await b.start();
    await b.deploy(definitionOf('/held/flow', [{ function: 'gated' }, { function: 'echo', break: true }]), here);
    const id = await b.submit({ workflow: '/held/flow', input: { gate: 'held elsewhere', holdIn: 'a1' } });
    await signals.atGate('held elsewhere');
    expect(await a.pause(id)).toMatchObject({ contexts: 1 });
    signals.open('held elsewhere');
    await expect.poll(async () => (await a.show(id)).action).toBe('a2');
    expect(await b.show(id)).toMatchObject({ state: 'paused', action: 'a2' });
    await a.resume(id);
    expect((await a.result(id)).state).toBe('finished');
  });

  const names = [
    { names: ['a', 'b'], of: 'two names' },
    { names: ['same', 'same'], of: 'one name' },
  ];
  test.each(names)('what executes when Redis loses everything is not started again by engines of $of', async pair => {
    signals.forget();
    const [a, b] = (await engines(home, pair.names)) as [Engine, Engine];
    await a.deploy(definitionOf('/wiped/held', [{ function: 'gated' }]), here);
    await a.deploy(definitionOf('/wiped/quick', ['echo']), here);
    await Promise.all([a.start(), b.start()]);
    // Known to be quick, so that many are handed over at once.
    await a.result(await a.submit({ workflow: '/wiped/quick', input: {} }));
    const gate = `wiped ${home} ${pair.of}`;
    const held = await a.submit(Array.from({ length: 30 }, () => ({ workflow: '/wiped/held', input: { gate } })));
    await signals.atGate(gate, 1);
    await (await redisOfTests()).client.flushall();
    const quick = await b.submit(Array.from({ length: 200 }, (_, n) => ({ workflow: '/wiped/quick', input: { n } })));
    await Promise.all(quick.map((id, at) => (at % 2 === 0 ? a : b).result(id)));
    signals.open(gate);
    const results = await Promise.all(held.map(id => b.result(id)));
    expect(results.filter(({ state }) => state === 'finished')).toHaveLength(30);
    expect([...held, ...quick].filter(id => signals.ranBy(id).length !== 1)).toEqual([]);
  });

  test('one that stops is followed at once: its lead, and what it had claimed', async () => {
    signals.forget();
    // Told by a lease or a look it would take 20 s at least.
    const said: string[] = [];
    const loggers = loggersTo(({ message }) => said.push(message));
    const options = { leaseMs: 60_000, actionGraceMs: 100 };
    const folder = temporaryFolder();
    const a = await openEngine(home, folder, { name: 'a', ...options });
    onTestFinished(() => a.dispose(0));
    const b = await openEngine(home, folder, { name: 'b', ...options, loggers });
    onTestFinished(() => b.dispose(0));
    await a.deploy(definitionOf('/followed/flow', [{ function: 'gated' }]), here);
    await a.start();
    const gate = `followed ${home}`;
    const id = await a.submit({ workflow: '/followed/flow', input: { gate } });
    await signals.atGate(gate);
    await b.start();
    await a.stop(0);
    const stoppedMs = performance.now();
    await expect.poll(() => said).toContain('this engine is master');
    console.log(`${home}: a new master ${Math.round(performance.now() - stoppedMs)} ms after the stop`);
    // The other runs it, and not as something taken from a dead one.
    await signals.atGate(gate, 2);
    signals.open(gate);
    expect((await b.result(id)).state).toBe('finished');
    expect(performance.now() - stoppedMs).toBeLessThan(15_000);
    const count = `select count(*) from millrace_audit_event where short_name = 'FlowChartFailover'`;
    expect(await b.query(count)).toEqual([['0']]);
  });

  test('what is claimed by one that stops is run by the other', async () => {
    signals.forget();
    const [a, b] = (await engines(home, ['a', 'b'])) as [Engine, Engine];
    await a.deploy(definitionOf('/stop/flow', ['echo']), here);
    await Promise.all([a.start(), b.start()]);
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) {
      ids.push(...(await b.submit(Array.from({ length: 300 }, (_, n) => ({ workflow: '/stop/flow', input: { n } })))));
      if (round === 5) await a.stop(0);
    }
    const results = await Promise.all(ids.map(id => b.result(id)));
    expect(results.filter(({ state }) => state === 'finished')).toHaveLength(3_000);
  });
});

test('one that goes and takes the store along is followed as soon as another has that', async () => {
  const said: string[] = [];
  const loggers = loggersTo(({ message }) => said.push(message));
  const folder = temporaryFolder();
  const a = await openEngine('shared', folder, { name: 'a', leaseMs: 60_000 });
  onTestFinished(() => a.dispose(0));
  const b = await openEngine('shared', folder, { name: 'b', leaseMs: 60_000, loggers });
  onTestFinished(() => b.dispose(0));
  await a.start();
  await b.start();
  await a.dispose(0);
  const goneMs = performance.now();
  await expect.poll(() => said).toContain('this engine is master');
  console.log(`a new master ${Math.round(performance.now() - goneMs)} ms after the holder of the folder had gone`);
});

test('engines that share a folder have a log file each', async () => {
  const folder = temporaryFolder();
  const opened: Engine[] = [];
  for (const name of ['a', '../b']) {
    // No loggers of the application's: files.
    const engine = await createEngine({ ...(await homeOptions('shared', folder)), name, threads: 1 });
    onTestFinished(() => engine.dispose(0));
    opened.push(engine);
  }
  for (const engine of opened) await engine.start();
  for (const engine of opened) await engine.dispose();
  const files = readdirSync(path.join(folder, 'logs')).sort();
  expect(files).toEqual([expect.stringMatching(/^millrace-\.\._b-[0-9a-f]{12}\.log$/), 'millrace-a.log']);
  for (const [at, name] of ['../b', 'a'].entries()) {
    const lines = readFileSync(path.join(folder, 'logs', files[at]!), 'utf8')
      .trim()
      .split('\n');
    const engines = new Set(lines.map(line => (JSON.parse(line) as { engine: string }).engine));
    expect([...engines]).toEqual([name]);
  }
});

test("a second store under the same cluster name is refused; a store in memory is each engine's own", async () => {
  const { redis, cluster } = await homeOptions('redis', temporaryFolder());
  const options = { redis: redis!, cluster: cluster! };
  const first = await openEngine('redis', temporaryFolder(), options);
  onTestFinished(() => first.dispose(0));
  await first.start();
  for (const home of ['redis', 'shared', 'cluster'] as const) {
    const second = openEngine(home, temporaryFolder(), { ...options, name: 'second' });
    await expect(second).rejects.toMatchObject({
      code: 'QUEUE_UNSUITABLE',
      message: expect.stringContaining('is the queue of another store'),
    });
  }
});

test('every folder has an id of its own, and keeps it', async () => {
  const [one, two] = [temporaryFolder(), temporaryFolder()];
  const ids: string[] = [];
  for (const folder of [one, two, one]) {
    const engine = await openEngine('disk', folder);
    ids.push((await engine.query('select id from millrace_store'))[0]![0]!);
    await engine.dispose(0);
  }
  expect(ids[2]).toBe(ids[0]);
  expect(ids[1]).not.toBe(ids[0]);
});

test('without a Redis the second engine on a store is refused, and told whose it is', async () => {
  const folder = temporaryFolder();
  const { postgres } = await homeOptions('cluster', folder);
  const alone = { postgres: postgres!, redis: null };
  const [a, b] = [
    await openEngine('cluster', folder, { name: 'a', ...alone }),
    await openEngine('cluster', folder, { name: 'b', ...alone }),
  ];
  onTestFinished(() => a.dispose(0));
  onTestFinished(() => b.dispose(0));
  await a.start();
  await expect(b.start()).rejects.toThrow(/STORE_LOCKED: engine "a" \(pid \d+ on ".+"\) has this store/);
  await a.stop();
  await b.start();
  expect(b.state).toBe('started');
});
