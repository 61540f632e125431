// PostgreSQL's binary formats of parameters; the rules (B1, B3) are in `binary.ts`.

/** A bit string: `length` bits, the first being the high bit of the first byte. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly length: number;
}

const elementType = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, varbit: 1562, uuid: 2950 } as const;

/** Value of a hexadecimal digit by character code; 16 = not one. */
const nibbleOf = new Uint8Array(128).fill(16);
for (let value = 0; value < 16; value++) {
  nibbleOf[value.toString(16).charCodeAt(0)] = value;
  nibbleOf[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

function writeUuid(target: Uint8Array, at: number, id: string): void {
  if (id.length !== 36) throw new TypeError(`not a UUID: "${id}"`);
  let character = 0;
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) {
      if (id.charCodeAt(character++) !== 0x2d) throw new TypeError(`not a UUID: "${id}"`);
    }
    const high = nibbleOf[id.charCodeAt(character++)] ?? 16;
    const low = nibbleOf[id.charCodeAt(character++)] ?? 16;
    if ((high | low) > 15) throw new TypeError(`not a UUID: "${id}"`);
    target[at + byte] = (high << 4) | low;
  }
}

function int32(value: number): number {
  if ((value | 0) !== value) throw new RangeError(`not an int4: ${value}`);
  return value;
}

function int16(value: number): number {
  if ((value << 16) >> 16 !== value) throw new RangeError(`not an int2: ${value}`);
  return value;
}

function writeInt8(target: Buffer, at: number, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
  // Two halves instead of a BigInt, which would be an allocation a value.
  target.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  target.writeUInt32BE(value >>> 0, at + 4);
}

const arrayHeaderBytes = 20;

/** The header of a one-dimensional array, in a buffer that also has room for `bodyBytes` of elements. */
function startArray(type: number, count: number, bodyBytes: number, hasNulls: boolean): Buffer {
  if (count === 0) {
    const empty = Buffer.alloc(12);
    empty.writeInt32BE(type, 8);
    return empty;
  }
  const target = Buffer.allocUnsafe(arrayHeaderBytes + bodyBytes);
  target.writeInt32BE(1, 0);
  target.writeInt32BE(hasNulls ? 1 : 0, 4);
  target.writeInt32BE(type, 8);
  target.writeInt32BE(count, 12);
  target.writeInt32BE(1, 16);
  return target;
}

/** An array whose elements all have `elementBytes`; `write` puts one at an offset. */
function fixedArray<T>(
  type: number,
  elementBytes: number,
  values: ArrayLike<T | null>,
  write: (target: Buffer, at: number, value: T) => void,
): Buffer {
  let present = 0;
  for (let index = 0; index < values.length; index++) if (values[index] !== null) present++;
  const count = values.length;
  const target = startArray(type, count, 4 * count + elementBytes * present, present < count);
  let at = arrayHeaderBytes;
  for (let index = 0; index < count; index++) {
    const value = values[index] as T | null;
    if (value === null) {
      target.writeInt32BE(-1, at);
      at += 4;
    } else {
      target.writeInt32BE(elementBytes, at);
      write(target, at + 4, value);
      at += 4 + elementBytes;
    }
  }
  return target;
}

function checkBits(bits: BitString): void {
  if (bits.bytes.length !== (bits.length + 7) >> 3) {
    throw new RangeError(`${bits.length} bits cannot have ${bits.bytes.length} bytes`);
  }
}

/** Encoders of parameters. An array's elements may be `null` where the type says so. */
export const encode = {
  bool(value: boolean): Buffer {
    return Buffer.from([value ? 1 : 0]);
  },

  int2(value: number): Buffer {
    const target = Buffer.allocUnsafe(2);
    target.writeInt16BE(int16(value));
    return target;
  },

  int4(value: number): Buffer {
    const target = Buffer.allocUnsafe(4);
    target.writeInt32BE(int32(value));
    return target;
  },

  /** @param value a safe integer, so within 2^53 */
  int8(value: number): Buffer {
    const target = Buffer.allocUnsafe(8);
    writeInt8(target, 0, value);
    return target;
  },

  uuid(id: string): Buffer {
    const target = Buffer.allocUnsafe(16);
    writeUuid(target, 0, id);
    return target;
  },

  /** Needed only where the parameter list must be binary; a plain string is bound as text just as well. */
  text(value: string): Buffer {
    return Buffer.from(value, 'utf8');
  },

  varbit(bits: BitString): Buffer {
    checkBits(bits);
    const target = Buffer.allocUnsafe(4 + bits.bytes.length);
    target.writeInt32BE(bits.length);
    target.set(bits.bytes, 4);
    return target;
  },

  boolArray(values: readonly boolean[]): Buffer {
    return fixedArray(elementType.bool, 1, values, (target, at, value) => target.writeUInt8(value ? 1 : 0, at));
  },

  int2Array(values: ArrayLike<number | null>): Buffer {
    return fixedArray(elementType.int2, 2, values, (target, at, value) => target.writeInt16BE(int16(value), at));
  },

  int4Array(values: ArrayLike<number | null>): Buffer {
    return fixedArray(elementType.int4, 4, values, (target, at, value) => target.writeInt32BE(int32(value), at));
  },

  int8Array(values: ArrayLike<number | null>): Buffer {
    return fixedArray(elementType.int8, 8, values, writeInt8);
  },

  uuidArray(ids: readonly (string | null)[]): Buffer {
    return fixedArray(elementType.uuid, 16, ids, writeUuid);
  },

  textArray(values: readonly (string | null)[]): Buffer {
    const sizes = new Int32Array(values.length);
    let bodyBytes = 0;
    let hasNulls = false;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as string | null;
      const size = value === null ? -1 : Buffer.byteLength(value, 'utf8');
      sizes[index] = size;
      hasNulls ||= size < 0;
      bodyBytes += 4 + Math.max(0, size);
    }
    const target = startArray(elementType.text, values.length, bodyBytes, hasNulls);
    let at = arrayHeaderBytes;
    for (let index = 0; index < values.length; index++) {
      at = target.writeInt32BE(sizes[index] as number, at);
      const value = values[index] as string | null;
      if (value !== null) at += target.write(value, at, 'utf8');
    }
    return target;
  },

  byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
    let bodyBytes = 0;
    let hasNulls = false;
    for (const value of values) {
      bodyBytes += 4 + (value?.length ?? 0);
      hasNulls ||= value === null;
    }
    const target = startArray(elementType.bytea, values.length, bodyBytes, hasNulls);
    let at = arrayHeaderBytes;
    for (const value of values) {
      at = target.writeInt32BE(value === null ? -1 : value.length, at);
      if (value === null) continue;
      target.set(value, at);
      at += value.length;
    }
    return target;
  },

  varbitArray(values: readonly (BitString | null)[]): Buffer {
    let bodyBytes = 0;
    let hasNulls = false;
    for (const value of values) {
      if (value !== null) checkBits(value);
      bodyBytes += value === null ? 4 : 8 + value.bytes.length;
      hasNulls ||= value === null;
    }
    const target = startArray(elementType.varbit, values.length, bodyBytes, hasNulls);
    let at = arrayHeaderBytes;
    for (const value of values) {
      at = target.writeInt32BE(value === null ? -1 : 4 + value.bytes.length, at);
      if (value === null) continue;
      at = target.writeInt32BE(value.length, at);
      target.set(value.bytes, at);
      at += value.bytes.length;
    }
    return target;
  },
} as const;
