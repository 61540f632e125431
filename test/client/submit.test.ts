// Submits of single callers: what travels together, who hears of what, and what is sent again.

import { expect, test } from 'vitest';
import { createClient, MillraceError, newBatchKey } from '../../src/client/index.js';
import { gate, problem, StandIn, Stored } from './stand-in.js';

const record = { workflow: '/a/flow' };

test('a hundred submits in one turn are one request; each caller has its own id', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], user: 'ann' });
  const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => client.submit({ ...record, input: { n } })));
  expect(server.submits).toHaveLength(1);
  expect(server.submits[0]!.headers['millrace-user']).toBe('ann');
  expect(new Set(ids).size).toBe(100);
  expect([...ids].sort()).toEqual(ids);
  expect(server.stored.instances).toBe(100);
});

test('calls made while a request is under way travel together; none is more than 500', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const held = gate();
  const came = gate();
  server.next.push((_, __, usual) => {
    came.open();
    void held.opened.then(usual);
  });
  const first = client.submit(record);
  await came.opened;
  const others = Array.from({ length: 30 }, () => client.submit(Array.from({ length: 50 }, () => record)));
  held.open();
  await first;
  const ids = (await Promise.all(others)).flat();
  expect(server.submits.map(({ body }) => body.trim().split('\n').length - 1)).toEqual([1, 500, 500, 500]);
  expect(new Set(ids).size).toBe(1_500);
});

test('a caller hears of its own record only; the others are stored once', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const settled = await Promise.allSettled([
    client.submit(record),
    client.submit([record, { workflow: '/bad/one' }, record]),
    client.submit([record, record]),
    client.submit({ workflow: '/bad/two' }),
    client.submit({ workflow: '/a/flow', input: { n: 1n as unknown as number } }),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected']);
  const [, many, , one, unwritable] = settled.map(each => (each.status === 'rejected' ? each.reason : null));
  expect(many).toMatchObject({ code: 'WORKFLOW_UNKNOWN', status: 404, index: 1 });
  expect(many.message).toBe('WORKFLOW_UNKNOWN: record 1: no workflow is named "/bad/one"');
  expect(one.message).toBe('WORKFLOW_UNKNOWN: no workflow is named "/bad/two"');
  expect(unwritable).toMatchObject({ code: 'INPUT_INVALID', index: 0 });
  expect(server.stored.instances).toBe(3);
});

test('an answer that was cut: the same batch again, the same ids, stored once', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], random: () => 0 });
  server.next.push(
    (_, response, usual) => {
      // Stored, and nobody hears of it.
      response.writeHead = () => response;
      usual();
      response.destroy();
    },
    ({ body }, response) => {
      const { batch, count } = JSON.parse(body.split('\n')[0]!);
      server.stored.batch(batch, count);
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"index":0,', () => response.destroy());
    },
  );
  const ids = await client.submit([record, record]);
  expect(server.submits).toHaveLength(3);
  expect(new Set(server.submits.map(({ body }) => body)).size).toBe(1);
  expect([...server.stored.batches.values()]).toEqual([{ first: ids[0], count: 2 }]);
});

test('what may not be repeated is not: its caller hears that the answer was lost', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], random: () => 0 });
  const cut = (_: unknown, response: { destroy(): void }): void => response.destroy();
  server.next.push(cut);
  const lost = client.submit({ ...record, name: 'a', onConflict: 'reject' });
  await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST', status: null, url: server.url });
  expect(server.submits).toHaveLength(1);
  server.next.push(cut);
  await client.submit({ ...record, name: 'a' });
  expect(server.submits).toHaveLength(3);
  expect(server.submits.some(({ body }) => body.includes('batch'))).toBe(false);
});

test('503 with a time is asked again then, not before; 503 that does not know, only under a key', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], random: () => 0.5 });
  const atMs: number[] = [];
  server.always = (_, __, usual) => {
    atMs.push(performance.now());
    usual();
  };
  server.next.push((_, response) => {
    atMs.push(performance.now());
    problem(response, 503, 'OVERLOADED', { retryAfterMs: 300 });
  });
  await client.submit({ ...record, name: 'a', onConflict: 'reject' });
  expect(atMs[1]! - atMs[0]!).toBeGreaterThanOrEqual(299);
  server.next.push((_, response) => problem(response, 503, 'STORE_FAILED'));
  await client.submit(record);
  server.next.push((_, response) => problem(response, 503, 'STORE_FAILED'));
  const unknown = client.submit({ ...record, name: 'b', onConflict: 'replace' });
  await expect(unknown).rejects.toMatchObject({ code: 'STORE_FAILED', status: 503 });
  expect(server.submits).toHaveLength(5);
});

