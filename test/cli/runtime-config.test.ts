// --runtime-config: branches have priorities, and a file with faults is refused before anything is made.

import { expect, test, vi } from 'vitest';
import { oneCall, world } from './setup.js';

vi.setConfig({ testTimeout: 120_000 });

test.concurrent('a file with faults is refused with each of them, and no folder is made', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return 1;');
  own.file('runtime.properties', '/a/PRIORITY=0\n\n/b/X=1\n/b/x=2\n');
  own.file('runtime.yaml', '/a:\n  PRIORITY: high\n');
  const lines = (name: string, ...faults: string[]) => faults.map(fault => `${own.folder}/${name}:${fault}\n`).join('');
  const priority = 'accepted is a whole number from 1 (highest) to 10,000 (VALUE_INVALID)';
  const expected = lines(
    'runtime.properties',
    `1:13 /a/PRIORITY: found "0", ${priority}`,
    '4:1 /b/x: the branch "/b/" has X twice: first in line 3, again in line 4 (PROPERTY_DUPLICATE)',
  );
  for (const command of [
    ['run', flow],
    ['start', '--port', '0', '--health-port', '0'],
  ]) {
    const answer = await own.millrace(...command, '--runtime-config', 'runtime.properties');
    expect(answer, command[0]).toEqual({ code: 2, stdout: '', stderr: expected });
  }
  expect((await own.millrace('run', flow, '--runtime-config', 'runtime.yaml')).stderr).toBe(
    lines('runtime.yaml', `2:13 /a/PRIORITY: found "high", ${priority}`),
  );
  expect((await own.millrace('run', flow, '--runtime-config', 'none.yaml')).stderr).toBe(
    `${own.folder}/none.yaml: is not there (ENOENT) (FILE_INVALID)\n`,
  );
  const several = await own.millrace(
    ...['start', '--processes', '2', '--redis', `${own.folder}/none.sock`, '--port', '0', '--health-port', '0'],
    ...['--runtime-config', 'runtime.properties'],
  );
  expect(several.code).toBe(2);
  expect(several.stderr.split('\n').sort()).toEqual(`${expected}${expected}`.split('\n').sort());
  expect(own.exists('millrace-data')).toBe(false);
});

test.concurrent('run: what waits in the folder runs in the order of its branches', async context => {
  const own = world(context);
  own.file('actions.mjs', 'export async function act({ n }) { console.log("ran", n); }\n');
  const flow = (name: string): string =>
    own.file(
      `${name}.yaml`,
      `workflow: /${name}/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n`,
    );
  const definition = `workflow: /slow/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n`;
  const records = (workflow: string) => Array.from({ length: 3 }, () => ({ workflow, input: { n: workflow } }));
  await own.engine(definition, async engine => {
    await engine.deploy(
      {
        name: '/quick/flow',
        module: './actions.mjs',
        actions: [{ name: 'act', type: 'call', function: 'act' }],
        flows: [],
      },
      own.folder,
    );
    await engine.submit(records('/slow/flow'));
    await engine.submit(records('/quick/flow'));
  });
  own.file('runtime.yaml', 'PRIORITY: 50\n/quick:\n  PRIORITY: 2\n');
  const { code, stdout, stderr } = await own.millrace(
    ...['run', flow('other'), '--count', '0', '--threads', '1', '--quiet', '--runtime-config', 'runtime.yaml'],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.match(/^ran .*$/gm)).toEqual([
    ...Array<string>(3).fill('ran /quick/flow'),
    ...Array<string>(3).fill('ran /slow/flow'),
  ]);
});

test.concurrent('start takes the option, and ends as without it', async context => {
  const own = world(context);
  own.file('runtime.properties', '/a/PRIORITY=5\n');
  const run = own.begin(
    ...['start', '--port', '0', '--health-port', '0', '--threads', '1', '--data', 'memory'],
    ...['--runtime-config', 'runtime.properties'],
  );
  await run.said('millrace is ready');
  run.child.kill('SIGTERM');
  expect((await run.answer).code).toBe(0);
});

test.concurrent('verify and run: a call without a module has those of its branch', async context => {
  const own = world(context);
  own.file('modules/m.mjs', 'export const act = () => "of the branch";\n');
  own.file('runtime.properties', '/a/LISTENER_CLASSPATH=modules\n');
  const flow = (name: string): string =>
    own.file(`${name}.yaml`, `workflow: /${name}/flow\nactions:\n  act:\n    type: call\n    function: act\n`);
  const option = ['--runtime-config', 'runtime.properties'];
  const missing = /:3:3 actions\.act: a call needs a module: .* \(MODULE_MISSING\)\n$/;
  expect(await own.millrace('verify', flow('a'))).toMatchObject({ code: 2, stderr: expect.stringMatching(missing) });
  expect(await own.millrace('verify', flow('a'), ...option)).toMatchObject({ code: 0, stderr: '' });
  expect(await own.millrace('verify', flow('b'), ...option)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(missing),
  });
  const ran = await own.millrace(
    'run',
    flow('a'),
    '--data',
    'memory',
    '--threads',
    '1',
    '--quiet',
    '--json',
    ...option,
  );
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toContain('"of the branch"');
});
