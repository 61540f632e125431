// Ids. A root is a UUIDv7 whose low 16 bits are zero; an instance of it has its ordinal there. So an instance's row is
// found from its id without an index, and ids sort by the time of their submit.

/** The longest run of ordinals in one root. */
export const rootMembersMax = 500;

const hex4 = Array.from({ length: 1 << 16 }, (_, value) => value.toString(16).padStart(4, '0'));
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * A UUIDv7, or with `isRoot` one whose low 16 bits are zero.
 *
 * @param nowMs milliseconds since 1970; the first 48 bits
 * @param sequence grows with each id made in the same millisecond; the 12 bits after the version keep such ids in order
 * @param random at least 8 random bytes
 */
export function uuidV7(nowMs: number, sequence: number, random: Uint8Array, isRoot: boolean): string {
  const high = Math.floor(nowMs / 0x10000);
  const low = nowMs % 0x10000;
  const time = `${hex4[high >>> 16]}${hex4[high & 0xffff]}-${hex4[low]}`;
  const word = (at: number): string => hex4[(random[at]! << 8) | random[at + 1]!]!;
  const variant = hex4[0x8000 | ((random[0]! & 0x3f) << 8) | random[1]!];
  return `${time}-${hex4[0x7000 | (sequence & 0xfff)]}-${variant}-${word(2)}${word(4)}${isRoot ? '0000' : word(6)}`;
}

/** When an id was made, by the clock of whoever made it: milliseconds since 1970. */
export function madeAtMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Id of the instance with `ordinal` in `root`. */
export function instanceId(root: string, ordinal: number): string {
  return root.slice(0, 32) + hex4[ordinal]!;
}

/** Root and ordinal of an instance, or `null` when `text` is no such id. */
export function splitInstanceId(text: string): { root: string; ordinal: number } | null {
  const id = text.toLowerCase();
  if (!uuidPattern.test(id)) return null;
  const ordinal = Number.parseInt(id.slice(32), 16);
  return ordinal < rootMembersMax ? { root: `${id.slice(0, 32)}0000`, ordinal } : null;
}

/** What stands behind the last `/`: the id in `<workflow>/<id>`. */
export function lastPart(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}