test('who has no room for one call is asked by others; 429 is for all', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], random: () => 0 });
  const asked: string[] = [];
  server.always = ({ path }, response, usual) => {
    asked.push(path.split('/')[2]!);
    if (path.includes('pause')) problem(response, 503, 'OPERATION_CONTENDED', { retryAfterMs: 60_001 });
    else usual();
  };
  const pausing = client.pause('/a/');
  await expect(pausing).rejects.toMatchObject({ code: 'OPERATION_CONTENDED', retryAfterMs: 60_001 });
  await client.submit(record);
  server.next.push((_, response) => {
    response.setHeader('retry-after', '61');
    problem(response, 429, 'RATE_LIMITED');
  });
  await expect(client.submit(record)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 61_000 });
  await expect(client.submit(record)).rejects.toThrow(
    /^UNREACHABLE: no server is ready .*; the last said RATE_LIMITED/,
  );
  expect(asked).toEqual(['operations', 'instances']);
});

test('a record that may not be repeated does not keep others from it', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], random: () => 0 });
  server.always = ({ body }, response, usual) => (body.includes('replace') ? response.destroy() : usual());
  server.next.push((_, response) => response.destroy());
  const settled = await Promise.allSettled([
    client.submit({ ...record, name: 'a' }),
    client.submit({ ...record, name: 'b', onConflict: 'replace' }),
    client.submit([record, { ...record, name: 'c' }]),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(server.submits.filter(({ body }) => body.includes('replace'))).toHaveLength(1);
});

test('a fault of the server is told as it is, and not asked again', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  server.next.push((_, response) => problem(response, 500, 'INTERNAL'));
  await expect(client.submit(record)).rejects.toMatchObject({ code: 'INTERNAL', status: 500 });
  server.next.push((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\n'));
  await expect(client.submit(record)).rejects.toMatchObject({ code: 'ANSWER_INVALID' });
  expect(server.submits).toHaveLength(2);
});

test('one connection is used again, whatever was answered', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  for (let n = 0; n < 20; n++) await client.submit([record, record]);
  await expect(client.submit({ workflow: '/bad/one' })).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN' });
  server.next.push((_, response) => problem(response, 500, 'INTERNAL'));
  await expect(client.submit(record)).rejects.toMatchObject({ code: 'INTERNAL' });
  await client.submit(record);
  expect(server.connections).toBe(1);
});

test('two servers: they share the work; one that is gone is left alone', async () => {
  const stored = new Stored();
  const [one, two] = [await StandIn.open(stored), await StandIn.open(stored)];
  const client = createClient({ urls: [one.url, `${two.url}/`] });
  for (let n = 0; n < 10; n++) await client.submit(record);
  expect([one.submits.length, two.submits.length]).toEqual([5, 5]);
  await one.close();
  for (let n = 0; n < 20; n++) await client.submit(record);
  expect(two.submits.length).toBe(25);
  expect(stored.instances).toBe(30);
});

test('nobody there: UNREACHABLE with the url, after the deadline', async () => {
  const server = await StandIn.open();
  const { url } = server;
  await server.close();
  const client = createClient({ urls: [url], deadlineMs: 300 });
  const error = await client.submit(record).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(MillraceError);
  expect(error).toMatchObject({ code: 'UNREACHABLE', url });
  expect((error as Error).message).toContain(url);
});

test('a server that does not answer is given up; the batch goes to the other, once', async () => {
  const stored = new Stored();
  const [one, two] = [await StandIn.open(stored), await StandIn.open(stored)];
  one.always = ({ body }) => {
    const { batch, count } = JSON.parse(body.split('\n')[0]!);
    stored.batch(batch, count);
  };
  const client = createClient({ urls: [one.url, two.url], timeoutMs: 200 });
  const ids = await Promise.all([client.submit(record), client.submit([record])]);
  expect(ids.flat()).toHaveLength(2);
  expect(stored.instances).toBe(2);
});

test('a key of the caller goes alone; too many, too much and none', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], pendingMax: 600 });
  const key = newBatchKey();
  const [a, , b] = await Promise.all([
    client.submit([record, record], { key }),
    client.submit(record),
    client.submit([record, record], { key }),
  ]);
  expect(a).toEqual(b);
  expect(a![0]).toBe(key);
  expect(server.stored.instances).toBe(3);
  expect(await client.submit([])).toEqual([]);
  const many = (count: number) => Array.from({ length: count }, () => record);
  await expect(client.submit(many(501))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  const full = client.submit(many(500));
  await expect(client.submit(many(101))).rejects.toMatchObject({ code: 'PENDING_TOO_MANY' });
  await full;
  await expect(client.submit({ ...record, name: 'n' }, { key })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('aborted: the reason, at once; what had not been sent is not', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  const reason = new Error('enough');
  await expect(client.submit(record, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const aborter = new AbortController();
  const submitted = client.submit(record, { signal: aborter.signal });
  aborter.abort(reason);
  await expect(submitted).rejects.toBe(reason);
  await client.submit(record);
  expect(server.stored.instances).toBe(1);
});
