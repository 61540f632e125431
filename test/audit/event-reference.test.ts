// src/audit/README.md says of each event what the catalogue and its words say.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventReference, eventReferenceFile } from '../../scripts/build-event-reference.js';
import { auditEvents } from '../../src/workflow/events.js';

test('the table of events is up to date (npm run docs), and has each event once', () => {
  const file = readFileSync(eventReferenceFile, 'utf8');
  expect(eventReference(file)).toBe(file);
  expect(() => eventReference('# no mark')).toThrow('has lost its mark');
  const rows = [...file.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect([...rows].sort()).toEqual(auditEvents.map(({ shortName }) => shortName as string).sort());
});
