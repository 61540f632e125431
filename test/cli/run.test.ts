// `millrace run`: one instance, many, and what is said of those that fail or are interrupted.

import { expect, test, vi } from 'vitest';
import { examples, lines, oneCall, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

test.concurrent('one instance: its result is on standard output, the rest on standard error', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return { twice: variables.n * 2 };');
  const { code, stdout, stderr } = await own.millrace('run', flow, '--input', '{"n": 21}');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '{"twice":42}\n' });
  expect(stderr).toMatch(/^finished in [\d.]+ s: \/test\/flow\/[0-9a-f-]{36}\n$/);
  expect(await own.counts()).toEqual({ '/test/flow finished': 1 });
});

test.concurrent('scripts run when they are asked for, and fail by name otherwise', async context => {
  const own = world(context);
  const script = 'type: script\n    script: flowContext.get("n") * 2\n    retry: { retries: 0 }\n';
  const flow = own.file('flow.yaml', `workflow: /test/flow\nactions:\n  double:\n    ${script}`);
  const run = (...more: string[]) => own.millrace('run', flow, '--input', '{"n": 21}', '--data', 'memory', ...more);
  expect(await run('--scripts')).toMatchObject({ code: 0, stdout: '42\n' });
  const { code, stderr } = await run();
  expect(code).toBe(1);
  expect(stderr).toContain('ScriptsDisabled');
});

test.concurrent('a result that is nothing prints nothing; --quiet is quiet', async context => {
  const own = world(context);
  const { code, stdout, stderr } = await own.millrace('run', `${examples}hello.yaml`, '--data', 'memory', '--quiet');
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Hello from Millrace\ndone\n', stderr: '' });
  expect(own.exists('memory')).toBe(false);
});

test.concurrent('--json prints one object; what actions print goes to standard error', async context => {
  const own = world(context);
  const { code, stdout, stderr } = await own.millrace('run', `${examples}hello.yaml`, '--json', '--data', 'memory');
  expect(code).toBe(0);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  expect(Object.keys(answer).slice(0, 4)).toEqual(['state', 'result', 'instances', 'seconds']);
  expect(answer).toMatchObject({
    state: 'finished',
    result: null,
    instances: 1,
    workflow: '/examples/hello',
    version: 1,
  });
  expect(answer.seconds).toBeTypeOf('number');
  expect(stderr).toContain('Hello from Millrace\ndone\n');
});

test.concurrent('a list is one instance an element, repeated in turn up to --count', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return variables.n;');
  own.file('records.json', '[{"n": 1},\n {"n": 2},\n {"n": 3}]');
  const { code, stdout } = await own.millrace('run', flow, '--input', '@records.json', '--count', '1000');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\/test\/flow \(version 1\)\n {2}instances +1,000\n {2}finished +1,000\n {2}failed +0\n/);
  for (const row of ['seconds', 'instances a second', 'p50, p99 ms', 'bytes on disk'])
    expect(stdout).toContain(`  ${row} `);
  // A life is 7 events here; and 3 for each submit call, of at most 500.
  expect(stdout).toMatch(/events audited +7,00[6-9]\n/);
  expect(stdout).toContain(`${own.folder}/millrace-data\n`);

  const sums = await own.millrace(
    'audit',
    '--json',
    '--sql',
    'select result::text as n, count(*) from millrace_history group by 1 order by 1',
  );
  expect(lines(sums.stdout)).toEqual([
    { n: '1', count: 334 },
    { n: '2', count: 333 },
    { n: '3', count: 333 },
  ]);
});

test.concurrent('standard input: NDJSON is one instance a line; --json tells of many', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return variables.n;');
  const answer = await own.feed('{"n":1}\n{"n":2}\n', 'run', flow, '--input', '-', '--json', '--data', 'memory');
  expect(answer.code).toBe(0);
  expect(JSON.parse(answer.stdout)).toMatchObject({
    state: 'finished',
    result: null,
    instances: 2,
    finished: 2,
    failed: 0,
  });
});

test.concurrent('FAILED: exit 1 and how to look at it; mended and recovered, --count 0 brings it to its end', async context => {
  const own = world(context);
  const flow = oneCall(
    own,
    `throw new Error('no luck with ' + variables.n);`,
    '    retry: { retries: 1, delayMs: 1500 }\n',
  );
  const failed = await own.millrace('run', flow, '--input', '{"n":7}');
  expect(failed.code).toBe(1);
  expect(failed.stdout).toBe('');
  expect(failed.stderr).toContain('attempt 1 of "act" failed: no luck with 7; waiting to retry');
  expect(failed.stderr).toContain('FAILED at action "act": no luck with 7; look at it with\n  millrace show ');
  const id = /millrace show (\S+)/.exec(failed.stderr)![1]!;

  const shown = await own.millrace('show', id);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^state +failed$/m);
  expect(shown.stdout).toContain('ExitingActionOnError');
  expect(shown.stderr).toContain(`millrace recover ${id}`);

  oneCall(own, 'return 8;');
  const mapped = ['--onto', '1', '--map', 'other=act'];
  expect(await own.millrace('recover', id, ...mapped)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('ACTION_UNKNOWN: map: no action is named "other" in any version'),
  });
  const recovered = await own.millrace('recover', id, '--onto', '1', '--map', 'act=act', '--json');
  expect(JSON.parse(recovered.stdout)).toEqual({ operation: 'recover', target: id, contexts: 1, segments: 1 });
  const { code, stdout } = await own.millrace('run', flow, '--count', '0');
  expect(code).toBe(0);
  expect(stdout).toMatch(/finished +1\n/);
  expect(JSON.parse((await own.millrace('show', id, '--json')).stdout)).toMatchObject({ state: 'finished', result: 8 });
});

test.concurrent('some of many fail: the others finish, exit 1', async context => {
  const own = world(context);
  const flow = oneCall(own, `if (variables.n === 2) throw new Error('two');`, '    retry: { retries: 0 }\n');
  const { code, stdout, stderr } = await own.millrace('run', flow, '--input', '[{"n":1},{"n":2},{"n":3}]');
  expect(code).toBe(1);
  expect(stdout).toMatch(/finished +2\n {2}failed +1\n/);
  expect(stderr).toMatch(/1 instance FAILED; look at them with\n {2}millrace show [0-9a-f-]{36}\n/);
});

test.concurrent('interrupted: what is left stays ready, and the next run goes on with it', async context => {
  const own = world(context);
  const flow = oneCall(
    own,
    `await new Promise(resolve => setTimeout(resolve, variables.ms)); console.log('acted'); return 1;`,
  );
  own.file('records.ndjson', `{"ms":300}\n${'{"ms":3000}\n'.repeat(400)}`);
  const run = own.begin('run', flow, '--input', '@records.ndjson', '--threads', '1');
  await run.said('acted');
  run.child.kill('SIGTERM');
  const { code, stderr, stdout } = await run.answer;
  expect(code).toBe(143);
  const left = Number(/interrupted; (\d+) instances stay ready in millrace-data/.exec(stderr)![1]);
  const finished = Number(/finished +(\d+)/.exec(stdout)![1]);
  expect(left).toBeGreaterThan(0);
  expect(finished + left).toBe(401);
  expect(await own.counts()).toEqual({ '/test/flow finished': finished, '/test/flow ready': left });

  oneCall(own, 'return 2;');
  const next = await own.millrace('run', flow, '--count', '0', '--json');
  expect(next.code).toBe(0);
  expect(JSON.parse(next.stdout)).toMatchObject({ state: 'finished', finished: left });
  expect(await own.counts()).toEqual({ '/test/flow finished': 401 });
});
