// A server that is killed while instances are sent to it, and started again on its folder: each is stored once and ends.

import { expect, test, vi } from 'vitest';
import { createClient, type SubmitRecord } from '../../src/client/index.js';
import { type World, world } from '../cli/setup.js';
import { definitionOf } from '../engine/setup.js';

vi.setConfig({ testTimeout: 120_000 });

const count = 30_000;

async function start(own: World, port: string): Promise<{ readonly url: string; kill(): Promise<unknown> }> {
  const { child, answer, said } = own.begin(
    ...['start', '--json', '--port', port, '--health-port', '0', '--threads', '1'],
  );
  let text = '';
  child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await said('"url"');
  return {
    url: (JSON.parse(text) as { url: string }).url,
    kill: () => {
      child.kill('SIGKILL');
      return answer;
    },
  };
}

test('kill -9 under submitMany and single submits, twice: each instance once', async context => {
  const own = world(context);
  let server = await start(own, '0');
  const { port } = new URL(server.url);
  const client = createClient({ urls: [server.url] });
  await client.deploy(definitionOf('/killed/flow', [{ type: 'null' }]));
  const ids: string[] = [];
  const kills = [5_000, 15_000];
  let restarting: Promise<void> = Promise.resolve();
  const restart = async (): Promise<void> => {
    await server.kill();
    server = await start(own, port);
  };
  function* records(): Generator<SubmitRecord> {
    for (let n = 0; n < count; n++) yield { workflow: '/killed/flow', input: { n } };
  }
  const many = client.submitMany(records(), {
    onAccepted: accepted => {
      ids.push(...accepted);
      if (ids.length < (kills[0] ?? Number.POSITIVE_INFINITY)) return;
      kills.shift();
      restarting = restarting.then(restart);
    },
  });
  const single = async (): Promise<void> => {
    while (ids.length < count) ids.push(await client.submit({ workflow: '/killed/flow' }));
  };
  const [{ submitted }] = await Promise.all([many, single()]);
  await restarting;
  expect(submitted).toBe(count);
  expect(kills).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  for (;;) {
    const { counts } = (await client.list({ scope: '/killed/', limit: 1 }).next()).value!;
    const total = counts!.reduce((sum, { instances }) => sum + instances, 0);
    expect(total).toBe(ids.length);
    if (counts!.every(({ state }) => state === 'finished')) break;
  }
  await server.kill();
});
