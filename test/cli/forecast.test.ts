// `millrace forecast`, and calendars in files of their own.

import { expect, test, vi } from 'vitest';
import { world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

const flow = `
workflow: /books/close
calendars: [{ file: calendars/office.yaml }]
actions:
  month end: { type: timer, expression: 0 0 0 16 -1b, zone: UTC, calendar: office }
`;

const between = ['--from', '2031-01-01T00:00:00Z', '--to', '2031-03-01T00:00:00Z'];

test('a calendar in a file of its own is stored with the workflow, and its holidays are heeded', async context => {
  const own = world(context);
  own.file('flow.yaml', flow);
  expect(await own.millrace('workflows', 'put', 'flow.yaml')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/calendars\/office\.yaml: .*cannot be read/),
  });
  own.file('calendars/office.yaml', 'calendar: office\nrules: [{ include: { days: mon-fri, hours: [9-17] } }]\n');
  expect((await own.millrace('workflows', 'put', 'flow.yaml')).stderr).toMatch(
    /calendars\/office\.yaml:2:\d+ rules\[0\]\.include\.hours.*\(SPAN_INVALID\)/,
  );
  // 31 January 2031 is a Friday, and taken off.
  own.file(
    'calendars/office.yaml',
    'calendar: office\nzone: UTC\nrules:\n  - include: { days: mon-fri }\n  - exclude: { dates: [2031-01-31] }\n',
  );
  expect((await own.millrace('workflows', 'put', 'flow.yaml')).code).toBe(0);
  const { code, stdout } = await own.millrace('forecast', '/books/', ...between, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    firings: ['2031-01-30T16:00:00Z', '2031-02-28T16:00:00Z'].map(at => ({
      atMs: Date.parse(at),
      workflow: '/books/close',
      instance: null,
      action: 'month end',
    })),
    isCut: false,
  });
  expect((await own.millrace('forecast', '/books/close', ...between)).stdout).toMatch(
    /^at +workflow +timer +instance\n2031-01-30T16:00:00\.000Z +\/books\/close +month end +\(if submitted\)\n/,
  );
  expect(await own.millrace('forecast', '/none/', ...between)).toMatchObject({ code: 0, stderr: 'no firings\n' });
  expect(await own.millrace('forecast', '--from', 'today')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--from "?today"?: accepted is an instant such as/),
  });
});
