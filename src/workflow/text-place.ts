// A place in a text, however it is broken into lines in its file.

import type { TextPlace } from './fault.js';

/** The place at a line and column of `text`, both from 1. */
export function placeIn(text: string, line: number, column: number): TextPlace {
  const lines = text.split('\n');
  const before = [...lines.slice(0, line - 1), [...lines[line - 1]!].slice(0, column - 1).join('')].join('');
  const inked = inkedIn(before);
  return { inked, isEnd: inked === inkedIn(text) };
}

/** Characters that are no blanks. */
function inkedIn(text: string): number {
  return text.replace(/\s/g, '').length;
}
