// Writes the tables of src/audit/README.md from the catalogue of events and the words of src/audit/event-data.ts. What stands
// above the mark is written by hand and stays. `npm run docs`; a test fails when the file is out of date.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventData } from '../src/audit/event-data.js';
import { auditEvents, type EventFamily } from '../src/workflow/events.js';
import { recommendedFilter } from '../src/workflow/filter.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const isCompiled = path.basename(path.dirname(here)) === 'dist';
export const eventReferenceFile = path.join(here, isCompiled ? '../..' : '..', 'src', 'audit', 'README.md');

const mark = '<!-- From here on generated from event-data.ts and workflow/events.ts: npm run docs -->';

const titles: { readonly [family in EventFamily]: string } = {
  server: 'Of what runs (`server`)',
  client: 'Of calls (`client`)',
  status: 'Of the engine (`status`)',
};

/** The whole file, up to date. */
export function eventReference(before: string): string {
  const end = before.indexOf(mark);
  if (end < 0) throw new Error(`${eventReferenceFile} has lost its mark: ${mark}`);
  const tables = (['server', 'client', 'status'] as const).map(family => `## ${titles[family]}\n\n${table(family)}`);
  return `${before.slice(0, end)}${mark}\n\n${tables.join('\n')}`;
}

function table(family: EventFamily): string {
  const rows = auditEvents
    .filter(event => event.family === family)
    .map(({ name, shortName, consoleName, description }) => {
      const { message, data } = eventData[shortName];
      const isRecommended = recommendedFilter.includes(name) ? 'yes' : 'no';
      return `| \`${shortName}\` | ${consoleName ?? '–'} | ${description} | ${message ?? '–'} | ${data ?? '–'} | ${isRecommended} |\n`;
    });
  return `| event | in the console | recorded when | message | data | in the recommended filter |\n|---|---|---|---|---|---|\n${rows.join('')}`;
}

if (isCompiled) writeFileSync(eventReferenceFile, eventReference(readFileSync(eventReferenceFile, 'utf8')));
