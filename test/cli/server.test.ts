// The commands against a running server: the same words, the same exit codes as for a folder.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { lines, oneCall, type World, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

interface Server {
  readonly url: string;
  /** Asks it to stop; its exit code. */
  stop(): Promise<number | null>;
}

async function start(own: World, port = 0): Promise<Server> {
  const { child, answer, said } = own.begin(
    ...['start', '--json', '--port', String(port), '--health-port', '0', '--threads', '1', '--grace', '5'],
  );
  let text = '';
  child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await said('"url"');
  const { url } = JSON.parse(text) as { url: string };
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      return (await answer).code;
    },
  };
}

/** A workflow of one call that is not tried again. */
async function deploy(own: World, { url }: Server, body: string): Promise<void> {
  oneCall(own, body);
  const loaded = loadDefinition(
    'workflow: /test/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n    retry:\n      retries: 0\n',
    'test.yaml',
  );
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  await createClient({ urls: [url] }).deploy(loaded.definition, { baseFolder: own.folder });
}

/** Until a command's standard output is what is wanted. */
async function until(own: World, wanted: RegExp, ...args: string[]): Promise<string> {
  for (;;) {
    const { stdout } = await own.millrace(...args);
    if (wanted.test(stdout)) return stdout;
  }
}

test.concurrent('submit, list, show, audit and operations; then the folder says the same', async context => {
  const own = world(context);
  const server = await start(own);
  await deploy(own, server, `if (variables.n === 7) throw new Error('no luck with 7'); return { n: variables.n };`);
  const at = ['--url', server.url];

  own.file('inputs.json', JSON.stringify(Array.from({ length: 1_200 }, (_, n) => ({ n }))));
  const many = await own.millrace(
    'submit',
    'inputs.json',
    '-w',
    '/test/flow',
    '--instance-key',
    'acme',
    '--ids',
    ...at,
  );
  const ids = many.stdout.trim().split('\n');
  expect({ code: many.code, ids: new Set(ids).size }).toEqual({ code: 0, ids: 1_200 });
  expect(many.stderr).toMatch(/^submitted 1,200 instances in [\d.]+ s \([\d,]+ a second\)\n$/m);
  const fed = await own.feed(
    '{"workflow":"/test/flow","name":"mine"}\n\n{"workflow":"/test/flow"}\n',
    'submit',
    '-',
    ...at,
  );
  expect(fed).toMatchObject({ code: 0, stderr: '' });
  expect(fed.stdout).toMatch(/^submitted 2 instances in /);

  const counts = await until(own, /"finished","instances":1201/, 'list', '--json', ...at);
  const show = await own.millrace('show', ids[7]!, '--json', ...at);
  expect(JSON.parse(show.stdout)).toMatchObject({
    instance: ids[7],
    state: 'failed',
    key: 'acme',
    error: { message: 'no luck with 7' },
  });
  const shown = await own.millrace('show', ids[7]!, ...at);
  expect(shown.stdout).toMatch(/^error +\{.*no luck with 7/m);
  expect(shown.stdout).toMatch(/ ExitingActionOnError +act +1 /);
  expect(shown.stderr).toContain(`millrace recover ${ids[7]} --url ${server.url}\n`);
  const table = await own.millrace('list', '/test/', ...at);
  expect(table.stdout).toMatch(
    /^workflow +ready +paused +failed +finished +removed\n\/test\/flow +0 +0 +1 +1,201 +0\n$/,
  );
  expect(await own.millrace('list', '/other/', ...at)).toMatchObject({
    code: 0,
    stderr: `no instances below or of /other/ on ${server.url}\n`,
  });
  const audit = await own.millrace('audit', '--json', '--instance', 'mine', ...at);
  const last = await own.millrace('audit', '--json', '--limit', '3', '--event', 'ExitingAction', ...at);
  const all = await own.millrace('audit', '--json', '--event', 'ExitingAction', ...at);
  expect(lines(all.stdout)).toHaveLength(1_201);
  expect(lines(last.stdout)).toEqual(lines(all.stdout).slice(-3));

  const runs = ['runs', '/test/flow', '--state', 'ended', '--limit', '2000', '--json'];
  const history = (await own.millrace(...runs, ...at)).stdout;
  expect(JSON.parse(history)).toHaveLength(1_201);
  const averages = (await own.millrace('runs', '--averages', '--json', ...at)).stdout;
  expect(JSON.parse(averages)).toMatchObject([{ count: 1_201 }, { action: 'act', count: 1_201 }]);
  expect(JSON.parse((await own.millrace('runs', ids[7]!, '--actions', '--json', ...at)).stdout)).toMatchObject([
    { action: 'act', exit: 'error' },
  ]);

  expect(await own.millrace('recover', ids[7]!, ...at)).toMatchObject({
    code: 0,
    stdout: `recovered 1 flow context of ${ids[7]} (1 row)\n`,
    stderr: '',
  });
  expect((await own.millrace('pause', '/nobody/', ...at)).stderr).toBe(
    `what is there: millrace list --url ${server.url}\n`,
  );
  await until(own, /"failed"/, 'list', '--json', ...at);

  const published = await own.millrace('publish', '/test/orders', '{"n":1}', '--priority', '2', ...at);
  expect(published).toMatchObject({ code: 0, stdout: 'published to /test/orders\n' });
  expect(await own.millrace('publish', '/test/orders', '1', '--style', 'topic', ...at)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('PUBLISHER_STYLE'),
  });

  expect(await server.stop()).toBe(0);
  expect(JSON.parse((await own.millrace('list', '--json')).stdout)).toEqual(JSON.parse(counts));
  expect((await own.millrace('audit', '--json', '--instance', 'mine')).stdout).toBe(audit.stdout);
  expect((await own.millrace(...runs)).stdout).toBe(history);
  expect((await own.millrace('runs', '--averages', '--json')).stdout).toBe(averages);
});

