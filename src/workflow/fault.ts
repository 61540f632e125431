// What is wrong with something people wrote, as a value: a stable code, words, and the place.
//
// Faults are collected, not thrown, so that a file's author sees all of them at once. Only the builder throws, since a
// program that builds a bad definition has no use for a list.

/** Stable codes of faults in definitions, names, inputs and filters. */
export const faultCodes = {
  SYNTAX: 'neither YAML nor JSON',
  TOO_LARGE: 'larger than the limit',
  TOO_DEEP: 'nested deeper than the limit',
  KEY_DUPLICATE: 'the same key twice',
  KEY_UNKNOWN: 'a key that is not part of the schema',
  KEY_MISSING: 'a key that is required',
  KEY_RESERVED: 'a key that reaches a prototype',
  VALUE_INVALID: 'a value of the wrong type or out of range',
  TEXT_INVALID: 'text with a NUL or a lone surrogate, which no store can hold',
  NAMESPACE_INVALID: 'not a workflow name or branch',
  NAME_INVALID: 'not a name for an action or function',
  ACTION_DUPLICATE: 'two actions of one name',
  ACTION_UNREACHABLE: 'no flow leads to the action',
  FLOW_TARGET_UNKNOWN: 'a flow from or to an action that does not exist',
  FLOW_LOOP: 'flows that lead back without a transaction break',
  FLOW_DUPLICATE: 'two else, error, timeout or expiration flows out of one action',
  FLOW_INVALID: 'a flow whose parts do not go together',
  FLOW_OUTSIDE: 'a flow that leads into a body or out of it',
  FLOW_NEVER: 'a flow out of an action that never finishes so',
  FLOW_ELSE: 'an else flow beside one that is always taken',
  JOIN_INVALID: 'not a join, or one of another number of flows',
  JOIN_NEVER: 'a join that can never go on',
  JOIN_START: 'a join at which a workflow or a body begins',
  FOR_EACH_RANGE: 'a for-each without items or a range, or with both',
  FOR_EACH_STEP: 'a range with step 0',
  FOR_EACH_BODY: 'a for-each without a body or workflow, or with both',
  FOR_EACH_COMPLETE: 'a for-each that waits for more items than there are, or names a rest of none',
  FOR_EACH_COLLECT: 'a for-each that keeps too many results',
  CANCEL_UNKNOWN: 'a region with an action that does not exist',
  CANCEL_SELF: 'an action in its own region',
  GROUP_UNKNOWN: 'a group of no for-each',
  GROUP_ITEMS: 'a group extended by nothing, or items for another change',
  MODULE_MISSING: 'a call without a module',
  MODULE_INVALID: 'not the path of a module',
  INPUT_INVALID: 'an input that is not a JSON object',
  CONDITION_INVALID: 'not a condition',
  SCRIPT_INVALID: 'not a script of its language',
  SQL_INVALID: 'a statement that workflows may not execute',
  SUBSTITUTION_INVALID: 'not a text with expressions to put in',
  TIME_INVALID: 'not a time, zone or calendar, or times that do not go together',
  MAP_INVALID: 'a runtime data map that cannot be applied, or a part of one',
  FILTER_INVALID: 'not an entry of an audit trail filter',
  PROCESS_INVALID: 'a process that cannot be started as it is written, or properties that do not go together',
  FILES_INVALID: 'not a pattern of files, or numbers of them that do not go together',
  DEADLINE_INVALID: 'a deadline with two dates, or with none',
  RUN_INVALID: 'a run without a start or an end, or marked where none can be',
  SIGNAL_INVALID: 'signals that do not go together, or not with the action',
  RACE_INVALID: 'a race of something else than triggers, or of one alone',
} as const;

export type FaultCode = keyof typeof faultCodes;

/** Keys and indexes from the root of a value to a place in it. */
export type Path = readonly (string | number)[];

