// Pages of a browser: which may use the service, and what they are told.

import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { ServiceWorld } from './setup.js';

const page = 'http://localhost:5173';

const headersOf = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

test('without a list nobody is let in, and nothing is said of origins', async () => {
  const world = await ServiceWorld.own();
  const asked = await world.get('/openapi.json', { origin: page });
  expect(headersOf(asked.headers)).toEqual({});
  const preflight = await world.ask('OPTIONS', '/v1/instances', undefined, {
    origin: page,
    'access-control-request-method': 'POST',
  });
  expect([preflight.status, headersOf(preflight.headers)]).toEqual([404, {}]);
});

test('a listed origin is given leave, and reads answers, problems and streams; another one does not', async () => {
  const world = await ServiceWorld.own({ origins: [page, 'https://console.example'] });
  const ask = (origin: string, more: Record<string, string> = {}) =>
    world.ask('OPTIONS', '/v1/instances', undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,millrace-user',
      ...more,
    });
  const leave = await ask(page);
  expect([leave.status, headersOf(leave.headers)]).toEqual([
    204,
    {
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'accept, content-type, millrace-user, idempotency-key, last-event-id',
      'access-control-expose-headers': 'retry-after',
      'access-control-max-age': '600',
    },
  ]);
  const fromAfar = await ask('https://console.example', { 'access-control-request-private-network': 'true' });
  expect(fromAfar.headers.get('access-control-allow-private-network')).toBe('true');
  expect(headersOf((await ask('http://localhost:5174')).headers)).toEqual({});
  const workflow = await world.deploy(['echo']);
  const read = { 'access-control-allow-origin': page, 'access-control-expose-headers': 'retry-after' };
  const answers = [
    await world.post('/v1/instances', { workflow }, { origin: page }),
    await world.get('/nowhere', { origin: page }),
    await world.stream([{ workflow }], { origin: page }),
  ];
  expect(answers.map(({ status, headers }) => [status, headersOf(headers)])).toEqual([
    [201, read],
    [404, read],
    [200, read],
  ]);
  const foreign = await world.post('/v1/instances', { workflow }, { origin: 'http://evil.example' });
  expect(headersOf(foreign.headers)).toEqual({});
  expect(foreign.headers.get('vary')).toBe('origin');
});

test('what is no origin is refused', async () => {
  for (const origin of [
    '*',
    'localhost:5173',
    'http://localhost:5173/',
    'http://localhost:5173/app',
    'ftp://a',
    'null',
  ]) {
    await expect(ServiceWorld.own({ origins: [origin] })).rejects.toThrow(`OPTION_INVALID: cors: "${origin}"`);
  }
});

test('the client sends no header that needs more leave than is given', async () => {
  const world = await ServiceWorld.own({ origins: [page] });
  const sent = new Set<string>();
  const client = createClient({
    urls: [world.url],
    user: 'u',
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      for (const name of new Headers(init?.headers).keys()) sent.add(name);
      return fetch(input, init);
    },
  });
  const workflow = await world.deploy(['echo']);
  await client.submit({ workflow });
  const leave = await world.ask('OPTIONS', '/v1/instances', undefined, {
    origin: page,
    'access-control-request-method': 'POST',
  });
  const given = leave.headers.get('access-control-allow-headers')!.split(', ');
  expect([...sent].filter(name => !given.includes(name))).toEqual([]);
});
