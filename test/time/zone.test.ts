// Zones against Intl itself and against the changes everybody knows.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zoneNamed } from '../../src/time/zone.js';

const at = (iso: string): number => Date.parse(iso);
/** A local time, as milliseconds since 1970 on these clocks. */
const local = (text: string): number => Date.parse(`${text}Z`);

const zoneNames = [
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Africa/Monrovia',
  'Asia/Kathmandu',
  'UTC',
];

/** What Intl says the clocks of a zone show. */
function shown(zone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(atMs);
  const part = (type: string): number => Number(parts.find(each => each.type === type)?.value);
  const seconds = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return seconds + (((atMs % 1000) + 1000) % 1000);
}

describe('zones', () => {
  test('spring leaves a gap and autumn an overlap', () => {
    const zone = zoneNamed('America/New_York');
    expect(zone.instantsOf(local('2020-03-08T02:00'))).toEqual([]);
    expect(zone.instantsOf(local('2020-03-08T02:59:59.999'))).toEqual([]);
    expect(zone.instantsOf(local('2020-03-08T03:00'))).toEqual([at('2020-03-08T07:00Z')]);
    expect(zone.instantsOf(local('2020-11-01T01:00'))).toEqual([at('2020-11-01T05:00Z'), at('2020-11-01T06:00Z')]);
    expect(zone.instantsOf(local('2020-11-01T02:00'))).toEqual([at('2020-11-01T07:00Z')]);
    expect(zone.nextChange(at('2020-01-01T00:00Z'))).toBe(at('2020-03-08T07:00Z'));
    expect(zone.nextChange(at('2020-03-08T07:00Z'))).toBe(at('2020-11-01T06:00Z'));
    expect(zone.localOf(at('2020-03-08T06:59:59.999Z'))).toBe(local('2020-03-08T01:59:59.999'));
    expect(zone.localOf(at('2020-03-08T07:00Z'))).toBe(local('2020-03-08T03:00'));
  });

  test('a gap at midnight, half an hour, a whole day, and offsets with seconds', () => {
    expect(zoneNamed('America/Sao_Paulo').instantsOf(local('2018-11-04T00:30'))).toEqual([]);
    expect(zoneNamed('America/Sao_Paulo').instantsOf(local('2018-11-04T01:00'))).toEqual([at('2018-11-04T03:00Z')]);
    expect(zoneNamed('Australia/Lord_Howe').instantsOf(local('2021-04-04T01:45'))).toHaveLength(2);
    expect(zoneNamed('Pacific/Apia').instantsOf(local('2011-12-30T12:00'))).toEqual([]);
    expect(zoneNamed('Pacific/Apia').nextChange(at('2011-12-01T00:00Z'))).toBe(at('2011-12-30T10:00Z'));
    expect(zoneNamed('Africa/Monrovia').localOf(0)).toBe(-44.5 * 60_000);
  });

  test('the far future follows the last rules, and zones without changes know none', () => {
    expect(zoneNamed('America/New_York').nextChange(at('2999-04-01T00:00Z'))).toBe(at('2999-11-03T06:00Z'));
    expect(zoneNamed('Asia/Tokyo').nextChange(at('2020-01-01T00:00Z'))).toBeUndefined();
    expect(zoneNamed('UTC').nextChange(0)).toBeUndefined();
    expect(zoneNamed('Africa/Casablanca').nextChange(at('2086-01-01T00:00Z'))).toBeLessThan(at('2086-12-31T00:00Z'));
  });

  test('names are found in any case, once', () => {
    expect(zoneNamed('america/new_york')).toBe(zoneNamed('America/New_York'));
    expect(zoneNamed('america/new_york').name).toBe('America/New_York');
    expect(zoneNamed('Etc/UTC')).toBe(zoneNamed('UTC'));
  });

  test.each(['Europe/../../etc/passwd', 'EST5EDT4,M3', '', 'Mars/Olympus', '+02:00', 'a'.repeat(10_000)])(
    'no zone: %s',
    name => {
      expect(() => zoneNamed(name)).toThrow(/is not a time zone: expected an IANA name such as "Europe\/Zurich"/);
      expect(() => zoneNamed(undefined as unknown as string)).toThrow(RangeError);
    },
  );

  test('a name that was nearly right is answered with the right one', () => {
    expect(() => zoneNamed('US/New York')).toThrow('expected an IANA name such as "America/New_York"');
  });

  test('agrees with Intl, and local times come back', () => {
    const zone = fc.constantFrom(...zoneNames);
    const instant = fc.integer({ min: at('1970-01-01T00:00Z'), max: at('2999-12-31T00:00Z') });
    fc.assert(
      fc.property(zone, instant, (name, atMs) => {
        const zone = zoneNamed(name);
        expect(zone.localOf(atMs)).toBe(shown(name, atMs));
        expect(zone.instantsOf(zone.localOf(atMs))).toContain(atMs);
      }),
      { numRuns: 500 },
    );
  });

  test('around each change: what Intl shows, a gap or an overlap as long as the change', () => {
    for (const name of zoneNames) {
      const zone = zoneNamed(name);
      let atMs: number | undefined = zone.nextChange(at('1970-01-01T00:00Z'));
      for (let count = 0; atMs !== undefined && count < 200; count += 1) {
        expect(zone.localOf(atMs)).toBe(shown(name, atMs));
        expect(zone.localOf(atMs - 1)).toBe(shown(name, atMs - 1));
        const jump = zone.localOf(atMs) - zone.localOf(atMs - 1) - 1;
        expect(zone.instantsOf(zone.localOf(atMs)).length).toBe(jump < 0 ? 2 : 1);
        if (jump > 0) expect(zone.instantsOf(zone.localOf(atMs) - 1)).toEqual([]);
        atMs = zone.nextChange(atMs);
      }
    }
  });
});
