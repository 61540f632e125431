// Looking at a stopped engine's folder, and operating on it.

import { expect, test, vi } from 'vitest';
import { lines, oneCall, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

interface Event {
  at: string;
  event: string;
  shortName: string;
  instance: string | null;
  action: string | null;
  message: string | null;
  data: unknown;
  seq: number;
}

test.concurrent('audit: filters, limits, JSON lines and SQL', async context => {
  const own = world(context);
  const flow = oneCall(own, `context.sendToAuditTrail('Counted', 'n is ' + variables.n); return { n: variables.n };`);
  await own.millrace('run', flow, '--input', '[{"n":1},{"n":2},{"n":3}]', '--quiet');

  const all = lines<Event>((await own.millrace('audit', '--json')).stdout);
  const byName = new Map<string, Event[]>();
  for (const event of all) byName.set(event.shortName, [...(byName.get(event.shortName) ?? []), event]);
  const calls = ['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall'];
  for (const name of calls) expect(byName.get(name)!.map(({ message }) => message)).toContain('submit of 3');
  const lived = [...byName].filter(([name]) => !calls.includes(name));
  expect(Object.fromEntries(lived.map(([name, events]) => [name, events.length]))).toEqual({
    StartingExecutionFlow: 3,
    EnteringAction: 3,
    ExecutingAction: 3,
    Counted: 3,
    ExitingAction: 3,
    FinishingExecutionFlow: 3,
    FinishingFlowChart: 3,
    FlowChartRemoved: 3,
  });
  expect(byName.get('ExitingAction')!.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);

  const instance = byName.get('StartingExecutionFlow')![1]!.instance!;
  const life = lines<Event>((await own.millrace('audit', '--instance', `/test/flow/${instance}`, '--json')).stdout);
  expect(life.map(({ shortName }) => shortName)).toEqual([
    'EnteringCall',
    'J2seTransactionCommitted',
    'ExitingCall',
    'StartingExecutionFlow',
    'EnteringAction',
    'ExecutingAction',
    'Counted',
    'ExitingAction',
    'FinishingExecutionFlow',
    'FinishingFlowChart',
    'FlowChartRemoved',
  ]);

  const last = await own.millrace(
    ...[
      'audit',
      '--json',
      '--limit',
      '2',
      '--workflow',
      '/test/',
      '--event',
      'flux.audittrail.server.EnteringActionEvent',
    ],
  );
  expect(lines(last.stdout)).toEqual(byName.get('EnteringAction')!.slice(-2));
  const later = await own.millrace('audit', '--since', '2999-01-01', '--event', 'EnteringActoin');
  expect(later).toEqual({ code: 0, stdout: '', stderr: 'no event found\n(did you mean --event EnteringAction?)\n' });

  const table = await own.millrace('audit', '--event', 'Counted');
  expect(table.stdout).toMatch(/^time +event +workflow +instance +action +attempt +message\n/);
  expect(table.stdout).toMatch(/ Counted +\/test\/flow +\S+ +act +1 +n is 3$/m);

  const counted = await own.millrace(
    'audit',
    '--sql',
    `select count(*) as n from millrace_history where state = 'finished';`,
  );
  expect(counted).toMatchObject({ code: 0, stdout: 'n\n3\n', stderr: '1 row\n' });
  const writing = 'with x as (delete from millrace_audit returning 1) select 1 from x';
  const refused = await own.millrace('audit', '--sql', writing);
  expect(refused).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^--sql: WITH clause .*\n$/) as string,
  });
});

test.concurrent('list and show; an instance nobody knows', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return { n: variables.n + 1 };');
  const { stderr } = await own.millrace('run', flow, '--input', '{"n":1}');
  const id = /\/test\/flow\/(\S+)/.exec(stderr)![1]!;

  const list = await own.millrace('list', '/test/');
  expect(list.stdout).toBe(
    'workflow    ready  paused  failed  finished  removed\n/test/flow      0       0       0         1        0\n',
  );
  const shown = await own.millrace('show', id);
  expect(shown.stdout).toMatch(/^workflow +\/test\/flow$/m);
  expect(shown.stdout).toMatch(/^result +{"n":2}$/m);
  expect(shown.stdout).toMatch(/^input +{"n":1}$/m);
  expect(shown.stdout).toMatch(/ FinishingFlowChart /);
  const { events, ...record } = JSON.parse((await own.millrace('show', `/test/flow/${id}`, '--json')).stdout) as {
    events: Event[];
  };
  expect(record).toMatchObject({ instance: id, state: 'finished', result: { n: 2 }, input: { n: 1 } });
  expect(events.at(-1)!.shortName).toBe('FlowChartRemoved');

  const unknown = await own.millrace('show', '01a1ff5f-3d3d-7000-9259-b21893d90000');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toMatch(/^INSTANCE_UNKNOWN: .*\n$/);
});

