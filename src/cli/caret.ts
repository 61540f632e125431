// An expression that cannot be read, as lines for people: what is wrong, and a caret under where.

import { printable } from './output.js';

/** Characters of an expression shown before and behind the caret. */
const shownAround = 60;

/** @param position of the fault, in characters of `text` from 1; one more than there are when something is missing */
export function caretLines(message: string, text: string, position: number): readonly string[] {
  const first = Math.max(0, position - 1 - shownAround);
  // One character each, whatever it is, so that the caret stands under the right one.
  const shown = [...text].slice(first, position + shownAround).map(each => (/[\p{C}\p{Z}]/u.test(each) ? ' ' : each));
  return [printable(message), `  ${shown.join('').trimEnd()}`, `  ${' '.repeat(position - 1 - first)}^`];
}
