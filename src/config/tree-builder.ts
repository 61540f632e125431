// From properties as they were written, in whatever notation, to a tree, or to every fault of them.

import { formatPath, quote } from '../workflow/fault.js';
import { parseBranch } from '../workflow/namespace.js';
import { checkBounds, faultsMax } from '../workflow/verify.js';
import type { ConfigurationFault, ConfigurationFaultCode, Outcome } from './fault.js';
import { checkValue, isUnsupported } from './known-properties.js';
import { type Raw, type Surroundings, writtenOf } from './raw-value.js';
import { canonicalProperty, type Property, type RuntimeTree } from './tree.js';

/** Most properties of a configuration. */
export const propertiesMax = 10_000;
const nameLengthMax = 200;

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
    const branch = parseBranch(property.branch);
    if (!branch.ok) {
      this.report('NAMESPACE_INVALID', field, keyAt, branch.fault.message);
      return;
    }
    const name = canonicalProperty(property.name);
    const misnamed = whyNoName(property.name, name);
    if (misnamed !== null) {
      this.report(misnamed.code, field, keyAt, misnamed.message);
      return;
    }
    const first = this.#branches.get(branch.value)?.get(name);
    if (first !== undefined) {
      const lines = `first in line ${first.line}, again in line ${keyAt.line}`;
      this.report('PROPERTY_DUPLICATE', field, keyAt, `the branch ${quote(branch.value)} has ${name} twice: ${lines}`);
      return;
    }
    const written = writtenOf(raw);
    if (!this.#isStorable(written, field, valueAt)) return;
    const checked = checkValue(name, raw, this.#surroundings);
    if (!checked.ok) this.report(checked.code, field, valueAt, checked.message);
    // One that is refused is there all the same: a second one is still a second one.
    const value = checked.ok ? checked.value : null;
    this.#put({ name, branch: branch.value, value, written, line: keyAt.line });
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

  /** What becomes of a value is JSON in a store, sooner or later. */
  #isStorable(value: unknown, field: string, at: Place): boolean {
    let isSound = true;
    checkBounds(value, (code, path, message) => {
      isSound = false;
      const words = code === 'TOO_LARGE' ? 'the value is too large' : message;
      this.report(code, `${field}${innerPath(path)}`, at, words);
    });
    return isSound;
  }
}

/** As it follows the name of a property: `.host`, `[2]`. */
export function innerPath(path: readonly (string | number)[]): string {
  const text = formatPath(path);
  return text === '' || text.startsWith('[') ? text : `.${text}`;
}

/** `/branch/NAME` as it is shown: control characters and what is longer than a line are not. */
export function fieldOf(key: string): string {
  return /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]{0,200}$/u.test(key) ? key : quote(key);
}

function whyNoName(
  written: string,
  name: string,
): { readonly code: ConfigurationFaultCode; readonly message: string } | null {
  const isName = name.length <= nameLengthMax && /^[\p{L}_][\p{L}\p{M}\p{N}_.-]*$/u.test(name);
  if (!isName) {
    const rule = `a letter or _ first, then letters, digits, _ - and ., at most ${nameLengthMax}`;
    const what =
      written === '' ? 'found nothing behind the last "/"' : `${quote(written)} is not the name of a property`;
    return { code: 'PROPERTY_INVALID', message: `${what}: ${rule}` };
  }
  if (isUnsupported(name)) {
    return { code: 'PROPERTY_UNSUPPORTED', message: `${name} is not supported: it would have no effect; leave it out` };
  }
  return null;
}
