// Where a character of a text stands in the YAML that the text was written in.
//
// Blanks are not counted: however a text is quoted, folded or broken into lines, its other characters are there in
// order. Only quotation marks and escapes are written differently from what they stand for.

import type { TextPlace } from './fault.js';

/**
 * Offset of a character.
 *
 * @param source the whole file
 * @param offset where the scalar begins
 */
export function offsetInScalar(source: string, offset: number, { inked, isEnd }: TextPlace): number {
  const first = source[offset];
  const style = first === '"' || first === "'" ? first : '';
  let at = style === '' ? contentOf(source, offset) : offset + 1;
  for (let left = inked; left > 0 && at < source.length; ) {
    const { length, isBlank } = characterAt(source, pastBlanks(source, at), style);
    at = pastBlanks(source, at) + length;
    if (!isBlank) left -= 1;
  }
  // Behind the last character come the end of the scalar and what follows it.
  return isEnd ? at : pastBlanks(source, at);
}

/** A block scalar (`|` or `>`) begins in the line below its head. */
function contentOf(source: string, offset: number): number {
  if (source[offset] !== '|' && source[offset] !== '>') return offset;
  const lineBreak = source.indexOf('\n', offset);
  return lineBreak < 0 ? source.length : lineBreak + 1;
}

function pastBlanks(source: string, offset: number): number {
  let at = offset;
  while (at < source.length && /\s/.test(source[at]!)) at += 1;
  return at;
}

const escapeLengths: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };

function characterAt(source: string, at: number, style: string): { length: number; isBlank: boolean } {
  if (style === "'" && source.startsWith("''", at)) return { length: 2, isBlank: false };
  if (style !== '"' || source[at] !== '\\') return { length: 1, isBlank: false };
  const escaped = source[at + 1] ?? '';
  return { length: escapeLengths[escaped] ?? 2, isBlank: /[tnvfr \n_NLP]/.test(escaped) };
}
