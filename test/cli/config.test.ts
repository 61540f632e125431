// `millrace config`, on a folder and on a running server: the same words.

import { expect, test, vi } from 'vitest';
import { world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

test.concurrent('show, set, unset on a folder, over a file; --dry-run changes nothing', async context => {
  const own = world(context);
  own.file('runtime.properties', '# ours\n/imports/PRIORITY=5\n');
  const config = (...args: string[]) => own.millrace('config', ...args);
  const withFile = ['--runtime-config', 'runtime.properties'];
  expect(await config('set', '/', 'X', '1', '--dry-run')).toMatchObject({ code: 2 });
  await config('set', '/', 'HOST', 'a.example.com');
  expect(await config('set', '/imports', 'priority', '7', '--dry-run', ...withFile)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^would be \/imports\/PRIORITY: 7 \(\/imports\/ by .+, \S+Z, over "5" in \/\S+runtime\.properties:2\), before: "5" \(\/imports\/ in \/\S+:2\)\n$/,
    ),
  });
  expect(await config('set', '/imports', 'priority', '7')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\/imports\/PRIORITY: 7 \(\/imports\/ by .+Z\), before: 10 \(default\)\n$/),
  });
  // `show` is what is meant by nothing.
  const { stdout, stderr } = await config(...withFile);
  expect([stdout.split('\n').map(line => line.split(/ {2,}/).slice(0, 3)), stderr]).toEqual([
    [['branch', 'property', 'value'], ['/', 'HOST', '"a.example.com"'], ['/imports/', 'PRIORITY', '7'], ['']],
    '',
  ]);
  expect((await config('show', '/imports/nightly', 'Host')).stdout).toMatch(
    /^branch.*\n\/ +HOST +"a.example.com" +\/ by /,
  );
  const shown = JSON.parse((await config('show', '/imports', 'PRIORITY', '--json', ...withFile)).stdout);
  expect(shown).toMatchObject({
    version: 2,
    properties: [{ value: 7, source: 'operation', covered: { value: '5', line: 2 } }],
  });
  const unset = JSON.parse((await config('unset', '/imports', 'PRIORITY', '--json', ...withFile)).stdout);
  expect(unset).toMatchObject({ version: 3, before: { value: 7 }, now: { value: '5', source: 'file', line: 2 } });
});

test.concurrent('the same on a running server; what is refused is told with its place', async context => {
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
  const config = (...args: string[]) => own.millrace('config', ...args, '--url', url);
  expect((await config('set', '/a', 'PRIORITY', '3')).stdout).toMatch(/^\/a\/PRIORITY: 3 \(\/a\/ by /);
  expect((await config('show', '/a/b', 'PRIORITY')).stdout).toMatch(/\n\/a\/ +PRIORITY +3 +\/a\/ by /);
  expect((await config('unset', '/a/', 'PRIORITY', '--dry-run')).stdout).toMatch(
    /^would be \/a\/PRIORITY: 10 \(default\)/,
  );
  expect((await config('unset', '/a/', 'PRIORITY')).stdout).toMatch(/^\/a\/PRIORITY: 10 \(default\), before: 3 /);
  expect(await config('set', '/a', 'KONCURRENCY_THROTTLE', '3')).toMatchObject({
    code: 0,
    stderr: '(KONCURRENCY_THROTTLE is a variable; did you mean CONCURRENCY_THROTTLE?)\n',
  });
  for (const [args, problem] of [
    [['set', '/a', 'PRIORITY', 'high'], /^SETTING_INVALID: \/a\/PRIORITY: found "high", .*\(VALUE_INVALID\)$/m],
    [['set', '/a', 'X', 'null'], /found null, accepted is any other JSON; .*\(VALUE_INVALID\)$/m],
    [['set', 'a', 'X', '1'], /^SETTING_INVALID: .*\(NAMESPACE_INVALID\)$/m],
    [['set', '/a', 'X', '{"a":'], /^value: is not JSON/],
    [['set', '/a', 'LISTENER_CLASSPATH', 'actions'], /\(PATH_INVALID\)$/m],
    [['show', '/a', '--runtime-config', 'x'], /^--runtime-config: is for a data folder/],
    [['set', '/a', 'X'], /missing required argument/],
  ] as const) {
    const { code, stdout, stderr } = await config(...args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    expect(stderr).toMatch(problem);
  }
  child.kill('SIGTERM');
  await answer;
});
