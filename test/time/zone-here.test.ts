// The zone of the machine, whatever TZ says.

import { expect, test } from 'vitest';
import { zoneHere, zoneOfClocks } from '../../src/time/zone-here.js';

const summerMs = Date.UTC(2026, 6, 1, 12);
const hourMs = 3_600_000;

test('a zone with a name is that zone', () => {
  expect(zoneOfClocks('Europe/Zurich', 0).localOf(summerMs)).toBe(summerMs + 2 * hourMs);
  expect(zoneHere().localOf(summerMs)).toBe(summerMs - new Date(summerMs).getTimezoneOffset() * 60_000);
});

// What Node makes of TZ=:/etc/localtime, of an empty TZ, of TZ=GMT+5.
test.each([
  [undefined, 0, 'UTC'],
  ['Etc/Unknown', 0, 'UTC'],
  ['GMT+05:00', -5 * hourMs, '-05:00'],
])('a zone that Intl calls %s has an offset that never changes', (intl, offsetMs, name) => {
  const zone = zoneOfClocks(intl, offsetMs);
  expect(zone.name).toBe(name);
  expect(zone.localOf(summerMs)).toBe(summerMs + offsetMs);
  expect(zone.instantsOf(summerMs + offsetMs)).toEqual([summerMs]);
  expect(zone.nextChange(summerMs)).toBeUndefined();
});
