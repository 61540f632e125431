// The files that error handlers are read from: whatever lies there, the engine starts.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseRuntimeConfiguration } from '../../src/config/parse.js';
import { ErrorHandlers } from '../../src/engine/configuration/error-handlers.js';
import { systemClock } from '../../src/observe/clock.js';
import type { LogEvents } from '../../src/observe/log-events.js';
import { temporaryFolder } from './setup.js';

const folder = temporaryFolder();
const script = (text: string) => JSON.stringify({ workflow: '/h', actions: { a: { type: 'script', script: text } } });

/** What the log says of a handler's file, and whether it was stored. */
async function taken(file: string): Promise<{ told: string; stored: number }> {
  const told: string[] = [];
  let stored = 0;
  const handlers = new ErrorHandlers({
    definitions: {
      newestNumber: () => null,
      load: async () => undefined,
      put: async () => {
        stored += 1;
        return {} as never;
      },
    },
    log: { errorHandlerUnusable: ({ faults }: { faults: string[] }) => told.push(...faults) } as unknown as LogEvents,
    clock: systemClock,
  });
  const parsed = parseRuntimeConfiguration(`/DEFAULT_FLOW_CHART_ERROR_HANDLER=${file}`, {
    file: path.join(folder, 'runtime.properties'),
    folder,
    isWindows: false,
  });
  if (!parsed.ok) throw new Error(parsed.faults[0]!.message);
  await handlers.take(parsed.value);
  return { told: told.join('; '), stored };
}

test('a pipe that nobody writes to does not hold the engine up', async () => {
  execFileSync('mkfifo', [path.join(folder, 'pipe.yaml')]);
  expect(await taken('pipe.yaml')).toEqual({ told: 'is not an ordinary file', stored: 0 });
});

test('a file that is no text, or too large', async () => {
  writeFileSync(path.join(folder, 'bytes.yaml'), Buffer.of(0x61, 0xff));
  expect(await taken('bytes.yaml')).toMatchObject({ told: expect.stringMatching(/utf-8/), stored: 0 });
  writeFileSync(path.join(folder, 'large.json'), Buffer.alloc(5_000_000, 32));
  expect(await taken('large.json')).toMatchObject({ told: expect.stringMatching(/larger/), stored: 0 });
});

test('a script that is none is a fault, as in any definition that is stored', async () => {
  writeFileSync(path.join(folder, 'broken.json'), script('1 +'));
  expect(await taken('broken.json')).toMatchObject({ told: expect.stringMatching(/SCRIPT_INVALID/), stored: 0 });
  writeFileSync(path.join(folder, 'sound.json'), script('1 + 1'));
  expect(await taken('sound.json')).toEqual({ told: '', stored: 1 });
});

test('its calendars may lie in files beside it, and what is wrong with them is told', async () => {
  const handler = { workflow: '/h', actions: { a: { type: 'null' } }, calendars: [{ file: 'office.yaml' }] };
  writeFileSync(path.join(folder, 'calm.json'), JSON.stringify(handler));
  expect(await taken('calm.json')).toMatchObject({ told: expect.stringMatching(/office\.yaml/), stored: 0 });
  writeFileSync(path.join(folder, 'office.yaml'), 'calendar: office\nrules: [{ include: { days: mon-fri } }]\n');
  expect(await taken('calm.json')).toEqual({ told: '', stored: 1 });
  const unknown = { name: 'office', rules: [{ include: { holidays: { country: 'XX' } } }] };
  writeFileSync(path.join(folder, 'unknown.json'), JSON.stringify({ ...handler, calendars: [unknown] }));
  expect(await taken('unknown.json')).toMatchObject({ told: expect.stringMatching(/COUNTRY_UNKNOWN/), stored: 0 });
});
