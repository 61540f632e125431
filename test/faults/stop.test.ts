// A stop under load: what executes ends, nothing runs twice, the rest stays ready for whoever starts next (fault 7).

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/index.js';
import { loggersTo } from '../../src/observe/loggers.js';
import { auditRows, historyRows, openCount } from '../fixtures/ledger/exported.mjs';
import { definitions, doomed, flaky, line } from '../fixtures/ledger/workflows.mjs';
import { check, type Verdict } from '../ledger/checker.js';
import { auditOf, historyOf } from '../ledger/export.js';
import { readLedger } from '../ledger/ledger.js';
import { shapeOf } from '../ledger/shape.js';
import { deploy, freshFolder, open, states } from './setup.js';

const baseFolder = fileURLToPath(new URL('../fixtures/ledger/', import.meta.url));
const instances = 2_000;

/** A folder with a load that the ledger watches. */
class Load {
  readonly folder = freshFolder();
  readonly ledger = join(this.folder, 'ledger.jsonl');
  readonly acked: { instance: string; workflow: string }[] = [];
  failing = 0;

  async open(options: EngineOptions = {}): Promise<Engine> {
    const { engine } = await open(join(this.folder, 'data'), options);
    for (const definition of definitions)
      await engine.deploy(definition as Parameters<Engine['deploy']>[0], baseFolder);
    return engine;
  }

  async submit(engine: Engine): Promise<void> {
    const records = Array.from({ length: instances }, (_, n) => {
      const { name } = n % 50 === 0 ? doomed : n % 7 === 0 ? flaky : line;
      return { workflow: name, input: { ledger: this.ledger, n, sleepMs: n % 30 } };
    });
    const ids = await engine.submit(records);
    for (const [at, instance] of ids.entries()) this.acked.push({ instance, workflow: records[at]!.workflow });
    this.failing += records.filter(({ workflow }) => workflow === doomed.name).length;
  }

  /** Runs everything to its end and asks the checker. */
  async verdict(engine: Engine, threadLosses: number): Promise<Verdict> {
    await expect.poll(() => openCount(engine), { timeout: 60_000, interval: 200 }).toBe(0);
    return check({
      submitted: { acked: this.acked, unanswered: new Map() },
      effects: readLedger(this.ledger).effects,
      history: historyOf(await all(historyRows(engine))),
      audit: auditOf(await all(auditRows(engine))),
      workflows: new Map(definitions.map(definition => [definition.name, shapeOf(definition)])),
      kills: 0,
      threadLosses,
      everythingEnded: true,
    });
  }
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** Until the engine is in the middle of it. */
async function underLoad(engine: Engine): Promise<number> {
  const { finished } = await engine.status();
  await expect.poll(async () => (await engine.status()).finished, { interval: 10 }).toBeGreaterThan(finished + 100);
  return engine.status().then(status => status.finished);
}

test('a graceful stop lets what executes end and doubles nothing; the same engine and the next go on', {
  timeout: 120_000,
}, async () => {
  const load = new Load();
  const first = await load.open();
  for (let stops = 0; stops < 2; stops++) {
    // Twice as much as one look at the engine may find done.
    await load.submit(first);
    await load.submit(first);
    await first.start();
    await underLoad(first);
    await first.stop();
    const status = await first.status();
    expect(status).toMatchObject({ state: 'stopped', claimed: 0 });
    expect(status.ready + status.delayed).toBe(await openCount(first));
    expect(await openCount(first)).toBeGreaterThan(0);
    // It rests: nothing is begun any more.
    const begun = readLedger(load.ledger).effects.length;
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(readLedger(load.ledger).effects.length).toBe(begun);
  }
  await first.start();
  await first.dispose();

  const second = await load.open();
  await load.submit(second);
  await second.start();
  const { violations, states: ends, ...numbers } = await load.verdict(second, 0);
  expect(violations.slice(0, 20)).toEqual([]);
  expect(numbers.duplicates).toBe(0);
  expect(ends).toMatchObject({ open: 0, removed: 0, failed: load.failing });
});

test('engines disposed of under load without grace lose nothing, commit nothing twice and take no attempt', {
  timeout: 120_000,
}, async () => {
  const load = new Load();
  const disposals = 4;
  for (let at = 0; at < disposals; at++) {
    const engine = await load.open();
    await load.submit(engine);
    await engine.start();
    await underLoad(engine);
    await engine.dispose(0);
  }
  const last = await load.open();
  await last.start();
  const { violations, states: ends, ...numbers } = await load.verdict(last, disposals);
  console.log(numbers);
  expect(violations.slice(0, 20)).toEqual([]);
  expect(ends).toMatchObject({ open: 0, removed: 0, failed: load.failing });
});

test('an engine that is stopped without grace while claims are read from the store gives them back, again and again', {
  timeout: 120_000,
}, async () => {
  const load = new Load();
  const errors: unknown[] = [];
  const loggers = loggersTo(entry => void (entry.level === 'error' && entry.logger === 'system' && errors.push(entry)));
  // Bodies of hardly more than one root are kept: most claims must be read.
  const engine = await load.open({ cacheBytes: 1_000, loggers });
  await load.submit(engine);
  await load.submit(engine);
  const stops = 12;
  for (let at = 0; at < stops; at++) {
    await engine.start();
    await new Promise(resolve => setTimeout(resolve, 20 + at * 7));
    await engine.stop(0);
    const { ready, delayed, claimed } = await engine.status();
    expect({ claimed, waiting: ready + delayed }).toEqual({ claimed: 0, waiting: await openCount(engine) });
  }
  await engine.start();
  const { violations, states: ends } = await load.verdict(engine, stops);
  expect(violations.slice(0, 20)).toEqual([]);
  expect(ends).toMatchObject({ open: 0, removed: 0, failed: load.failing });
  expect(errors).toEqual([]);
});

test('an action that heeds the signal of a stop does not fail: it stays ready, with all its attempts', async () => {
  const folder = freshFolder();
  const { engine } = await open(folder, { actionGraceMs: 40_000 });
  const workflow = await deploy(engine, 'wait'); // without retries
  const ids = await engine.submit(Array.from({ length: 50 }, (_, n) => ({ workflow, input: { n, waitMs: 60_000 } })));
  await engine.start();
  await expect.poll(async () => (await engine.status()).claimed).toBe(50);
  const startedMs = performance.now();
  await engine.stop(100);
  expect(performance.now() - startedMs).toBeLessThan(30_000); // they heeded it
  expect(await states(engine)).toEqual({ ready: 50 });
  expect(await engine.status()).toMatchObject({ ready: 50, claimed: 0, failed: 0, retried: 0 });
  expect((await engine.show(ids[0]!)).attempt).toBe(1);
});