test.concurrent('audit --follow: what was, what is, over a restart of the server; each event once', async context => {
  const own = world(context);
  let server = await start(own);
  await deploy(own, server, 'return 1;');
  own.file('one.ndjson', '{"workflow":"/test/flow"}\n');
  const at = ['--url', server.url];
  await own.millrace('submit', 'one.ndjson', ...at);
  await until(own, /finished/, 'list', '--json', ...at);
  const wanted = ['--workflow', '/test/', '--event', 'FlowChartRemoved'];
  const follower = own.begin('audit', '--follow', '--json', '--limit', '5', ...wanted, ...at);
  let text = '';
  follower.child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await follower.said('"event"');
  const fresh = own.begin('audit', '--follow', ...wanted, ...at);
  await fresh.said('following');
  const { port } = new URL(server.url);
  await server.stop();
  server = await start(own, Number(port));
  const second = await own.millrace('submit', 'one.ndjson', '--ids', ...at);
  await fresh.said(second.stdout.trim());
  await follower.said(second.stdout.trim());
  follower.child.kill('SIGTERM');
  fresh.child.kill('SIGTERM');
  expect((await fresh.answer).stdout).toMatch(/^\S+ {2}FlowChartRemoved +\/test\/flow +\S+ .*\n$/);
  await follower.answer;
  const { stdout } = await own.millrace('audit', '--json', ...wanted, ...at);
  expect(text).toBe(stdout);
  expect(lines(text)).toHaveLength(2);
  await server.stop();
});

