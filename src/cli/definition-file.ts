// A definition file, read and verified: every fault with file, line and column.
//
// Beside what the definition says, a module that is not there is a fault here: `run` would find it after half a minute of
// retries otherwise.

import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { calendarsBeside } from '../engine/definitions/calendar-files.js';
import { withScriptsChecked } from '../script/check-scripts.js';
import type { CalendarFaultCode } from '../time/calendar/index.js';
import { unreadyTimes } from '../triggers/unready.js';
import { readDocument, type Written } from '../workflow/document.js';
import { type Fault, type FaultCode, formatFault, formatPath, type Path, quote } from '../workflow/fault.js';
import { loadDefinition } from '../workflow/load.js';
import type { WorkflowDefinition } from '../workflow/model.js';
import { compilePlan } from '../workflow/plan.js';
import { type BranchModulesCheck, definitionSizeMax } from '../workflow/verify.js';
import { placeIn } from './json-place.js';
import { wholeText, withoutMark } from './utf8.js';

/** A fault of a definition, of a calendar it names, or of its file. */
export interface FileFault extends Omit<Fault, 'code'> {
  readonly code: FaultCode | CalendarFaultCode | 'FILE_UNREADABLE';
}

export type DefinitionFile =
  | { readonly definition: WorkflowDefinition; readonly folder: string }
  | { readonly faults: readonly FileFault[] };

/** `file:line:column field: message (CODE)` */
export function faultLine(fault: FileFault): string {
  // Only printed: `formatFault` looks nothing up by the code.
  return formatFault(fault as Fault);
}

/** Never throws for what the file is or holds. @param hasBranchModules as in `verify` */
export async function readDefinition(file: string, hasBranchModules?: BranchModulesCheck): Promise<DefinitionFile> {
  let bytes: Buffer;
  try {
    bytes = beginningOf(file, 4 * definitionSizeMax);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    return refuse(
      file,
      'FILE_UNREADABLE',
      `cannot be read: ${reason === 'ENOENT' ? 'there is no such file' : reason}`,
      null,
    );
  }
  const { text: raw, isWhole } = wholeText(bytes);
  const text = withoutMark(raw);
  if (text.length > definitionSizeMax || bytes.length > 4 * definitionSizeMax) {
    const message = `the file is larger than ${definitionSizeMax} characters`;
    return refuse(file, 'TOO_LARGE', message, { line: 1, column: 1 });
  }
  if (!isWhole) return refuse(file, 'TEXT_INVALID', 'holds a byte that is not UTF-8', placeIn(text, text.length));
  const folder = dirname(resolve(file));
  const calendars = await calendarsBeside(text, file, folder);
  if ('faults' in calendars) return calendars;
  const loaded = await withScriptsChecked(check =>
    loadDefinition(text, file, check, hasBranchModules, calendars.calendars),
  );
  if ('faults' in loaded) return loaded;
  const unready = await unreadyTimes(loaded.definition);
  const faults = [
    ...missingModules(loaded.definition, folder, text, file),
    ...unready.map(({ at, ...fault }) => ({ ...fault, file, ...placeOf(at, text, file) })),
  ];
  return faults.length > 0 ? { faults } : { definition: loaded.definition, folder };
}

function refuse(
  file: string,
  code: FileFault['code'],
  message: string,
  place: { line: number; column: number } | null,
): DefinitionFile {
  return { faults: [{ code, message, path: '', file, line: place?.line ?? null, column: place?.column ?? null }] };
}

/** At most one byte more than `bytesMax`: whatever the file is, it is not read to its end. */
function beginningOf(file: string, bytesMax: number): Buffer {
  const descriptor = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.allocUnsafe(bytesMax + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}

function missingModules(definition: WorkflowDefinition, folder: string, text: string, file: string): Fault[] {
  const faults: Fault[] = [];
  const told = new Set<string>();
  for (const { name, action, modulePath } of compilePlan(definition, folder).actions) {
    if (action.type !== 'call' || modulePath === null || fs.statSync(modulePath, { throwIfNoEntry: false })?.isFile())
      continue;
    const path = action.module === undefined ? ['module'] : [...pathOf(name), 'module'];
    const field = formatPath(path);
    if (told.has(field)) continue;
    told.add(field);
    const message = `there is no file ${quote(action.module ?? definition.module ?? '')} beside the definition`;
    faults.push({ code: 'MODULE_INVALID', message, path: field, file, ...placeOf(path, text, file) });
  }
  return faults;
}

/** Of an action by its name in the plan: `each/check` is in the body of `each`. */
function pathOf(name: string): string[] {
  return name.split('/').flatMap((part, depth) => [...(depth === 0 ? [] : ['body']), 'actions', part]);
}

/** Where a member was written; actions may be a map, or a list of maps that have a name. */
function placeOf(path: Path, text: string, file: string): { line: number; column: number } {
  const document = readDocument(text, file);
  let at = document.root;
  for (const step of path) at = memberOf(at, step) ?? at;
  return document.placeAt(at?.offset ?? 0);
}

function memberOf(written: Written | null, step: string | number): Written | undefined {
  if (typeof step === 'number' && written?.kind === 'list') return written.items[step];
  if (typeof step === 'number' && written?.kind === 'map') return written.entries[step]?.value;
  if (written?.kind === 'map') return written.entries.find(({ key }) => key === step)?.value;
  if (written?.kind !== 'list') return undefined;
  return written.items.find(item => {
    const name = memberOf(item, 'name');
    return name?.kind === 'scalar' && name.value === step;
  });
}
