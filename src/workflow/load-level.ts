// Actions and flows as a file has them, of the workflow or of a for-each body: rewritten to lists, and the way back from a
// path in what was made of them to the path at which it was written.

import type { Written, WrittenEntry } from './document.js';
import type { Path } from './fault.js';

/** What is wrong with what was written, at a place in the text. */
export type ReportWritten = (
  code: 'KEY_DUPLICATE' | 'KEY_UNKNOWN',
  offset: number,
  path: Path,
  message: string,
) => void;

/** An action as written; `name` is its key, or `null` in a list. */
interface WrittenAction {
  readonly name: string | null;
  readonly value: Written;
}

/** Where a flow of `next` stands. */
interface NextPath {
  readonly path: Path;
  /** Written as a map; otherwise it is the name of its target. */
  readonly isMap: boolean;
}

/** Paths in the definition are given from this level on: `['actions', 2, 'retry']`. */
export class LoadedLevel {
  /** At which it was written, in the file. */
  readonly #path: Path;
  readonly #holder: Written;
  readonly #report: ReportWritten;
  readonly #actions: readonly WrittenAction[] | null;
  readonly #bodies = new Map<number, LoadedLevel>();
  /** Flows under `flows:`; those after them came from `next`, whose places follow here. */
  #ownFlows = 0;
  readonly #nextPaths: NextPath[] = [];

  constructor(holder: Written, path: Path, report: ReportWritten) {
    this.#path = path;
    this.#holder = holder;
    this.#report = report;
    this.#actions = actionsOf(entryOf(holder, 'actions')?.value);
  }

  /** Its members, those in `passedOver` left out. */
  value(passedOver: readonly string[] = []): Record<string, unknown> {
    const level: Record<string, unknown> = {};
    for (const { key, value } of this.#holder.kind === 'map' ? this.#holder.entries : []) {
      if (passedOver.includes(key)) continue;
      if (key === 'actions' && this.#actions !== null)
        level.actions = this.#actions.map((action, index) => this.#action(action, index));
      else define(level, key, plain(value));
    }
    level.flows = this.#flows(level.flows);
    return level;
  }

  #action({ name, value }: WrittenAction, index: number): unknown {
    if (value.kind !== 'map') return plain(value);
    const action: Record<string, unknown> = name === null ? {} : { name };
    for (const { key, keyOffset, value: member } of value.entries) {
      if (key === 'next') continue;
      const path = [...this.#actionPath(index), key];
      if (key === 'name' && name !== null) {
        this.#report('KEY_DUPLICATE', keyOffset, path, "an action's name is its key; leave this out");
      } else if (key === 'type' && member.kind === 'scalar' && member.value === null && member.text !== '') {
        action.type = 'null';
      } else if (key === 'body' && member.kind === 'map') {
        const body = new LoadedLevel(member, path, this.#report);
        this.#bodies.set(index, body);
        action.body = body.value();
      } else define(action, key, plain(member));
    }
    return action;
  }

  /** The flows as written, then those that `next` stands for. */
  #flows(own: unknown): unknown {
    if (own !== undefined && !Array.isArray(own)) return own;
    const flows: unknown[] = own ?? [];
    this.#ownFlows = flows.length;
    this.#actions?.forEach(({ name, value }, index) => {
      const next = entryOf(value, 'next');
      if (next === undefined) return;
      const from = name ?? plain(entryOf(value, 'name')?.value);
      const path = [...this.#actionPath(index), 'next'];
      const targets = next.value.kind === 'list' ? next.value.items : [next.value];
      targets.forEach((target, at) => {
        const targetPath = next.value.kind === 'list' ? [...path, at] : path;
        const isMap = target.kind === 'map';
        flows.push(isMap ? this.#nextFlow(target, from, targetPath) : { from, to: plain(target) });
        this.#nextPaths.push({ path: targetPath, isMap });
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

  /** Whether what stands at a path was written as a key: the name of an action in a map. */
  isKey(path: Path): boolean {
    const within = this.#bodyAt(path);
    if (within !== null) return within.body.isKey(within.rest);
    return path[0] === 'actions' && path.length === 3 && path[2] === 'name' && this.#isMap();
  }

  /** The path in the file. */
  writtenPath(path: Path): Path {
    const within = this.#bodyAt(path);
    if (within !== null) return within.body.writtenPath(within.rest);
    const [first, second, third, ...rest] = path;
    if (first === 'actions' && typeof second === 'number') {
      if (third === undefined || (third === 'name' && this.#isMap())) return this.#actionPath(second);
      return [...this.#actionPath(second), third, ...rest];
    }
    const next = this.#nextOf(path);
    if (next === undefined) return [...this.#path, ...path];
    return next.isMap && third !== undefined ? [...next.path, third, ...rest] : next.path;
  }

  /** What can be written at a path in place of the schema's keys. */
  keysAt(path: Path, keys: readonly string[]): readonly string[] {
    const within = this.#bodyAt(path);
    if (within !== null) return within.body.keysAt(within.rest, keys);
    if (this.#nextOf(path) !== undefined) return keys.filter(key => key !== 'from');
    if (path.length !== 2 || path[0] !== 'actions') return keys;
    return [...(this.#isMap() ? keys.filter(key => key !== 'name') : keys), 'next'];
  }

  #bodyAt([first, second, third, ...rest]: Path): { body: LoadedLevel; rest: Path } | null {
    if (first !== 'actions' || typeof second !== 'number' || third !== 'body') return null;
    const body = this.#bodies.get(second);
    return body === undefined ? null : { body, rest };
  }

  /** Where the flow that a path leads to, or into, stands, when it came from `next`. */
  #nextOf([first, second]: Path): NextPath | undefined {
    if (first !== 'flows' || typeof second !== 'number') return undefined;
    return this.#nextPaths[second - this.#ownFlows];
  }

  #isMap(): boolean {
    return this.#actions?.[0]?.name != null;
  }

  #actionPath(index: number): Path {
    return [...this.#path, 'actions', this.#actions?.[index]?.name ?? index];
  }
}

export function entryOf(value: Written | undefined, key: string): WrittenEntry | undefined {
  return value?.kind === 'map' ? value.entries.find(entry => entry.key === key) : undefined;
}

function actionsOf(actions: Written | undefined): WrittenAction[] | null {
  if (actions?.kind === 'map') return actions.entries.map(({ key, value }) => ({ name: key, value }));
  if (actions?.kind === 'list') return actions.items.map(value => ({ name: null, value }));
  return null;
}

/** The value that was written, as JSON has it. Depth was bounded by the reader. */
export function plain(written: Written | undefined): unknown {
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
