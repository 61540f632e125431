// `millrace runs`: the history of runs, in a folder and on a server.

import { expect, test, vi } from 'vitest';
import { duration } from '../../src/cli/runs.js';
import { world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

const flow = JSON.stringify({
  name: '/demo/waits',
  actions: [
    { name: 'first', type: 'null' },
    { name: 'wait', type: 'delay', delay: '+10ms' },
  ],
  flows: [{ from: 'first', to: 'wait' }],
});

test('runs, averages and actions of a folder as tables and as JSON; cleared, and bad options', async context => {
  const own = world(context);
  own.file('flow.json', flow);
  expect((await own.millrace('run', 'flow.json', '--count', '3', '--quiet')).code).toBe(0);
  const { stdout, stderr } = await own.millrace('runs', '/demo/', '--limit', '2');
  expect(stdout).toMatch(/^started +workflow +instance +state +took +on average\n/);
  const ms = String.raw`[\d.]+ m?s`;
  expect(stdout.match(new RegExp(`^\\S+Z +/demo/waits +[0-9a-f-]{36} +ended +${ms} +${ms}$`, 'gm'))).toHaveLength(2);
  expect(stderr).toBe('the first 2; --limit NUMBER shows more\n');
  const runs = JSON.parse((await own.millrace('runs', '--json')).stdout) as { instance: string; averageMs: number }[];
  expect(runs).toHaveLength(3);
  const averages = await own.millrace('runs', '/demo/waits', '--averages');
  expect(averages.stdout).toMatch(
    /^workflow +action +count +premature +took +waited\n\S+ +\(run\) +3 +0 +[\d.]+ m?s\n\S+ +first +3 .*\n\S+ +wait +3 /,
  );
  const actions = await own.millrace('runs', runs[0]!.instance, '--actions', '--json');
  expect((JSON.parse(actions.stdout) as { action: string }[]).map(({ action }) => action)).toEqual(['first', 'wait']);
  expect((await own.millrace('runs', '/demo/', '--clear')).stdout).toBe('cleared 3 runs of /demo/\n');
  expect(await own.millrace('runs')).toMatchObject({ code: 0, stdout: '', stderr: 'nothing in the history\n' });
  for (const [option, fault] of [
    [['--limit', '0'], /^--limit 0: is a whole number from 1 to 10,000/],
    [['--averages', '--clear'], /^--averages, --actions, --clear, --state: choose one/],
  ] as const) {
    expect(await own.millrace('runs', ...option)).toMatchObject({ code: 2, stderr: expect.stringMatching(fault) });
  }
});

test.each([
  [null, ''],
  [-1, ''],
  [0, '0 ms'],
  [999, '999 ms'],
  [1_950, '1.9 s'],
  [59_999, '59.9 s'],
  [60_000, '1 min 00 s'],
  [3_599_999, '59 min 59 s'],
  [3_600_000, '1 h 00 min'],
  [172_800_000, '2 d 00 h'],
])('%s ms are "%s"', (ms, text) => expect(duration(ms)).toBe(text));
