// The file people write, YAML or JSON, to a verified definition.
//
// A file may be the definition as the model has it, or say the same more shortly:
//   - `workflow:` for `name:`
//   - `actions:` as a map from name to action, in order, instead of a list
//   - `next: publish` in an action for a flow from it to `publish`; a flow with more to say is a map without `from`,
//     `next: { to: publish, condition: RESULT.score >= 50 }`; a list for several
//   - `flows:` left out when there are none (beside `next`)
//   - `type: null` without quotes, which YAML reads as nothing
// The rewriting keeps where each piece came from, so that faults name what was written, by line.

import { readDocument, type Written, type WrittenDocument, type WrittenEntry } from './document.js';
import { type Fault, type FaultPart, faultAt, formatPath, type Path } from './fault.js';
import type { WorkflowDefinition } from './model.js';
import { parseName } from './namespace.js';
import { type Source, verify } from './verify.js';

export type Loaded = { readonly definition: WorkflowDefinition } | { readonly faults: readonly Fault[] };

/**
 * Read a definition from text. Never throws.
 *
 * @param fileName named in the faults; nothing is read from it
 */
export function loadDefinition(text: string, fileName: string): Loaded {
  const document = readDocument(text, fileName);
  if (document.root === null) return { faults: document.faults };
  const rewriting = new Rewriting(document.root, document, fileName);
  const definition = rewriting.definition();
  const faults = [...document.faults, ...rewriting.faults, ...verify(definition, rewriting)];
  if (faults.length > 0)
    return { faults: faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!) };
  // Verified just now: this is what a WorkflowDefinition is.
  return { definition: definition as WorkflowDefinition };
}

/** An action as written; `name` is its key, or `null` in a list. */
interface WrittenAction {
  readonly name: string | null;
  readonly keyOffset: number;
  readonly value: Written;
}

/** Where a flow of `next` stands. */
interface NextPath {
  readonly path: Path;
  /** Written as a map; otherwise it is the name of its target. */
  readonly isMap: boolean;
}

class Rewriting implements Source {
  readonly file: string;
  readonly faults: Fault[] = [];
  readonly #root: Written;
  readonly #document: WrittenDocument;
  readonly #actions: readonly WrittenAction[] | null;
  readonly #nameKey: string;
  /** Flows under `flows:`; those after them came from `next`, whose places follow here. */
  #ownFlows = 0;
  readonly #nextPaths: NextPath[] = [];

  constructor(root: Written, document: WrittenDocument, file: string) {
    this.#root = root;
    this.#document = document;
    this.file = file;
    this.#actions = actionsOf(entryOf(root, 'actions')?.value);
    this.#nameKey =
      entryOf(root, 'name') !== undefined && entryOf(root, 'workflow') === undefined ? 'name' : 'workflow';
  }

  definition(): unknown {
    if (this.#root.kind !== 'map') return plain(this.#root);
    const definition: Record<string, unknown> = {};
    for (const { key, keyOffset, value } of this.#root.entries) {
      if (key === 'workflow' || key === 'name') {
        if ('name' in definition)
          this.#report('KEY_DUPLICATE', keyOffset, [key], '"workflow" and "name" are the same; keep one');
        else definition.name = canonicalName(plain(value));
      } else if (key === 'actions' && this.#actions !== null) {
        definition.actions = this.#actions.map((action, place) => this.#action(action, place));
      } else define(definition, key, plain(value));
    }
    definition.flows = this.#flows(definition.flows);
    return definition;
  }

  #action({ name, value }: WrittenAction, place: number): unknown {
    if (value.kind !== 'map') return plain(value);
    const action: Record<string, unknown> = name === null ? {} : { name };
    for (const { key, keyOffset, value: member } of value.entries) {
      if (key === 'next') continue;
      if (key === 'name' && name !== null) {
        this.#report(
          'KEY_DUPLICATE',
          keyOffset,
          [...this.#actionPath(place), key],
          "an action's name is its key; leave this out",
        );
      } else if (key === 'type' && member.kind === 'scalar' && member.value === null && member.text !== '') {
        action.type = 'null';
      } else define(action, key, plain(member));
    }
    return action;
  }