test.concurrent('refused: the record is named, what stood before is told, the key goes on', async context => {
  const own = world(context);
  const server = await start(own);
  await deploy(own, server, 'return 1;');
  const at = ['--url', server.url];
  const records = Array.from({ length: 3_000 }, (_, n) => ({ workflow: n === 2_600 ? '/no/such' : '/test/flow' }));
  const write = (): void => void own.file('many.ndjson', records.map(record => JSON.stringify(record)).join('\n'));
  write();
  const refused = await own.millrace('submit', 'many.ndjson', '-q', ...at);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(
    /^WORKFLOW_UNKNOWN: record 2600: no workflow is named "\/no\/such".*\nsubmitted 2,500 /,
  );
  const [, key] = /--key (\S+)/.exec(refused.stderr)!;
  records[2_600] = { workflow: '/test/flow' };
  write();
  const again = await own.millrace('submit', 'many.ndjson', '--json', '--key', key!, ...at);
  expect(JSON.parse(again.stdout)).toEqual({ instances: 3_000, seconds: expect.any(Number) });
  await until(own, /"finished","instances":3000/, 'list', '--json', ...at);

  own.file('broken.ndjson', '{"workflow":"/test/flow"}\n{"workflow"\n');
  expect(await own.millrace('submit', 'broken.ndjson', ...at)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^broken\.ndjson:2:\d+ record 1: is not JSON/),
  });
  const piped = await own.feed('{"workflow":"/test/flow"}\n{"workflow"\n', 'submit', '-', ...at);
  expect(piped).toMatchObject({ code: 2, stdout: '' });
  expect(piped.stderr).toMatch(/^standard input:2:\d+ record 1: is not JSON.*\nsubmitted 1 instance before\n$/);
  expect(await own.millrace('show', 'nobody', ...at)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^INSTANCE_UNKNOWN: .*\n$/),
  });
  expect(await own.millrace('audit', '--sql', 'select 1', ...at)).toMatchObject({ code: 2 });
  expect(await own.millrace('list', '--data', 'x', ...at)).toMatchObject({
    code: 2,
    stderr: '--data and --url: name a folder or a server, not both\n',
  });
  expect((await own.millrace('audit', '--follow')).stderr).toMatch(/^--follow: is for a running server/);
  await server.stop();
});

test.concurrent('interrupted: what was read has been submitted', async context => {
  const own = world(context);
  const server = await start(own);
  await deploy(own, server, 'return 1;');
  const { child, answer } = own.begin('submit', '-', '-w', '/test/flow', '--url', server.url);
  child.stdin!.write('{"n":1}\n{"n":2}\n{"n');
  await until(own, /"instances":2/, 'list', '--json', '--url', server.url);
  child.kill('SIGINT');
  expect(await answer).toEqual({ code: 130, stdout: '', stderr: 'submitted 2 instances before\n' });
  await server.stop();
});

test.concurrent('no server, or another one: the url, exit code 2, at once; one that fails: exit code 1', async context => {
  const own = world(context);
  own.file('one.ndjson', '{"workflow":"/test/flow"}\n');
  let status = 200;
  const other = createServer((_, response) => {
    if (status === 0) response.destroy();
    else response.writeHead(status, { 'content-type': 'text/html' }).end('<html>');
  });
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', () => resolve()));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect(await own.millrace('list', '--url', url)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^ANSWER_INVALID: http:\S+ answered 200 with what is none of Millrace\n$/),
  });
  status = 0;
  expect(await own.millrace('pause', '/a/', '--url', url)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^CONNECTION_LOST: the connection to http:\S+ was lost .*\n$/),
  });
  await new Promise(resolve => other.close(resolve));
  for (const args of [
    ['submit', 'one.ndjson'],
    ['list'],
    ['show', 'x'],
    ['audit'],
    ['audit', '--follow'],
    ['remove', '/'],
  ]) {
    const { code, stdout, stderr } = await own.millrace(...args, '--url', url);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^UNREACHABLE: no server answers at http:\S+ \(ECONNREFUSED\)\n\(is one running\?/);
    expect(stderr).toContain(url);
  }
  expect(await own.millrace('list', '--url', 'localhost:7433')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('OPTION_INVALID: urls: "localhost:7433"'),
  });
});
