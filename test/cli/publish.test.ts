// millrace publish: into a folder that no engine holds, and what is refused. At a server: `server.test.ts`.

import { expect, test, vi } from 'vitest';
import { world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

test.concurrent('a message lies in the folder until a workflow takes it, with all that was said of it', async context => {
  const own = world(context);
  const first = await own.millrace('publish', '/orders/placed', '{"n": 1}', '--expires', '+1H');
  expect(first).toEqual({ code: 0, stdout: 'published to /orders/placed\n', stderr: '' });
  const urgent = await own.millrace(
    'publish',
    '/orders/placed',
    '[2, null]',
    '--priority',
    '1',
    '--style',
    'queue',
    '--json',
  );
  expect(urgent).toEqual({ code: 0, stdout: '{"publisher":"/orders/placed"}\n', stderr: '' });
  const other = await own.millrace('publish', '/orders/placed', '3', '--style', 'topic');
  expect(other).toMatchObject({ code: 2, stdout: '' });
  expect(other.stderr).toMatch(/^PUBLISHER_STYLE: [^\n]*\/orders\/placed\n$/);
  const file = own.file(
    'takes.yaml',
    'workflow: /orders/takes\nactions:\n  a: { type: message, publisher: /orders/placed }\n',
  );
  const { code, stdout } = await own.millrace('run', file, '--json');
  expect({ code, stdout: JSON.parse(stdout) }).toMatchObject({
    code: 0,
    stdout: { result: { data: [2, null], priority: 1, publisher: '/orders/placed' } },
  });
});

test.concurrent.for<[what: string, args: string[], said: RegExp]>([
  ['is no JSON', ['/a/b', '{n: 1}'], /^data: is not JSON: .* \(INPUT_INVALID\)\n$/],
  ['has a name of none', ['orders', '1'], /^NAMESPACE_INVALID: .*must begin with "\/"\n$/],
  [
    'is of no style there is',
    ['/a/b', '1', '--style', 'stack'],
    /^--style: accepted are queue and topic, found stack /,
  ],
  ['has no priority there is', ['/a/b', '1', '--priority', 'high'], /^INPUT_INVALID: priority: .* 1 to 10,000/],
])('a message that %s is refused', async ([, args, said], context) => {
  const own = world(context);
  const { code, stdout, stderr } = await own.millrace('publish', ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(said);
});