test.concurrent('show tells why an instance FAILED, also when nothing was audited', async context => {
  const own = world(context);
  oneCall(own, `throw Object.assign(new Error('no luck with ' + variables.n), { code: 'NoLuck' });`);
  let id = '';
  await own.engine(
    'workflow: /test/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n    retry: { retries: 0 }\n',
    async engine => {
      await engine.start();
      id = await engine.submit({ workflow: '/test/flow', input: { n: 7 } });
      await engine.result(id);
    },
    { auditFilter: [''] },
  );
  const { events, ...record } = JSON.parse((await own.millrace('show', id, '--json')).stdout) as { events: Event[] };
  const error = { code: 'NoLuck', message: 'no luck with 7', action: 'act', stack: expect.any(String) as string };
  expect(events).toEqual([]);
  expect(record).toMatchObject({ state: 'failed', error });
  const sql = `select error->>'message' as message from millrace_instances where state = 'failed'`;
  expect((await own.millrace('audit', '--sql', sql)).stdout).toBe('message\nno luck with 7\n');
});

test.concurrent('pause, resume and remove: an instance, a workflow, a branch, with the count they touched', async context => {
  const own = world(context);
  oneCall(own, 'return 1;');
  let first = '';
  await own.engine(
    'workflow: /test/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n',
    async engine => {
      const ids = await engine.submit(
        Array.from({ length: 1_200 }, (_, n) => ({ workflow: '/test/flow', input: { n } })),
      );
      first = ids[0]!;
    },
  );
  expect((await own.millrace('pause', first)).stdout).toBe(`paused 1 flow context of ${first} (1 row)\n`);
  expect(await own.counts()).toEqual({ '/test/flow paused': 1, '/test/flow ready': 1_199 });
  const branch = await own.millrace('pause', '/test/', '--json');
  expect(JSON.parse(branch.stdout)).toEqual({ operation: 'pause', target: '/test/', contexts: 1_199, segments: 3 });

  expect(await own.millrace('resume', '/test/flow')).toMatchObject({
    code: 0,
    stdout: 'resumed 1,200 flow contexts of /test/flow (4 rows)\n',
    // Where it takes long its progress is told first.
    stderr: expect.stringMatching(
      /^([\d,]+ flow contexts\n)*they go on when an engine starts on this folder, such as: millrace run FILE --count 0\n$/,
    ),
  });
  expect((await own.millrace('remove', '/test/')).stdout).toMatch(/^removed 1,200 flow contexts/);
  expect(await own.counts()).toEqual({ '/test/flow removed': 1_200 });
  expect((await own.millrace('pause', 'not-a-name')).stderr).toMatch(/^NAMESPACE_INVALID: .*\n$/);
});

test.concurrent('restart, from an action; a dry run changes nothing', async context => {
  const own = world(context);
  oneCall(own, 'return 1;');
  let id = '';
  await own.engine(
    'workflow: /test/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n',
    async engine => {
      id = await engine.submit({ workflow: '/test/flow' });
    },
  );
  const dry = await own.millrace('restart', '/test/', '--dry-run');
  expect(dry.stdout).toBe('restart would touch 1 flow context of 1 instance; nothing was changed\n');
  expect(await own.millrace('restart', id, '--from', 'act', '--workflow-version', '1', '--json')).toMatchObject({
    stdout: `{"operation":"restart","target":"${id}","contexts":1,"instances":1,"segments":1}\n`,
  });
});

test.concurrent('signal: raised and cleared where it is monitored, refused where it is not; a dry run changes nothing', async context => {
  const own = world(context);
  let id = '';
  await own.engine('workflow: /test/flow\nactions:\n  wait:\n    type: manual\n    monitor: [stop]\n', async engine => {
    id = await engine.submit({ workflow: '/test/flow' });
  });
  const signal = async (...args: string[]) => own.millrace('signal', '/test/flow', ...args);
  expect((await signal('stop', '--dry-run')).stdout).toBe(
    '"stop" would be raised in 1 instance of /test/flow, monitored by 1 flow context; nothing was changed\n',
  );
  expect(await signal('stop', '--clear')).toMatchObject({
    code: 0,
    stdout: 'cleared "stop" in 0 instances of /test/flow, monitored by 0 flow contexts\n',
    stderr: expect.stringMatching(/what is there: millrace list\n$/),
  });
  expect(await signal('halt')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/SIGNAL_UNKNOWN: no workflow that runs in \/test\/flow monitors a signal "halt"\n$/),
  });
  expect((await own.millrace('signal', id, 'stop', '--json')).stdout).toBe(
    `{"target":"${id}","signal":"stop","contexts":1,"instances":1}\n`,
  );
  expect(await own.counts()).toEqual({ '/test/flow finished': 1 });
});

test.concurrent('a folder that another process holds: its pid, at once, exit code 2', async context => {
  const own = world(context);
  const flow = oneCall(
    own,
    `const { existsSync } = await import('node:fs');
    console.log('acting');
    while (!existsSync('release')) await new Promise(resolve => setTimeout(resolve, 20));`,
  );
  const holder = own.begin('run', flow);
  await holder.said('acting');
  for (const args of [['list'], ['run', flow]]) {
    const { code, stdout, stderr } = await own.millrace(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^STORE_LOCKED: .* held by pid ${holder.child.pid}\\n$`));
  }
  own.file('release', '');
  expect((await holder.answer).code).toBe(0);
});
