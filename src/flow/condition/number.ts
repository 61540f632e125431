// Literal numbers, which are Java's, as in message selectors: `1_000`, `.5e-3`, `0xFF`, `077` (octal), `0b11`, `0x1p-3`; a
// suffix (L, f, d) is taken and changes nothing, since all numbers are doubles.

/** A number, or what is wrong with it and what would be accepted. */
export type ReadNumber =
  | { readonly ok: true; readonly value: number | bigint }
  | { readonly ok: false; readonly found: string; readonly expected: string };

const decimalInteger = /^(?:0|[1-9]\d*)[lL]?$/;
const octalInteger = /^0\d+[lL]?$/;
const radixInteger = /^0(?:[xX][\da-fA-F]+|[bB][01]+)[lL]?$/;
const decimalFraction = /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fFdD]?$/;
const hexadecimalFraction = /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([-+]?\d+)[fFdD]?$/;

export function readNumber(written: string): ReadNumber {
  const misplaced = /^0[xX]/.test(written) ? /_(?![\da-fA-F_])|[^\da-fA-F_]_/ : /_(?![\d_])|[^\d_]_/;
  if (misplaced.test(written)) {
    return refused(written, 'a number with _ between its digits only');
  }
  const text = written.replaceAll('_', '');
  const digits = text.replace(/[lL]$/, '');
  if (decimalInteger.test(text)) return exact(BigInt(digits), written);
  if (radixInteger.test(text)) return word(BigInt(digits.toLowerCase()), written);
  if (octalInteger.test(text)) {
    if (/[89]/.test(digits)) return refused(written, 'octal digits (0 to 7) after a leading 0');
    return word(BigInt(`0o${digits.slice(1)}`), written);
  }
  if (decimalFraction.test(text)) return finite(Number(text.replace(/[fFdD]$/, '')), written);
  const parts = hexadecimalFraction.exec(text);
  if (parts !== null && parts[1]! + parts[2]! !== '') {
    const [, whole, fraction, power] = parts;
    const digits = Number(`0x${whole}${fraction}`);
    return finite(digits * 2 ** (Number(power) - 4 * fraction!.length), written);
  }
  return refused(written, 'a number such as 12, 1.5, 2e10 or 0xFF');
}

/** Digits of another base are the 64 bits of a long, as in Java: `0xFFFFFFFFFFFFFFFF` is -1. */
function word(value: bigint, written: string): ReadNumber {
  if (value >= 2n ** 64n) return refused(written, 'at most 64 bits');
  return exact(BigInt.asIntN(64, value), written);
}

function exact(value: bigint, written: string): ReadNumber {
  const double = Number(value);
  if (!Number.isFinite(double)) return finite(double, written);
  return { ok: true, value: BigInt(double) === value ? double : value };
}

function finite(value: number, written: string): ReadNumber {
  return Number.isFinite(value) ? { ok: true, value } : refused(written, 'a number that a double can hold');
}

function refused(written: string, expected: string): ReadNumber {
  return { ok: false, found: written.length > 40 ? `${written.slice(0, 40)}…` : written, expected };
}
