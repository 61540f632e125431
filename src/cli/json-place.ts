// Where something is in a JSON text, for messages: `JSON.parse` checks the text, this says the place of what is wrong.
// It runs only once there is something to complain about.
//
// Iterative: a text of any depth is walked in its own size.

import { formatPath } from '../workflow/fault.js';

export interface JsonFault {
  /** Where the text stops being JSON, UTF-16 units from its start. */
  readonly offset: number;
  readonly problem: string;
}

/** Why a text is not JSON, or `null` when it is. */
export function syntaxFault(text: string): JsonFault | null {
  return walk(text, null);
}

/** Offset of the member at `path` as `formatPath` writes it (of its key in a map), or of the whole when there is none. */
export function offsetOf(text: string, path: string): number {
  let found: number | null = null;
  if (path !== '') {
    walk(text, (steps, offset) => {
      if (found === null && formatPath(steps) === path) found = offset;
    });
  }
  return found ?? Math.max(0, text.search(/\S/));
}

/** Line and column, from 1, of an offset in a text that itself begins at `start`. */
export function placeIn(
  text: string,
  offset: number,
  start = { line: 1, column: 1 },
): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  if (lastBreak < 0) return { line: start.line, column: start.column + offset };
  let breaks = 0;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) breaks += 1;
  return { line: start.line + breaks, column: offset - lastBreak };
}

type Step = string | number;
type Visit = (steps: readonly Step[], offset: number) => void;

/** Deepest place that is looked for; faults lie no deeper than inputs may. */
const visitedDepthMax = 101;
const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

/** One object or list being walked; `step` is the key or index of the member being read. */
interface Frame {
  readonly close: '}' | ']';
  step: Step;
}

function walk(text: string, visit: Visit | null): JsonFault | null {
  const open: Frame[] = [];
  const fault = (offset: number, wanted: string): JsonFault => ({
    offset,
    problem: `${foundAt(text, offset)}, ${wanted}`,
  });
  const visited = (offset: number): void => {
    if (visit !== null && open.length <= visitedDepthMax)
      visit(
        open.map(({ step }) => step),
        offset,
      );
  };
  let at = match(space, text, 0);
  // Each turn reads one value, or the opening of one and then, on the next turn, its first member.
  for (;;) {
    const sign = text[at];
    let isOpened = false;
    if (open.at(-1)?.close !== '}') visited(at);
    if (sign === '{' || sign === '[') {
      open.push(sign === '{' ? { close: '}', step: '' } : { close: ']', step: 0 });
      isOpened = true;
      at += 1;
    } else {
      const end = sign === '"' ? endOfString(text, at) : Math.max(match(number, text, at), match(word, text, at));
      if (typeof end !== 'number') return end;
      if (end === at) return fault(at, 'expected a value');
      at = end;
    }
    // Behind a value: what may follow, closing as many objects and lists as end here.
    for (;;) {
      at = match(space, text, at);
      const frame = open.at(-1);
      if (frame === undefined) return at < text.length ? fault(at, 'expected the end') : null;
      if (text[at] === frame.close) {
        open.pop();
        isOpened = false;
        at += 1;
        continue;
      }
      if (!isOpened) {
        if (text[at] !== ',') return fault(at, `expected "," or "${frame.close}"`);
        at = match(space, text, at + 1);
        if (typeof frame.step === 'number') frame.step += 1;
      }
      if (frame.close === ']') break;
      if (text[at] !== '"')
        return fault(at, isOpened ? 'expected a key in double quotes or "}"' : 'expected a key in double quotes');
      const end = endOfString(text, at);
      if (typeof end !== 'number') return end;
      frame.step = JSON.parse(text.slice(at, end)) as string;
      visited(at);
      at = match(space, text, end);
      if (text[at] !== ':') return fault(at, 'expected ":"');
      at = match(space, text, at + 1);
      break;
    }
  }
}

/** Behind the closing quote, or what is wrong with the string. */
function endOfString(text: string, start: number): number | JsonFault {
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) return at + 1;
    if (unit < 0x20) return { offset: at, problem: 'a line break or control character stands inside a text' };
    if (unit !== 0x5c) continue;
    if (!/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(text.slice(at + 1, at + 6))) {
      return { offset: at, problem: 'a backslash is followed by nothing JSON knows' };
    }
    at += 1;
  }
  return { offset: start, problem: 'a text begins and does not end' };
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function foundAt(text: string, offset: number): string {
  return offset >= text.length
    ? 'the text ends'
    : `found ${JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!))}`;
}
