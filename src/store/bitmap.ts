// Bit maps as PostgreSQL's varbit has them: the first bit is the high bit of the first byte.

export type Bitmap = Uint8Array;

export function emptyBitmap(bits: number): Bitmap {
  return new Uint8Array((bits + 7) >>> 3);
}

const shared: Bitmap[] = [];

/** A map with no bit set that all who ask for it share: not to be written into. */
export function noBits(bits: number): Bitmap {
  const bytes = (bits + 7) >>> 3;
  shared[bytes] ??= emptyBitmap(bits);
  return shared[bytes];
}

/** A new map with the bits of both, which are of one length. */
export function united(one: Bitmap, other: Bitmap): Bitmap {
  const both = new Uint8Array(one);
  for (let at = 0; at < both.length; at++) both[at]! |= other[at]!;
  return both;
}

export function setBit(map: Bitmap, bit: number): void {
  map[bit >>> 3]! |= 0x80 >>> (bit & 7);
}

export function hasBit(map: Bitmap, bit: number): boolean {
  return (map[bit >>> 3]! & (0x80 >>> (bit & 7))) !== 0;
}

/** The map with one bit for each ordinal, as long as the last one needs. */
export function bitmapOf(ordinals: Uint16Array): Bitmap {
  const map = emptyBitmap(ordinals.length === 0 ? 0 : ordinals[ordinals.length - 1]! + 1);
  for (const ordinal of ordinals) setBit(map, ordinal);
  return map;
}

/** The bits that are set among the first `bits`, ascending. */
export function bitsOf(map: Bitmap, bits: number): Uint16Array {
  const set = new Uint16Array(bits);
  let count = 0;
  for (let bit = 0; bit < bits; bit++) if (hasBit(map, bit)) set[count++] = bit;
  return set.slice(0, count);
}

/** The bits that are not set among the first `bits`, ascending. */
export function clearBitsOf(map: Bitmap, bits: number): Uint16Array {
  const clear = new Uint16Array(bits);
  let count = 0;
  for (let bit = 0; bit < bits; bit++) if (!hasBit(map, bit)) clear[count++] = bit;
  return clear.slice(0, count);
}
