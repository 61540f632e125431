// Names of workflows and branches: the one canonical form, and the refusal of everything that could be taken for
// something else by a file system, a URL, Redis, a log or a JavaScript object.
//
// A workflow's name is `/branch/branch/name`; a branch is the same with a trailing `/`, and `/` is the root.
//
//   N1. One spelling a name: NFC (other forms are converted), no percent-encoding, compared case-sensitively.
//   N2. No part is empty, `.`, `..`, or begins or ends with a space.
//   N3. No control or invisible format character, no lone surrogate, none of `*?[]{}\` (glob, Redis hash tags).
//   N4. No part is `__proto__`, `constructor` or `prototype`: a reader that puts parts into a plain object stays whole.
//       Other inherited names (`toString`) are ordinary: they can only shadow.
//   N5. At most 1 KiB of UTF-8 and 100 levels.
//
// Letters that merely look alike (Latin `a`, Cyrillic `а`) are different names.

import { type Parsed, quote, refuse } from './fault.js';

/** Longest name or branch, bytes of UTF-8. */
export const nameBytesMax = 1_024;
/** Most parts of a name or branch. */
export const nameLevelsMax = 100;

/** Keys that lead from an ordinary object to a prototype. */
export const reservedKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** The canonical form of a workflow's full name, `/branch/name`. Fault: `NAMESPACE_INVALID`. */
export function parseName(text: string): Parsed<string> {
  return parse(text, 'workflow name');
}

/** The canonical form of a branch, `/branch/`; `/` is the root. Fault: `NAMESPACE_INVALID`. */
export function parseBranch(text: string): Parsed<string> {
  return parse(text, 'branch');
}

/** The branch that holds a workflow or a branch: `/a/` for `/a/b` and for `/a/b/`; the root is in itself. */
export function branchOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/', name.length - 2) + 1) || '/';
}

/** Whether a workflow or branch lies somewhere below `branch`. Both are canonical. */
export function isBelow(name: string, branch: string): boolean {
  return name.length > branch.length && name.startsWith(branch);
}

function parse(text: string, kind: 'workflow name' | 'branch'): Parsed<string> {
  if (typeof text !== 'string') return refuse('NAMESPACE_INVALID', [], `a ${kind} is text, found ${typeof text}`);
  const canonical = text.length <= nameBytesMax ? text.normalize('NFC') : text;
  const reason = whyNot(canonical, kind);
  if (reason === null) return { ok: true, value: canonical };
  return refuse('NAMESPACE_INVALID', [], `${quote(text)} is not a ${kind}: ${reason}`);
}

function whyNot(text: string, kind: 'workflow name' | 'branch'): string | null {
  if (text.length > nameBytesMax || utf8Bytes(text) > nameBytesMax) return `it is longer than ${nameBytesMax} bytes`;
  if (!text.startsWith('/')) return 'it must begin with "/"';
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return 'it holds a control or invisible character';
  if (/\p{Cs}/u.test(text)) return 'it holds half a surrogate pair';
  const hostile = /[*?[\]{}\\]/.exec(text);
  if (hostile) return `it holds ${hostile[0]}, which is one of * ? [ ] { } \\`;
  if (/%[0-9a-f]{2}/i.test(text)) return 'it is percent-encoded; write the characters themselves';
  if (kind === 'branch') {
    if (!text.endsWith('/')) return 'it must end with "/"';
    if (text === '/') return null;
  } else if (text.endsWith('/')) {
    return text === '/' ? 'it is the root branch' : 'it ends with "/", like a branch';
  }
  return whyNotParts(text.slice(1, kind === 'branch' ? -1 : undefined).split('/'));
}

function whyNotParts(parts: readonly string[]): string | null {
  if (parts.length > nameLevelsMax) return `it has ${parts.length} levels, more than ${nameLevelsMax}`;
  for (const part of parts) {
    if (part === '') return 'it has an empty part';
    if (part === '.' || part === '..') return `it has a part ${quote(part)}`;
    if (part !== part.trim()) return `its part ${quote(part)} begins or ends with a space`;
    if (reservedKeys.includes(part)) return `its part ${quote(part)} is reserved`;
  }
  return null;
}

/** Length in UTF-8. Counted here: `Buffer` is not for a room that also runs in browsers. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) bytes += 1;
    // Each half of a surrogate pair counts 2, the pair 4.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes += 1;
  }
  return bytes;
}
