// `millrace why`, on a folder and on a running server.

import { expect, test, vi } from 'vitest';
import { lines, oneCall, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

test.concurrent('of a folder: who paused it, that no engine executes, how it ended; what is next to do', async context => {
  const own = world(context);
  let [held, ready] = ['', ''];
  await own.engine('workflow: /test/flow\nactions:\n  act:\n    type: "null"\n', async engine => {
    [held, ready] = (await engine.submit([{ workflow: '/test/flow' }, { workflow: '/test/flow' }])) as [string, string];
    await engine.pause(held, { user: 'anna' });
  });
  expect(await own.millrace('why', held)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^it was paused by anna, \S+Z, and is held at act\n$/),
    stderr: `what would let it go on: millrace resume ${held}\n`,
  });
  expect(await own.millrace('why', `/test/flow/${ready}`)).toMatchObject({
    code: 0,
    stdout: 'no engine executes anything here\n',
    stderr: 'what would let it go on: millrace start\n',
  });
  await own.millrace('remove', held);
  const { stdout, stderr } = await own.millrace('why', held);
  expect([stdout.split(',')[0], stderr]).toEqual(['it was removed', `all about it: millrace show ${held}\n`]);
  const [json] = lines<object>((await own.millrace('why', held, '--json')).stdout);
  expect(json).toMatchObject({ instance: held, isRunning: false, reasons: [{ code: 'removed' }], contexts: 0 });
  expect(await own.millrace('why', 'nobody')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^INSTANCE_UNKNOWN: /),
  });
});

test.concurrent('of a server: where it executes, and a throttle with the command that makes room', async context => {
  const own = world(context);
  oneCall(own, 'await new Promise(resolve => context.signal.addEventListener("abort", resolve));');
  const { child, said, answer } = own.begin(
    ...['start', '--json', '--port', '0', '--health-port', '0', '--threads', '1', '--grace', '1'],
  );
  let text = '';
  child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await said('"url"');
  const { url } = JSON.parse(text) as { url: string };
  const there = (...args: string[]) => own.millrace(...args, '--url', url);
  await there('workflows', 'put', 'flow.yaml');
  await there('config', 'set', '/test', 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', '1');
  own.file('two.ndjson', ['one', 'two'].map(name => `{"workflow":"/test/flow","name":"${name}"}\n`).join(''));
  await there('submit', 'two.ndjson');
  await vi.waitFor(
    async () => expect((await there('why', 'one')).stdout).toMatch(/^it executes act on engine /),
    60_000,
  );
  const { stdout, stderr } = await there('why', 'two');
  expect(stdout).toMatch(/^\/test\/ has no room: 1 run, and its CONCURRENCY_THROTTLE_CLUSTER_WIDE is 1\n/);
  expect(stderr).toContain(
    `what would let it go on: millrace config set /test/ CONCURRENCY_THROTTLE_CLUSTER_WIDE 2 --url ${url}\n`,
  );
  child.kill('SIGTERM');
  await answer;
});