  /** The flows as written, then those that `next` stands for. */
  #flows(own: unknown): unknown {
    if (own !== undefined && !Array.isArray(own)) return own;
    const flows: unknown[] = own ?? [];
    this.#ownFlows = flows.length;
    this.#actions?.forEach(({ name, value }, place) => {
      const next = entryOf(value, 'next');
      if (next === undefined) return;
      const from = name ?? plain(entryOf(value, 'name')?.value);
      const path = [...this.#actionPath(place), 'next'];
      const targets = next.value.kind === 'list' ? next.value.items : [next.value];
      targets.forEach((target, index) => {
        const at = next.value.kind === 'list' ? [...path, index] : path;
        const isMap = target.kind === 'map';
        flows.push(isMap ? this.#nextFlow(target, from, at) : { from, to: plain(target) });
        this.#nextPaths.push({ path: at, isMap });
      });
    });
    return flows;
  }

  #nextFlow(target: Extract<Written, { kind: 'map' }>, from: unknown, path: Path): unknown {
    const flow: Record<string, unknown> = { from };
    for (const { key, keyOffset, value } of target.entries) {
      if (key !== 'from') define(flow, key, plain(value));
      else {
        const message = 'a flow of "next" leads out of its own action; leave this out';
        this.#report('KEY_UNKNOWN', keyOffset, [...path, key], message);
      }
    }
    return flow;
  }

  locate(path: Path, part: FaultPart): { path: Path; line: number; column: number } {
    const isName = path[0] === 'actions' && path.length === 3 && path[2] === 'name' && this.#isMap();
    const written = this.#writtenPath(path);
    const isWithin = typeof part === 'object';
    const offset = this.#offsetOf(written, isName ? 'key' : isWithin ? 'value' : part);
    return { path: written, ...this.#document.placeAt(offset, isWithin ? part : undefined) };
  }

  keysAt(path: Path, keys: readonly string[]): readonly string[] {
    if (path.length === 0) return keys.map(key => (key === 'name' ? this.#nameKey : key));
    if (this.#nextOf(path) !== undefined) return keys.filter(key => key !== 'from');
    if (path.length !== 2 || path[0] !== 'actions') return keys;
    return [...(this.#isMap() ? keys.filter(key => key !== 'name') : keys), 'next'];
  }

  /** The path in the file for a path in the definition. */
  #writtenPath(path: Path): Path {
    const [first, second, third, ...rest] = path;
    if (first === 'name') return [this.#nameKey];
    if (first === 'actions' && typeof second === 'number') {
      if (third === undefined || (third === 'name' && this.#isMap())) return this.#actionPath(second);
      return [...this.#actionPath(second), third, ...rest];
    }
    const next = this.#nextOf(path);
    if (next === undefined) return path;
    return next.isMap && third !== undefined ? [...next.path, third, ...rest] : next.path;
  }

  /** Where the flow that a path leads to, or into, stands, when it came from `next`. */
  #nextOf([first, second]: Path): NextPath | undefined {
    if (first !== 'flows' || typeof second !== 'number') return undefined;
    return this.#nextPaths[second - this.#ownFlows];
  }

  #isMap(): boolean {
    return this.#actions?.[0]?.name != null;
  }

  #actionPath(place: number): Path {
    return ['actions', this.#actions?.[place]?.name ?? place];
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

function entryOf(value: Written | undefined, key: string): WrittenEntry | undefined {
  return value?.kind === 'map' ? value.entries.find(entry => entry.key === key) : undefined;
}

function actionsOf(actions: Written | undefined): WrittenAction[] | null {
  if (actions?.kind === 'map')
    return actions.entries.map(({ key, keyOffset, value }) => ({ name: key, keyOffset, value }));
  if (actions?.kind === 'list') return actions.items.map(value => ({ name: null, keyOffset: value.offset, value }));
  return null;
}

/** NFC if it is a name at all; verification says what is wrong with it otherwise. */
function canonicalName(name: unknown): unknown {
  const parsed = typeof name === 'string' ? parseName(name) : null;
  return parsed?.ok ? parsed.value : name;
}

/** The value that was written, as JSON has it. Depth was bounded by the reader. */
function plain(written: Written | undefined): unknown {
  switch (written?.kind) {
    case undefined:
      return undefined;
    case 'scalar':
      return written.value;
    case 'list':
      return written.items.map(plain);
    case 'map': {
      const object: Record<string, unknown> = {};
      for (const { key, value } of written.entries) define(object, key, plain(value));
      return object;
    }
  }
}

/** Sets a key of one's own, `__proto__` too, so that verification sees it and refuses it. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}
