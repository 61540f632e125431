// The examples are sound, and what they compute is real.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDefinition } from '../../src/cli/definition-file.js';
import { compilePlan } from '../../src/workflow/plan.js';

interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

test.each(readdirSync(folder).filter(name => name.endsWith('.yaml')))('%s has no faults and compiles', async name => {
  const loaded = await readDefinition(folder + name);
  if (!('definition' in loaded)) throw new Error(JSON.stringify(loaded.faults));
  const plan = compilePlan(loaded.definition, folder);
  for (const { action, modulePath } of plan.actions) {
    if (action.type !== 'call') continue;
    const exported = (await import(modulePath!)) as Record<string, unknown>;
    expect(exported[action.function]).toBeTypeOf('function');
  }
});

test('flights.mjs scores every flight of the data set; delays cost, and cost more on short hops', async () => {
  const module: string = `${folder}flights.mjs`;
  const { score } = (await import(module)) as {
    score: (flight: Flight) => { points: number; grade: string; route: string };
  };
  const file = new URL('../../node_modules/vega-datasets/data/flights-2k.json', import.meta.url);
  const flights = JSON.parse(readFileSync(file, 'utf8')) as Flight[];
  const points = flights.map(flight => score(flight).points);
  expect(Math.min(...points)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...points)).toBe(100);
  expect(new Set(points).size).toBeGreaterThan(100);

  const flight = { date: '2001/01/01 06:00', delay: 20, distance: 920, origin: 'MIA', destination: 'DCA' };
  expect(score(flight)).toEqual({ route: 'MIA-DCA', plannedMinutes: 159, points: 88.2, grade: 'B' });
  expect(score({ ...flight, distance: 100 }).points).toBeLessThan(88.2);
  expect(score({ ...flight, delay: -5 }).points).toBe(100);
  expect(() => score({ ...flight, date: 'today' })).toThrow('no time of day');
  expect(() => score({ ...flight, distance: 0 })).toThrow('not miles');
});
