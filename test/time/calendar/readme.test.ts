// The README of calendars: its files are calendars, its fault is what a reader gets, and the bench's questions are answered.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runBusinessInterval } from '../../../bench/business-interval.js';
import { compiled, dateOf, faultsOf } from './compiled.js';

const readme = readFileSync(new URL('../../../src/time/calendar/README.md', import.meta.url), 'utf8');
const files = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);

test('its examples are calendars', async () => {
  expect(files).toHaveLength(3);
  const [office, outside, operations] = await Promise.all(files.map(text => compiled(text)));
  expect(dateOf(office!.nthBusinessDay(2026, 12, -1))).toBe('2026-12-31');
  expect(office!.nextEdge(Date.parse('2026-12-24T14:00Z'))).toBe(Date.parse('2026-12-24T17:00Z'));
  expect(outside!.nextEdge(Date.parse('2026-01-05T20:00Z'))).toBe(Date.parse('2026-01-07T08:30Z'));
  expect(operations!.nextEdge(Date.parse('2026-01-31T12:00Z'))).toBe(Date.parse('2026-01-31T17:00Z'));
});

test('every kind of set in its table is one', async () => {
  const rows = [...readme.matchAll(/^\| `([a-z]+: .*?)` \|/gm)].map(([, text]) => text!);
  const sets = rows.filter(text => !/^(union|ical)/.test(text));
  expect(sets.map(text => text.split(':')[0])).toEqual(['days', 'dates', 'hours', 'range', 'holidays']);
  for (const text of sets) {
    expect(await faultsOf(`calendar: c\nrules: [{ include: { ${text} } }]`), text).toEqual([]);
  }
});

test('its fault is what a reader gets', async () => {
  const [line] = /^office\.yaml:.*$/m.exec(readme)!;
  const [fault] = await faultsOf(files[0]!.replace('08:30-16:15', '16:15-08:30').replace(/ +#.*/g, ''));
  expect(fault!.replace(/^calendar.yaml:\d+:\d+/, '')).toBe(line.replace(/^office.yaml:\d+:\d+/, ''));
});

test('the bench asks what it says', async () => {
  const figures = await runBusinessInterval(1);
  expect(figures.map(({ name }) => name)).toEqual([
    'first question of a year',
    'is it in',
    'next edge',
    'previous edge',
    'is it a business day',
    'n-th business day',
    'last business day',
  ]);
  for (const { ns } of figures) expect(ns).toBeGreaterThan(0);
});
