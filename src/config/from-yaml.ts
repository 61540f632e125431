// YAML, or JSON, as a tree. A key that begins with `/` is a branch below where it stands, all others are properties:
//
//   PRIORITY: 20
//   /imports:
//     PRIORITY: 5
//     FTP_SERVER: a.example.com
//     /nightly:
//       PRIORITY: 50

import { readDocument, type Written } from '../workflow/document.js';
import { quote } from '../workflow/fault.js';
import type { Json } from '../workflow/model.js';
import { parseBranch } from '../workflow/namespace.js';
import type { ConfigurationFault, Outcome } from './fault.js';
import { fieldOf, innerPath } from './property-checks.js';
import type { Raw, Surroundings } from './raw-value.js';
import type { RuntimeTree } from './tree.js';
import { type Place, TreeBuilder } from './tree-builder.js';

export function treeFromYaml(text: string, file: string, surroundings: Surroundings): Outcome<RuntimeTree> {
  // Nothing but comments: a configuration that says nothing, as in a properties file.
  if (!/^[^#\s]/m.test(text.replace(/^[ \t]+/gm, ''))) return { ok: true, value: { branches: new Map() } };
  const document = readDocument(text, file);
  const builder = new TreeBuilder(file, surroundings);
  if (document.root !== null) {
    const reading = new Reading(builder, offset => document.placeAt(offset));
    reading.branch(document.root, '/');
  }
  const built = builder.outcome();
  const faults: ConfigurationFault[] = [...document.faults, ...(built.ok ? [] : built.faults)];
  if (faults.length === 0) return built;
  return { ok: false, faults: faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!) };
}

class Reading {
  readonly #builder: TreeBuilder;
  readonly #placeAt: (offset: number) => Place;

  constructor(builder: TreeBuilder, placeAt: (offset: number) => Place) {
    this.#builder = builder;
    this.#placeAt = placeAt;
  }

  /** Recursion is bounded by the document's depth. @param branch with a trailing `/` */
  branch(written: Written, branch: string): void {
    if (written.kind !== 'map') {
      const accepted = 'accepted is a map of properties, such as PRIORITY: 5, and branches, such as /nightly:';
      const what = written.kind === 'list' ? 'a list' : written.text === '' ? 'nothing' : quote(written.text);
      this.#report(branch, written.offset, `found ${what}, ${accepted}`);
      return;
    }
    for (const { key, keyOffset, value } of written.entries) {
      if (key.startsWith('/')) {
        const path = `${branch.slice(0, -1)}${key}`;
        const inner = parseBranch(path.endsWith('/') ? path : `${path}/`);
        if (inner.ok) this.branch(value, inner.value);
        // Told once, not for each property below it.
        else this.#builder.report('NAMESPACE_INVALID', fieldOf(path), this.#placeAt(keyOffset), inner.fault.message);
        continue;
      }
      const raw = this.#raw(value, fieldOf(`${branch}${key}`));
      if (raw === null) continue;
      const valueAt = this.#placeAt(value.offset);
      this.#builder.add({ branch, name: key, raw, keyAt: this.#placeAt(keyOffset), valueAt });
    }
  }

  /** `null` when some of it is no JSON; it has been told then. */
  #raw(written: Written, field: string): Raw | null {
    const value = this.#json(written, field, []);
    return value === undefined ? null : { kind: 'json', value };
  }

  #json(written: Written, field: string, path: readonly (string | number)[]): Json | undefined {
    switch (written.kind) {
      case 'scalar':
        return this.#scalar(written, `${field}${innerPath(path)}`, path.length > 0);
      case 'list': {
        const items = written.items.map((item, index) => this.#json(item, field, [...path, index]));
        return items.some(item => item === undefined) ? undefined : (items as Json[]);
      }
      case 'map': {
        const members = written.entries.map(
          ({ key, value }) => [key, this.#json(value, field, [...path, key])] as const,
        );
        // `fromEntries` makes a key of one's own of `__proto__` too, which the builder then refuses.
        return members.some(([, value]) => value === undefined)
          ? undefined
          : (Object.fromEntries(members) as { [key: string]: Json });
      }
    }
  }

  #scalar(
    { value, offset, text }: Extract<Written, { kind: 'scalar' }>,
    field: string,
    isInner: boolean,
  ): Json | undefined {
    const isJson = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
    if (isJson || (isInner && value === null)) return value as Json;
    // A property that is not to hold is left out: what is above it holds then.
    const what = value === null ? 'nothing' : quote(text);
    this.#report(field, offset, `found ${what}, accepted is text, a number, true or false, a list or a map`);
    return undefined;
  }

  #report(field: string, offset: number, message: string): void {
    this.#builder.report('VALUE_INVALID', field, this.#placeAt(offset), message);
  }
}
