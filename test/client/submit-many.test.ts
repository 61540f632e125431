// Submits without end: back-pressure, keys, refusals.

import { expect, test } from 'vitest';
import { createClient, newBatchKey, type SubmitManyProgress, type SubmitRecord } from '../../src/client/index.js';
import { gate, StandIn, Stored } from './stand-in.js';

function* records(count: number, seen: { read: number; isClosed?: boolean } = { read: 0 }): Generator<SubmitRecord> {
  try {
    for (let n = 0; n < count; n++) {
      seen.read += 1;
      yield { workflow: '/a/flow', input: { n } };
    }
  } finally {
    seen.isClosed = true;
  }
}

test('a slow server bounds what is read ahead; then all is stored', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const held = gate();
  const four = gate();
  server.always = (_, __, usual) => {
    if (server.submits.length === 4) four.open();
    void held.opened.then(usual);
  };
  const seen = { read: 0 };
  const told: SubmitManyProgress[] = [];
  const ids = new Map<number, readonly string[]>();
  const done = client.submitMany(records(20_250, seen), {
    onProgress: progress => told.push(progress),
    onAccepted: (accepted, index) => ids.set(index, accepted),
  });
  await four.opened;
  // Four batches are under way and none has been answered: whatever else there is to do in this process has been done.
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(seen.read).toBe(2_000);
  held.open();
  expect(await done).toEqual({ submitted: 20_250 });
  expect(server.stored.instances).toBe(20_250);
  expect(server.submits).toHaveLength(41);
  expect(told.at(-1)).toEqual({ submitted: 20_250, read: 20_250 });
  expect([...ids.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 41 }, (_, n) => n * 500));
  expect(new Set([...ids.values()].flat()).size).toBe(20_250);
});

test('answers that are lost and a server that falls away: each instance once', async () => {
  const stored = new Stored();
  const [one, two] = [await StandIn.open(stored), await StandIn.open(stored)];
  const client = createClient({ urls: [one.url, two.url] });
  let requests = 0;
  one.always = two.always = (_, response, usual) => {
    requests += 1;
    if (requests % 3 !== 0) return usual();
    response.writeHead = () => response;
    usual();
    response.destroy();
  };
  const accepted: string[] = [];
  const { submitted } = await client.submitMany(records(10_000), {
    onAccepted: ids => accepted.push(...ids),
    onProgress: ({ submitted }) => {
      if (submitted === 3_000) void one.close();
    },
  });
  expect(submitted).toBe(10_000);
  expect(stored.instances).toBe(10_000);
  expect(new Set(accepted).size).toBe(10_000);
  expect(requests).toBeGreaterThan(20);
});

test('under the same key again, from another client: the same ids, nothing doubled', async () => {
  const server = await StandIn.open();
  const key = newBatchKey();
  const run = async (count: number, options: object = {}): Promise<string[]> => {
    const ids: [number, readonly string[]][] = [];
    const client = createClient({ urls: [server.url] });
    await client.submitMany(records(count), { key, onAccepted: (some, index) => ids.push([index, some]), ...options });
    return ids.sort(([a], [b]) => a - b).flatMap(([, some]) => some);
  };
  const first = await run(1_000);
  expect(first[0]).toBe(key);
  const all = await run(2_700, { batchesUnderWay: 1 });
  expect(all.slice(0, 1_000)).toEqual(first);
  expect(server.stored.instances).toBe(2_700);
});

test('a record that is refused ends it, named by its index; nothing more is read', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const seen = { read: 0, isClosed: false };
  function* some(): Generator<SubmitRecord> {
    for (const record of records(100_000, seen)) yield seen.read === 3_001 ? { workflow: '/bad/one' } : record;
  }
  const failure = client.submitMany(some());
  await expect(failure).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN', index: 3_000 });
  await expect(failure).rejects.toThrow('record 3000: no workflow is named');
  expect(seen.read).toBeLessThan(100_000);
  expect(seen.isClosed).toBe(true);
  const broken = client.submitMany(
    (function* () {
      yield* records(10);
      yield null as unknown as SubmitRecord;
    })(),
  );
  await expect(broken).rejects.toMatchObject({ code: 'INPUT_INVALID', index: 10 });
});

test('a source that is slow: what is there is sent; names go without a key', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const held = gate();
  async function* slow(): AsyncGenerator<SubmitRecord> {
    yield* records(3);
    await held.opened;
    yield { workflow: '/a/flow', name: 'x' };
    yield { workflow: '/a/flow', name: 'y' };
    yield* records(2);
  }
  const indexes: number[] = [];
  const done = client.submitMany(slow(), {
    onAccepted: (_, index) => {
      indexes.push(index);
      held.open();
    },
  });
  expect(await done).toEqual({ submitted: 7 });
  expect(indexes.sort()).toEqual([0, 3, 5]);
  expect(server.submits.map(({ body }) => body.includes('"batch"'))).toEqual([true, false, true]);
});

test('aborted: the reason, the source is told, the requests are cut', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const aborter = new AbortController();
  const reason = new Error('enough');
  server.always = () => aborter.abort(reason);
  const seen = { read: 0, isClosed: false };
  await expect(client.submitMany(records(100_000, seen), { signal: aborter.signal })).rejects.toBe(reason);
  expect(seen.isClosed).toBe(true);
  async function* never(): AsyncGenerator<SubmitRecord> {
    await new Promise(() => undefined);
    yield { workflow: '/a/flow' };
  }
  const second = new AbortController();
  const waiting = client.submitMany(never(), { signal: second.signal });
  second.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
