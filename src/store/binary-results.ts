// PostgreSQL's binary formats of results; the rules (B2, B3) are in `binary.ts`.

import type { BitString } from './binary-parameters.js';

const int4Type = 23;
const arrayHeaderBytes = 20;
/** Character code of a hexadecimal digit. */
const digitOf = Uint8Array.from('0123456789abcdef', digit => digit.charCodeAt(0));

function readInt4(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function expectBytes(bytes: Uint8Array, count: number, type: string): void {
  if (bytes.length !== count) throw new RangeError(`${bytes.length} bytes are no ${type}`);
}

const uuidText = Buffer.alloc(36, '-');

/** Decoders of binary results; each takes one column that is not null. */
export const decode = {
  bool(bytes: Uint8Array): boolean {
    expectBytes(bytes, 1, 'bool');
    return bytes[0] === 1;
  },

  int2(bytes: Uint8Array): number {
    expectBytes(bytes, 2, 'int2');
    return ((((bytes[0] as number) << 8) | (bytes[1] as number)) << 16) >> 16;
  },

  int4(bytes: Uint8Array): number {
    expectBytes(bytes, 4, 'int4');
    return readInt4(bytes, 0);
  },

  /** Throws beyond 2^53: such a number would be silently another. */
  int8(bytes: Uint8Array): number {
    expectBytes(bytes, 8, 'int8');
    const value = readInt4(bytes, 0) * 0x1_0000_0000 + (readInt4(bytes, 4) >>> 0);
    if (!Number.isSafeInteger(value)) throw new RangeError(`int8 beyond a safe integer: ${value}`);
    return value;
  },

  uuid(bytes: Uint8Array): string {
    expectBytes(bytes, 16, 'uuid');
    let at = 0;
    for (let index = 0; index < 16; index++) {
      if (index === 4 || index === 6 || index === 8 || index === 10) at++;
      const byte = bytes[index] as number;
      uuidText[at++] = digitOf[byte >> 4] as number;
      uuidText[at++] = digitOf[byte & 15] as number;
    }
    return uuidText.toString('latin1');
  },

  text(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  },

  /** The text of a `json` column. */
  json(bytes: Uint8Array): string {
    return decode.text(bytes);
  },

  /** The text of a `jsonb` column: its binary format is a version and the text. */
  jsonb(bytes: Uint8Array): string {
    if (bytes[0] !== 1) throw new RangeError(`unknown version of jsonb: ${bytes[0]}`);
    return decode.text(bytes.subarray(1));
  },

  bytea(bytes: Uint8Array): Uint8Array {
    return bytes;
  },

  varbit(bytes: Uint8Array): BitString {
    const length = readInt4(bytes, 0);
    expectBytes(bytes, 4 + ((length + 7) >> 3), `varbit of ${length} bits`);
    return { bytes: bytes.subarray(4), length };
  },

  int4Array(bytes: Uint8Array): Int32Array {
    if (readInt4(bytes, 0) === 0) return new Int32Array(0);
    if (readInt4(bytes, 0) !== 1 || readInt4(bytes, 4) !== 0 || readInt4(bytes, 8) !== int4Type) {
      throw new RangeError('not an int4[] of one dimension without nulls');
    }
    const values = new Int32Array(readInt4(bytes, 12));
    expectBytes(bytes, arrayHeaderBytes + 8 * values.length, `int4[] of ${values.length}`);
    for (let index = 0; index < values.length; index++) values[index] = readInt4(bytes, 24 + 8 * index);
    return values;
  },
} as const;