/** A fault with one of the codes of a registry; other rooms that read documents have registries of their own. */
export interface FaultOf<Code extends string> {
  readonly code: Code;
  /** What was found and what is accepted. Safe to print: control characters are escaped. */
  readonly message: string;
  /** As written: `actions.score.timeoutMs` or `actions[2].timeoutMs`; empty for the whole. */
  readonly path: string;
  readonly file: string | null;
  /** From 1; `null` when the value did not come from text. */
  readonly line: number | null;
  readonly column: number | null;
}

export type Fault = FaultOf<FaultCode>;

/** A value, or why there is none. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

/** Collects a fault; `part` says whether the key or the value at `path` is to blame (default: the value), or where in it. */
export type Report = (code: FaultCode, path: Path, message: string, part?: FaultPart) => void;

export type FaultPart = 'key' | 'value' | TextPlace;

/** A place in a text, however that is broken into lines: after so many characters that are no blanks. */
export interface TextPlace {
  readonly inked: number;
  /** Nothing but blanks follows. */
  readonly isEnd: boolean;
}

/** Thrown by the builder. `code` is the engine's for a bad definition. */
export class DefinitionError extends Error {
  override name = 'DefinitionError';
  readonly code = 'WORKFLOW_INVALID';
  constructor(readonly faults: readonly Fault[]) {
    super(`WORKFLOW_INVALID: ${faults.map(formatFault).join('\n')}`);
  }
}

/** A fault without a place in a file. */
export function faultAt(code: FaultCode, path: Path, message: string): Fault {
  return { code, message, path: formatPath(path), file: null, line: null, column: null };
}

export function refuse(code: FaultCode, path: Path, message: string): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: faultAt(code, path, message) };
}

/** `file:line:column field: message (CODE)`; what is not known is left out. */
export function formatFault(fault: FaultOf<string>): string {
  const file = fault.file === null ? [] : [escapeUnprintable(fault.file)];
  const place = [...file, ...(fault.line === null ? [] : [fault.line, fault.column])].join(':');
  const field = fault.path === '' ? '' : `${fault.path}: `;
  // Without a line the file needs a colon of its own, or it would read as part of the field.
  const lead = place === '' ? '' : fault.line === null ? `${place}: ` : `${place} `;
  return `${lead}${field}${fault.message} (${fault.code})`;
}

/** `['actions', 2, 'timeoutMs']` as `actions[2].timeoutMs`; odd keys are quoted: `vars["a b"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(part) && part.length <= 200) text += text === '' ? part : `.${part}`;
    else text += `[${quote(part)}]`;
  }
  return text;
}

/** Text in double quotes, cut at 60 characters, safe on a terminal and in a log. */
export function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return escapeUnprintable(JSON.stringify(cut));
}

/** Names in quotes, at most six: a loop of a thousand actions is told by its ends. */
export function listNames(names: readonly string[], separator = ', '): string {
  const shown = names.length <= 6 ? names : [...names.slice(0, 3), '…', ...names.slice(-2)];
  return shown.map(name => (name === '…' ? name : quote(name))).join(separator);
}

/** Words of somebody else, one line of at most 200 characters. */
export function quoteMessage(message: string): string {
  const line = message.split('\n')[0]!.slice(0, 200);
  // Not of a word in capitals, such as ENOENT.
  const isSentence = !/^\p{Lu}{2}/u.test(line);
  return escapeUnprintable(isSentence ? line.charAt(0).toLowerCase() + line.slice(1) : line);
}

/** JSON escapes C0 only; DEL, C1 and the invisible format characters (bidi overrides) must not reach a terminal. */
function escapeUnprintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    found => `\\u${found.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/** The candidate most like `text`, or `null` when none is near: at most a third of its letters differ. */
export function nearest(text: string, candidates: Iterable<string>): string | null {
  if (text.length > 100) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) >= bestDistance) continue;
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `left` into `right`. */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let distance = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) distance = Math.min(distance, before[column - 2]! + 1);
      current.push(distance);
    }
    [before, above] = [above, current];
  }
  return above[right.length]!;
}
