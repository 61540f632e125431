// Local time and instants. An IANA zone as the moments at which its offset changes, looked up once and kept.

import { IanaZone } from './iana-zone.js';

/** A zone of the IANA database. Offsets are milliseconds east of UTC. */
export interface Zone {
  /** Its canonical name, such as `America/New_York`. */
  readonly name: string;
  /** What its clocks show at `atMs`, as milliseconds since 1970-01-01T00:00 on these clocks. */
  localOf(atMs: number): number;
  /**
   * The instants at which its clocks show `localMs`: none in the gap of spring, two (the earlier first) in the overlap of
   * autumn, else one.
   */
  instantsOf(localMs: number): readonly number[];
  /** The next change of its offset after `atMs`, or undefined when it knows none. */
  nextChange(atMs: number): number | undefined;
}

/** By canonical name, so that there are at most as many as there are zones. */
const zones = new Map<string, Zone>();

/**
 * The zone of an IANA name, in any case: `Europe/Zurich`, `america/new_york`, `UTC`. Offsets such as `+02:00` are no names.
 * Zones are made once; the years that are asked about are searched when they first are (about 0.2 ms a year), and answers
 * take well below a microsecond after that. It knows the changes from 1900 to 3099.
 *
 * @throws RangeError for a name the IANA database does not have; it says what is expected
 */
export function zoneNamed(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const made = makeZone(name);
  const same = zones.get(made.name);
  if (same !== undefined) return same;
  zones.set(made.name, made);
  return made;
}

function makeZone(name: string): Zone {
  // Intl would take an empty or an undefined name for the zone of this machine, and some versions take offsets.
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/.test(name) || name.length > 64)
    throw unknown(name);
  try {
    return new IanaZone(name);
  } catch (error) {
    if (error instanceof RangeError) throw unknown(name);
    throw error;
  }
}

function unknown(name: string): RangeError {
  const shown = typeof name === 'string' && name.length > 64 ? `${name.slice(0, 64)}...` : name;
  const city = String(name).split('/').at(-1)!.toLowerCase().replaceAll(' ', '_');
  const near = Intl.supportedValuesOf('timeZone').filter(zone => zone.split('/').at(-1)!.toLowerCase() === city);
  const such = near.length > 0 ? near : ['Europe/Zurich', 'America/New_York', 'UTC'];
  const list = such.map(zone => JSON.stringify(zone)).join(', ');
  return new RangeError(`${JSON.stringify(shown)} is not a time zone: expected an IANA name such as ${list}`);
}
