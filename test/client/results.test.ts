// Waiting for results: long polls, in turns.

import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { json, problem, StandIn } from './stand-in.js';

test('however many wait, so many connections ask; all are answered', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], resultPolls: 5 });
  let open = 0;
  let most = 0;
  const asked = new Map<string, number>();
  server.always = ({ path }, response, usual) => {
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
    const times = (asked.get(path.split('?')[0]!) ?? 0) + 1;
    asked.set(path.split('?')[0]!, times);
    setImmediate(() => (times === 1 ? json(response, 202, { instance: 'x', state: 'pending' }) : usual()));
  };
  const names = Array.from({ length: 60 }, (_, n) => `/a/flow/${n}`);
  const results = await Promise.all(names.map(name => client.result(name)));
  expect(results.map(({ result }) => result)).toEqual(names.map(encodeURIComponent));
  expect(most).toBeLessThanOrEqual(5);
  // Alone it may wait long.
  await client.result('alone');
  expect(server.requests.at(-1)!.path).toBe('/v1/instances/alone/result?waitMs=20000');
});

test('a time limit, an abort while waiting and in the queue, a refusal, a cut', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url], resultPolls: 1, random: () => 0 });
  server.always = (_, response) => json(response, 202, { instance: 'x', state: 'pending' });
  await expect(client.result('x', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'DEADLINE_PASSED' });
  const [first, second] = [new AbortController(), new AbortController()];
  const reason = new Error('enough');
  server.always = null;
  server.next.push(() => second.abort(reason));
  const waiting = client.result('x', { signal: first.signal });
  await expect(client.result('y', { signal: second.signal })).rejects.toBe(reason);
  first.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  server.next.push(
    (_, response) => void response.destroy(),
    (_, response) => problem(response, 404, 'INSTANCE_UNKNOWN'),
  );
  await expect(client.result('z')).rejects.toMatchObject({ code: 'INSTANCE_UNKNOWN', status: 404 });
  expect(await client.result('z')).toMatchObject({ state: 'finished', result: 'z' });
});
