// The file people write, YAML or JSON, to a verified definition.
//
// A file may be the definition as the model has it, or say the same more shortly:
//   - `workflow:` for `name:`
//   - `actions:` as a map from name to action, in order, instead of a list
//   - `next: publish` in an action for a flow from it to `publish`; a flow with more to say is a map without `from`,
//     `next: { to: publish, condition: RESULT.score >= 50 }`; a list for several
//   - `flows:` left out when there are none (beside `next`)
//   - the same in the bodies of for-each actions
//   - `type: null` without quotes, which YAML reads as nothing
//   - `{ file: path }` for a calendar, which whoever reads files puts in its place
// The rewriting keeps where each piece came from, so that faults name what was written, by line.

import type { CalendarDefinition } from '../time/calendar/model.js';
import { isPlainObject } from './conform.js';
import { readDocument, type Written, type WrittenDocument } from './document.js';
import { type Fault, type FaultPart, faultAt, formatPath, type Path } from './fault.js';
import { entryOf, LoadedLevel, plain } from './load-level.js';
import type { WorkflowDefinition } from './model.js';
import { parseName } from './namespace.js';
import type { ScriptCheck } from './script-checks.js';
import { type BranchModulesCheck, type Source, verify } from './verify.js';

export type Loaded = { readonly definition: WorkflowDefinition } | { readonly faults: readonly Fault[] };

/**
 * Read a definition from text. Never throws.
 *
 * @param fileName named in the faults; nothing is read from it
 * @param checkScript as in `verify`
 * @param hasBranchModules as in `verify`
 * @param calendars what stands in files of their own, by index (`calendarFilesOf`)
 */
export function loadDefinition(
  text: string,
  fileName: string,
  checkScript?: ScriptCheck,
  hasBranchModules?: BranchModulesCheck,
  calendars: ReadonlyMap<number, CalendarDefinition> = new Map(),
): Loaded {
  const document = readDocument(text, fileName);
  if (document.root === null) return { faults: document.faults };
  const rewriting = new Rewriting(document.root, document, fileName);
  const definition = withCalendars(rewriting.definition(), calendars);
  const verified = verify(definition, rewriting, checkScript, hasBranchModules);
  const faults = [...document.faults, ...rewriting.faults, ...verified];
  if (faults.length > 0)
    return { faults: faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!) };
  // Verified just now: this is what a WorkflowDefinition is.
  return { definition: definition as WorkflowDefinition };
}

/** The calendars that stand in files: their places in the list, and the paths as written. */
export function calendarFilesOf(text: string, fileName: string): { readonly index: number; readonly path: string }[] {
  const root = readDocument(text, fileName).root ?? undefined;
  const calendars = entryOf(root, 'calendars')?.value;
  if (calendars?.kind !== 'list') return [];
  return calendars.items.flatMap((item, index) => {
    const file = entryOf(item, 'file')?.value;
    return file?.kind === 'scalar' && typeof file.value === 'string' ? [{ index, path: file.value }] : [];
  });
}

function withCalendars(definition: unknown, calendars: ReadonlyMap<number, CalendarDefinition>): unknown {
  if (calendars.size === 0 || !isPlainObject(definition) || !Array.isArray(definition.calendars)) return definition;
  const whole = definition.calendars.map((written: unknown, index) => calendars.get(index) ?? written);
  return { ...definition, calendars: whole };
}

class Rewriting implements Source {
  readonly file: string;
  readonly faults: Fault[] = [];
  readonly #root: Written;
  readonly #document: WrittenDocument;
  readonly #level: LoadedLevel;
  readonly #nameKey: string;

  constructor(root: Written, document: WrittenDocument, file: string) {
    this.#root = root;
    this.#document = document;
    this.file = file;
    this.#level = new LoadedLevel(root, [], (...fault) => this.#report(...fault));
    this.#nameKey =
      entryOf(root, 'name') !== undefined && entryOf(root, 'workflow') === undefined ? 'name' : 'workflow';
  }

  definition(): unknown {
    if (this.#root.kind !== 'map') return plain(this.#root);
    const definition: Record<string, unknown> = {};
    for (const { key, keyOffset, value } of this.#root.entries) {
      if (key !== 'workflow' && key !== 'name') continue;
      if ('name' in definition)
        this.#report('KEY_DUPLICATE', keyOffset, [key], '"workflow" and "name" are the same; keep one');
      else definition.name = canonicalName(plain(value));
    }
    return { ...definition, ...this.#level.value(['workflow', 'name']) };
  }

  locate(path: Path, part: FaultPart): { path: Path; line: number; column: number } {
    const written = path[0] === 'name' ? [this.#nameKey] : this.#level.writtenPath(path);
    const isWithin = typeof part === 'object';
    const offset = this.#offsetOf(written, this.#level.isKey(path) ? 'key' : isWithin ? 'value' : part);
    return { path: written, ...this.#document.placeAt(offset, isWithin ? part : undefined) };
  }

  keysAt(path: Path, keys: readonly string[]): readonly string[] {
    if (path.length === 0) return keys.map(key => (key === 'name' ? this.#nameKey : key));
    return this.#level.keysAt(path, keys);
  }

  /** Walks the file along a path as far as it goes: what is missing is placed at what should hold it. */
  #offsetOf(path: Path, part: 'key' | 'value'): number {
    let at = this.#root;
    for (const [depth, step] of path.entries()) {
      const isLast = depth === path.length - 1;
      if (at.kind === 'map' && typeof step === 'string') {
        const entry = entryOf(at, step);
        if (entry === undefined) break;
        if (isLast && part === 'key') return entry.keyOffset;
        at = entry.value;
      } else if (at.kind === 'list' && typeof step === 'number') {
        const item = at.items[step];
        if (item === undefined) break;
        at = item;
      } else break;
    }
    return at.offset;
  }

  #report(code: Fault['code'], offset: number, path: Path, message: string): void {
    this.faults.push({
      ...faultAt(code, path, message),
      path: formatPath(path),
      file: this.file,
      ...this.#document.placeAt(offset),
    });
  }
}

/** NFC if it is a name at all; verification says what is wrong with it otherwise. */
function canonicalName(name: unknown): unknown {
  const parsed = typeof name === 'string' ? parseName(name) : null;
  return parsed?.ok ? parsed.value : name;
}
