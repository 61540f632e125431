// Batches under a key: a repeat answers the same and stores nothing.

import { expect, test } from 'vitest';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { onEveryHome, openEngine, ownWorld } from './setup.js';

const ids = new IdSource(systemClock);

onEveryHome('batches under a key', world => {
  test('sent again, at once, later or with other casing, it answers the same ids; each runs once', async () => {
    const { engine, deploy, counts, untilCounts } = world();
    const workflow = await deploy(['echo']);
    const key = ids.nextRoot();
    const records = Array.from({ length: 500 }, (_, n) => ({ workflow, input: { n } }));
    const expected = records.map((_, at) => instanceId(key, at));
    const answers = await Promise.all([1, 2, 3].map(() => engine.submitBatch(key, records)));
    expect(answers).toEqual([expected, expected, expected]);
    await untilCounts({ finished: 500 });
    expect(await engine.submitBatch(key.toUpperCase(), records)).toEqual(expected);
    expect(await counts()).toEqual({ finished: 500 });
    expect((await engine.result(expected[499]!)).result).toEqual({ n: 499 });
  });

  test('batches and other submits that travel together do not fail for a repeat among them', async () => {
    const { engine, deploy, untilCounts } = world();
    const workflow = await deploy(['echo']);
    const known = ids.nextRoot();
    await engine.submitBatch(known, [{ workflow }]);
    const keys = [ids.nextRoot(), known, ids.nextRoot(), ids.nextRoot()];
    const answers = await Promise.all([
      ...keys.map(key => engine.submitBatch(key, [{ workflow }])),
      engine.submit([{ workflow }, { workflow }]),
    ]);
    expect(answers.slice(0, 4)).toEqual(keys.map(key => [key]));
    await untilCounts({ finished: 6 });
  });

  test('one key for two batches is refused; so is what cannot be a batch', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const key = ids.nextRoot();
    const input = { n: 1 };
    await engine.submitBatch(key, [{ workflow, input }]);
    await expect(engine.submitBatch(key, [{ workflow, input: { n: 2 } }])).rejects.toThrow(/KEY_REUSED/);
    await expect(engine.submitBatch(key, [{ workflow, input }, { workflow }])).rejects.toThrow(/KEY_REUSED/);
    await expect(engine.submitBatch(ids.next(), [{ workflow }])).rejects.toThrow(/INPUT_INVALID: batch: a key is/);
    await expect(engine.submitBatch('x', [{ workflow }])).rejects.toThrow(/INPUT_INVALID: batch: a key is/);
    await expect(engine.submitBatch(ids.nextRoot(), [])).rejects.toThrow(/INPUT_INVALID: batch: has 1 to 500/);
    const many = Array.from({ length: 501 }, () => ({ workflow }));
    await expect(engine.submitBatch(ids.nextRoot(), many)).rejects.toThrow(/INPUT_INVALID: batch: has 1 to 500/);
    await expect(engine.submitBatch(ids.nextRoot(), [{ workflow }, { workflow, name: 'n' }])).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      record: 1,
    });
    const large = { text: 'x'.repeat(250_000) };
    const four = Array.from({ length: 5 }, () => ({ workflow, input: large }));
    await expect(engine.submitBatch(ids.nextRoot(), four)).rejects.toThrow(/INPUT_INVALID: batch: its inputs have/);
    await expect.poll(counts).toEqual({ finished: 1 });
  });
});

test('the next engine on the folder knows the keys of the one before', async () => {
  const { engine, deploy, folder, branch } = await ownWorld('disk');
  const workflow = await deploy(['echo']);
  const key = ids.nextRoot();
  await engine.submitBatch(key, [{ workflow }, { workflow }]);
  await engine.dispose();
  const next = await openEngine('disk', folder);
  expect(await next.submitBatch(key, [{ workflow }, { workflow }])).toEqual([key, instanceId(key, 1)]);
  expect((await next.count(branch)).reduce((sum, { instances }) => sum + instances, 0)).toBe(2);
  await next.dispose(0);
});
