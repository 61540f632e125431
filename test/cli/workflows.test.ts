// `millrace workflows` and `millrace export`, on a folder and on a running server: the same words.

import { expect, test, vi } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { oneCall, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

test.concurrent('put, list, show, copy on a folder; nothing runs', async context => {
  const own = world(context);
  oneCall(own, 'return 1;');
  expect(await own.millrace('workflows', 'put', 'flow.yaml')).toEqual({
    code: 0,
    stdout: 'stored /test/flow, version 1\n',
    stderr: '',
  });
  // What it prints can be put again, and is the same version.
  const shown = await own.millrace('workflows', 'show', '/test/flow');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^# version 1, stored \S+Z; modules in \S+\nworkflow: \/test\/flow\n/);
  own.file('again.yaml', shown.stdout);
  expect((await own.millrace('workflows', 'put', 'again.yaml', '--json')).stdout).toBe(
    '{"name":"/test/flow","version":1}\n',
  );
  own.file('again.yaml', `${shown.stdout}priority: 3\n`);
  expect((await own.millrace('workflows', 'put', 'again.yaml')).stdout).toBe('stored /test/flow, version 2\n');
  const copied = await own.millrace('workflows', 'copy', '/test/flow', '/other/flow', '--workflow-version', '1');
  expect(copied).toMatchObject({ code: 0, stdout: 'stored /other/flow, version 1\n' });
  const listed = await own.millrace('workflows', 'list');
  expect(listed.stdout).toMatch(/^workflow +version +stored\n\/test\/flow +2 +\S+Z\n\/other\/flow +1 +\S+Z\n$/);
  const versions = JSON.parse((await own.millrace('workflows', 'list', '/test/flow', '--json')).stdout);
  expect(versions).toEqual([2, 1].map(version => ({ name: '/test/flow', version, createdAtMs: expect.any(Number) })));
  expect(await own.millrace('workflows', 'list', '/none/')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'no workflows below /none/ in millrace-data\n',
  });
  expect(await own.millrace('list')).toMatchObject({ stdout: '', stderr: 'no instances in millrace-data\n' });
});

test.concurrent('workflows: what is refused leaves no folder behind', async context => {
  const own = world(context);
  oneCall(own, 'return 1;', '    next: nowhere\n');
  for (const [args, said] of [
    [['put', 'flow.yaml'], /^flow\.yaml:7:11 actions\.act\.next: .*FLOW_TARGET_UNKNOWN/],
    [['put', 'none.yaml'], /none\.yaml: .*there is no such file/],
    [['put', 'flow.yaml', '--base-folder', 'here'], /^--base-folder here: is no absolute path/],
    [['list'], /^--data millrace-data: holds no store/],
    [['show', '/test/flow', '--workflow-version', '0'], /A version is a whole number from 1/],
  ] as const) {
    const { code, stdout, stderr } = await own.millrace('workflows', ...args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  }
  expect(own.exists('millrace-data')).toBe(false);
  await own.millrace('workflows', 'put', oneCall(own, 'return 1;'));
  for (const [args, said] of [
    [['show', '/test/none'], /^WORKFLOW_UNKNOWN: no workflow is named "\/test\/none"/],
    [['show', '/test/flow', '--workflow-version', '2'], /^WORKFLOW_UNKNOWN: workflow "\/test\/flow" has no version 2/],
    [['copy', '/test/flow', 'flow'], /^NAMESPACE_INVALID: /],
  ] as const) {
    expect(await own.millrace('workflows', ...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
  }
});

test.concurrent('the same on a running server; a version is submitted; an instance is exported', async context => {
  const own = world(context);
  const { child, said, answer } = own.begin(
    ...['start', '--json', '--port', '0', '--health-port', '0', '--threads', '1', '--grace', '5'],
  );
  let text = '';
  child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await said('"url"');
  const { url } = JSON.parse(text) as { url: string };
  const at = ['--url', url];
  oneCall(own, 'return { version: 1, n: variables.n };');
  expect((await own.millrace('workflows', 'put', 'flow.yaml', ...at)).stdout).toBe('stored /test/flow, version 1\n');
  own.file('flow.yaml', 'workflow: /test/flow\nactions:\n  act:\n    type: null\n');
  expect((await own.millrace('workflows', 'put', 'flow.yaml', ...at)).stdout).toBe('stored /test/flow, version 2\n');
  await own.millrace('workflows', 'copy', '/test/flow', '/test/flow2', ...at);
  const listed = JSON.parse((await own.millrace('workflows', 'list', '--json', ...at)).stdout) as { name: string }[];
  expect(listed.map(({ name }) => name)).toEqual(['/test/flow', '/test/flow2']);
  const shown = await own.millrace('workflows', 'show', '/test/flow', '--workflow-version', '1', '--json', ...at);
  expect(JSON.parse(shown.stdout)).toMatchObject({ version: 1, baseFolder: own.folder });

  own.file('inputs.json', '[{"n":1}]');
  const submitted = await own.millrace(
    ...['submit', 'inputs.json', '-w', '/test/flow', '--workflow-version', '1', '--ids', '--quiet', ...at],
  );
  const id = submitted.stdout.trim();
  const { result } = await createClient({ urls: [url] }).result(id);
  expect(result).toEqual({ version: 1, n: 1 });
  expect(await own.millrace('submit', 'inputs.json', '--workflow-version', '1', ...at)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--workflow-version: is for --workflow/),
  });
  const exported = await own.millrace('export', id, ...at);
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  const snapshot = JSON.parse(exported.stdout);
  expect(snapshot).toMatchObject({
    format: 'millrace-snapshot',
    workflow: { name: '/test/flow', version: 1 },
    instance: { id, state: 'finished' },
    input: { n: 1 },
    contexts: [],
    result: { version: 1, n: 1 },
  });
  child.kill('SIGTERM');
  await answer;
  // The folder says the same.
  const later = await own.millrace('export', id, '--json');
  expect(JSON.parse(later.stdout)).toEqual({ ...snapshot, exportedAtMs: expect.any(Number) });
  expect(later.stdout.trimEnd()).not.toContain('\n');
  expect(await own.millrace('export', 'nobody')).toMatchObject({
    code: 2,
    stderr: 'INSTANCE_UNKNOWN: no instance is named "nobody"\n',
  });
});
