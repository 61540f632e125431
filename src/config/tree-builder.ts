// From properties as they were written, in whatever notation, to a tree, or to every fault of them.

import { quote } from '../workflow/fault.js';
import { faultsMax } from '../workflow/verify.js';
import { Windows, windowsFault } from './fairness-windows.js';
import type { ConfigurationFault, ConfigurationFaultCode, Outcome } from './fault.js';
import { checkValue } from './known-properties.js';
import { checkStorable, fieldOf, propertyPlace } from './property-checks.js';
import { type Raw, type Surroundings, writtenOf } from './raw-value.js';
import type { Property, RuntimeTree } from './tree.js';

/** Most properties of a file. */
export const propertiesMax = 10_000;

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface PlacedProperty {
  /** With a leading and a trailing `/`, or what was written in its place. */
  readonly branch: string;
  readonly name: string;
  readonly raw: Raw;
  readonly keyAt: Place;
  readonly valueAt: Place;
}

export class TreeBuilder {
  readonly #file: string;
  readonly #surroundings: Surroundings;
  readonly #branches = new Map<string, Map<string, Property>>();
  readonly #faults: ConfigurationFault[] = [];
  readonly #windows = new Windows();
  #count = 0;

  /** @param file named in the faults */
  constructor(file: string, surroundings: Surroundings) {
    this.#file = file;
    this.#surroundings = surroundings;
  }

  add(property: PlacedProperty): void {
    const { raw, keyAt, valueAt } = property;
    const field = fieldOf(property.branch + property.name);
    this.#count += 1;
    if (this.#count > propertiesMax) {
      if (this.#count === propertiesMax + 1)
        this.report('TOO_LARGE', '', keyAt, `the file has more than ${propertiesMax} properties`);
      return;
    }
    const place = propertyPlace(property.branch, property.name);
    if (!place.ok) {
      this.report(place.code, field, keyAt, place.message);
      return;
    }
    const { branch, name } = place.value;
    const first = this.#branches.get(branch)?.get(name)?.source;
    if (first?.kind === 'file') {
      const lines = `first in line ${first.line}, again in line ${keyAt.line}`;
      this.report('PROPERTY_DUPLICATE', field, keyAt, `the branch ${quote(branch)} has ${name} twice: ${lines}`);
      return;
    }
    const written = writtenOf(raw);
    const isStorable = checkStorable(written, (code, inner, message) =>
      this.report(code, `${field}${inner}`, valueAt, message),
    );
    if (!isStorable) return;
    const checked = checkValue(name, raw, this.#surroundings);
    if (!checked.ok) this.report(checked.code, field, valueAt, checked.message);
    else if (!this.#windows.add({ name, value: checked.value })) {
      this.report(windowsFault.code, field, valueAt, windowsFault.message);
    }
    // One that is refused is there all the same: a second one is still a second one.
    const value = checked.ok ? checked.value : null;
    this.#put({ name, branch, value, written, source: { kind: 'file', line: keyAt.line } });
  }

  /** A fault of the notation. */
  report(code: ConfigurationFaultCode, field: string, at: Place, message: string): void {
    if (this.#faults.length >= faultsMax) return;
    this.#faults.push({ code, message, path: field, file: this.#file, line: at.line, column: at.column });
  }

  /** Faults in order of their places. */
  outcome(): Outcome<RuntimeTree> {
    const faults = this.#faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!);
    return faults.length === 0 ? { ok: true, value: { branches: this.#branches } } : { ok: false, faults };
  }

  #put(property: Property): void {
    const properties = this.#branches.get(property.branch) ?? new Map<string, Property>();
    properties.set(property.name, property);
    this.#branches.set(property.branch, properties);
  }
}
