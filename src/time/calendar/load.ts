// The file people write, YAML or JSON, to a verified calendar.
//
// A file may be the definition as the model has it, or say the same more shortly:
//   - `calendar:` for `name:`
//   - `sets:` as a map from name to set instead of a list
//   - `days: mon-fri` for a list of one; so with `dates`, `hours`, `kinds`, `union` and `intersection`
//   - `exclude: lunch` for `exclude: { set: lunch }`
//   - `holidays: US` for `holidays: { country: US }`
// Faults name what was written, by line: `locate` walks the file along a path of the definition.

import { readDocument, type Written, type WrittenDocument, type WrittenEntry } from '../../workflow/document.js';
import { type FaultPart, faultAt, formatPath, type Path } from '../../workflow/fault.js';
import type { Source } from '../../workflow/verify.js';
import type { CalendarFault } from './calendar-fault.js';
import type { CalendarDefinition } from './model.js';
import { verifyCalendar } from './verify.js';

/** A definition with where each piece was written, so that what is found later (an unknown country) has its line too. */
export type ParsedCalendar =
  | { readonly ok: true; readonly value: CalendarDefinition; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly CalendarFault[] };

/**
 * Read a calendar from text, YAML or JSON. Never throws, reads no other file.
 *
 * @param file named in the faults; nothing is read from it
 * @returns the definition, or every fault with file, line and field
 */
export function parseCalendar(text: string, { file }: { readonly file: string }): ParsedCalendar {
  const document = readDocument(text, file);
  if (document.root === null) return { ok: false, faults: document.faults };
  const rewriting = new Rewriting(document.root, document, file);
  const definition = rewriting.definition();
  const faults = [...document.faults, ...rewriting.faults, ...verifyCalendar(definition, rewriting)];
  if (faults.length > 0)
    return {
      ok: false,
      faults: faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!),
    };
  // Verified just now: this is what a CalendarDefinition is.
  return { ok: true, value: definition as CalendarDefinition, source: rewriting };
}

const listKeys = ['days', 'dates', 'hours', 'kinds', 'union', 'intersection'];
const operations = ['include', 'exclude', 'only'];

class Rewriting implements Source {
  readonly file: string;
  readonly faults: CalendarFault[] = [];
  readonly #root: Written;
  readonly #document: WrittenDocument;
  readonly #nameKey: string;

  constructor(root: Written, document: WrittenDocument, file: string) {
    this.#root = root;
    this.#document = document;
    this.file = file;
    const isCalled = entryOf(root, 'name') !== undefined && entryOf(root, 'calendar') === undefined;
    this.#nameKey = isCalled ? 'name' : 'calendar';
  }

  definition(): unknown {
    if (this.#root.kind !== 'map') return plain(this.#root);
    const definition: Record<string, unknown> = {};
    for (const { key, keyOffset, value } of this.#root.entries) {
      if (key === 'calendar' || key === 'name') {
        if ('name' in definition) this.#reportTwice(keyOffset, [key], '"calendar" and "name" are the same; keep one');
        else definition.name = plain(value);
      } else if (key === 'sets' && value.kind === 'map') {
        definition.sets = value.entries.map(entry => this.#namedSet(entry));
      } else define(definition, key, plain(value));
    }
    return definition;
  }

  #namedSet({ key: name, value }: WrittenEntry): unknown {
    const set = plain(value);
    if (value.kind !== 'map') return set;
    const own = entryOf(value, 'name');
    const path = ['sets', name, 'name'];
    if (own !== undefined) this.#reportTwice(own.keyOffset, path, "a set's name is its key; leave this out");
    return { ...(set as object), name };
  }

  locate(path: Path, part: FaultPart): { path: Path; line: number; column: number } {
    let at = this.#root;
    let offset = at.offset;
    const written: (string | number)[] = [];
    const steps = path[0] === 'name' ? [this.#nameKey, ...path.slice(1)] : path;
    for (const [depth, step] of steps.entries()) {
      const inner = this.#step(at, step);
      // What is missing is named, and placed at what should hold it; a text that stands for more is named itself.
      if (inner === null) {
        if (at.kind !== 'scalar' && !(step === 'name' && depth === 2)) written.push(...steps.slice(depth));
        break;
      }
      written.push(inner.key);
      at = inner.value;
      offset = depth === path.length - 1 && part === 'key' ? inner.keyOffset : at.offset;
    }
    return { path: written, ...this.#document.placeAt(offset) };
  }

  #step(at: Written, step: string | number): { key: string | number; keyOffset: number; value: Written } | null {
    if (at.kind === 'list') {
      const item = typeof step === 'number' ? at.items[step] : undefined;
      return item === undefined ? null : { key: step, keyOffset: item.offset, value: item };
    }
    if (at.kind !== 'map') return null;
    if (typeof step === 'number') return at.entries[step] ?? null;
    return entryOf(at, step) ?? null;
  }

  keysAt(path: Path, keys: readonly string[]): readonly string[] {
    if (path.length === 0) return keys.map(key => (key === 'name' ? this.#nameKey : key));
    const isKeyed = path[0] === 'sets' && path.length === 2 && entryOf(this.#root, 'sets')?.value.kind === 'map';
    return isKeyed ? keys.filter(key => key !== 'name') : keys;
  }

  #reportTwice(offset: number, path: Path, message: string): void {
    const place = { path: formatPath(path), file: this.file, ...this.#document.placeAt(offset) };
    this.faults.push({ ...faultAt('KEY_DUPLICATE', path, message), ...place });
  }
}

function entryOf(value: Written | undefined, key: string): WrittenEntry | undefined {
  return value?.kind === 'map' ? value.entries.find(entry => entry.key === key) : undefined;
}

/** The value that was written, as the model has it. Depth was bounded by the reader. */
function plain(written: Written, key = ''): unknown {
  switch (written.kind) {
    case 'scalar':
      return long(written.value, key);
    case 'list':
      return written.items.map(item => plain(item));
    case 'map': {
      const object: Record<string, unknown> = {};
      for (const entry of written.entries) define(object, entry.key, plain(entry.value, entry.key));
      return object;
    }
  }
}

/** What a short text stands for under its key. */
function long(value: unknown, key: string): unknown {
  if (listKeys.includes(key) && value !== null) return [value];
  if (typeof value !== 'string') return value;
  if (operations.includes(key)) return { set: value };
  return key === 'holidays' ? { country: value } : value;
}

/** Sets a key of one's own, `__proto__` too, so that verification sees it and refuses it. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}
