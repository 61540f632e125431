// What was set in the runtime configuration, and answered, outlives the engine that was killed right behind it.

import { expect, test } from 'vitest';
import { child, freshFolder, open } from './setup.js';

test('SIGKILL behind a set: the last answered one holds, or the one behind it, with its record in the audit', async () => {
  const folder = freshFolder();
  const killed = child('settings.mjs', [folder, '3']);
  await killed.exited;
  expect(killed.lines).toEqual(['set 1', 'set 2', 'set 3']);
  const { engine } = await open(folder);
  const { version, properties } = await engine.configuration.show({ branch: '/killed/flow', property: 'N' });
  expect([3, 4]).toContain(version);
  expect(properties).toMatchObject([{ property: 'N', value: version, branch: '/killed/', by: 'ann', version }]);
  const [recorded] = await engine.query(
    `select count(*), max(message) from millrace_audit_event
     where short_name = 'EnteringCall' and message like 'setConfiguration: %'`,
  );
  expect(recorded).toEqual([String(version), expect.stringContaining(`/killed/N = ${version}, before`)]);
});
