// The time zone of the machine's clocks.

import { type Zone, zoneNamed } from './zone.js';

let here: Zone | null = null;

/** The zone that the process has (`TZ`). */
export function zoneHere(): Zone {
  here ??= zoneOfClocks(
    Intl.DateTimeFormat().resolvedOptions().timeZone,
    // Only asked of a zone without a name, whose offset never changes.
    -new Date(0).getTimezoneOffset() * 60_000,
  );
  return here;
}

/**
 * @param name what `Intl` calls the zone. It has no IANA name for some settings: `TZ=:/etc/localtime`, an empty one and one
 *   that is not known, where clocks show UTC, and POSIX offsets such as `TZ=GMT+5`
 * @param offsetMs east of UTC, where the name is an offset
 */
export function zoneOfClocks(name: string | undefined, offsetMs: number): Zone {
  if (name === undefined || name === 'Etc/Unknown') return zoneNamed('UTC');
  if (!/[+-]\d\d:\d\d$/.test(name)) return zoneNamed(name);
  const hoursAndMinutes = new Date(Math.abs(offsetMs)).toISOString().slice(11, 16);
  return {
    name: `${offsetMs < 0 ? '-' : '+'}${hoursAndMinutes}`,
    localOf: atMs => atMs + offsetMs,
    instantsOf: localMs => [localMs - offsetMs],
    nextChange: () => undefined,
  };
}
