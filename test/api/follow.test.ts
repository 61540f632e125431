// The audit followed: every event once, across reconnects, however late its commit landed.

import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceWorld } from './setup.js';

let world: ServiceWorld;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
});
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
});

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Server-sent events of one connection. */
class Follower {
  readonly #aborted = new AbortController();
  readonly #events: AsyncGenerator<ServerEvent>;
  lastId = '';

  private constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#events = parsed(chunks);
  }

  static async open(query: string, headers: Record<string, string> = {}): Promise<Follower> {
    const aborted = new AbortController();
    const response = await fetch(`${world.url}/v1/audit?${query}`, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: aborted.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const follower = new Follower(response.body as unknown as AsyncIterable<Uint8Array>);
    follower.#aborted.signal.addEventListener('abort', () => aborted.abort());
    return follower;
  }

  async next(): Promise<ServerEvent> {
    const { value } = await this.#events.next();
    this.lastId = (value as ServerEvent).id;
    return value as ServerEvent;
  }

  leave(): void {
    this.#aborted.abort();
  }
}

async function* parsed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const fields = Object.fromEntries(
        part.split('\n').map(line => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
      );
      yield { event: fields.event!, id: fields.id!, data: fields.data! };
    }
  }
}

/** All there is of a workflow, as pages tell it. */
async function pages(workflow: string): Promise<string[]> {
  const { events, isEnd } = await world.engine.reads.auditPage({ workflow }, null, 'oldest', 1_000_000);
  expect(isEnd).toBe(true);
  return events.map(({ record }) => JSON.stringify(record));
}

test('from now on: nothing that was, everything that comes, in the order of the pages', async () => {
  const workflow = await world.deploy(['echo', { function: 'echo', break: true }]);
  await world.engine.result(await world.engine.submit({ workflow }));
  const before = await pages(workflow);
  const follower = await Follower.open(`workflow=${encodeURIComponent(workflow)}`);
  expect(await follower.next()).toMatchObject({ event: 'position', data: '{}' });
  const ids = await world.engine.submit(Array.from({ length: 50 }, (_, n) => ({ workflow, input: { n } })));
  await Promise.all(ids.map(id => world.engine.result(id)));
  const expected = (await pages(workflow)).slice(before.length);
  const told: string[] = [];
  while (told.length < expected.length) {
    const { event, data } = await follower.next();
    expect(event).toBe('audit');
    told.push(data);
  }
  expect(told).toEqual(expected);
  follower.leave();
});

test('a follower that is cut again and again and resumes by Last-Event-ID sees every event once', async () => {
  const workflow = await world.deploy(['echo', { function: 'echo', break: true }, { function: 'told', break: true }]);
  const query = `workflow=${encodeURIComponent(workflow)}`;
  let follower = await Follower.open(query);
  await follower.next();
  const instances = 200;
  const working = (async () => {
    for (let sent = 0; sent < instances; sent += 20) {
      // Events of one member and action share their place but for a number of their own.
      const events = ['first', 'second', 'third'];
      const records = Array.from({ length: 20 }, (_, n) => ({ workflow, input: { n, events } }));
      const ids = await world.engine.submit(records);
      await Promise.all(ids.map(id => world.engine.result(id)));
    }
    return (await pages(workflow)).length;
  })();
  let total = Number.POSITIVE_INFINITY;
  const told: string[] = [];
  void working.then(found => {
    total = found;
  });
  for (let cuts = 0; told.length < total; cuts++) {
    // A cut may fall between any two events, also of one row.
    const until = told.length + 1 + ((cuts * 37) % 211);
    while (told.length < Math.min(until, total)) {
      const { event, data } = await follower.next();
      if (event === 'audit') told.push(data);
      if (await Promise.race([working.then(() => true), Promise.resolve(false)])) total = await working;
    }
    if (told.length >= total) break;
    follower.leave();
    follower = await Follower.open(query, { 'last-event-id': follower.lastId });
    expect((await follower.next()).event).toBe('position');
  }
  follower.leave();
  expect(told).toEqual(await pages(workflow));
  expect(new Set(told).size).toBe(told.length);
});

test('a cursor of a page may be followed; an odd one is refused before the stream begins', async () => {
  const workflow = await world.deploy(['echo']);
  const query = `workflow=${encodeURIComponent(workflow)}`;
  await world.engine.result(await world.engine.submit({ workflow }));
  const all = await pages(workflow);
  const { body } = await world.get(`/v1/audit?${query}&limit=3`);
  const follower = await Follower.open(`${query}&after=${body.next}`);
  await follower.next();
  const told: string[] = [];
  while (told.length < all.length - 3) told.push((await follower.next()).data);
  expect(told).toEqual(all.slice(3));
  follower.leave();
  const asked = await world.get(`/v1/audit?${query}`, { accept: 'text/event-stream', 'last-event-id': 'x' });
  expect(asked).toMatchObject({ status: 400, body: { code: 'CURSOR_INVALID' } });
});

test('who follows and does not read costs a bounded amount of memory', async () => {
  const workflow = await world.deploy(['echo']);
  const input = { text: 'x'.repeat(20_000) };
  const request = httpRequest(`${world.url}/v1/audit?workflow=${encodeURIComponent(workflow)}`, {
    headers: { accept: 'text/event-stream' },
    agent: false,
  });
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end();
  });
  response.pause();
  const before = process.memoryUsage();
  for (let round = 0; round < 10; round++) {
    const ids = await world.engine.submit(Array.from({ length: 200 }, () => ({ workflow, input })));
    await Promise.all(ids.map(id => world.engine.result(id)));
  }
  // 2,000 instances with some events of 20 kB each: 100 MB and more, of which a page or two may be in memory.
  const { heapUsed, external } = process.memoryUsage();
  expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(250 * 1_024 * 1_024);
  request.on('error', () => undefined).destroy();
});
