// A properties file as a tree: one property a line, `/branch/NAME=value`.

import { definitionSizeMax } from '../workflow/verify.js';
import type { Outcome } from './fault.js';
import { javaProperties } from './java-properties.js';
import { fieldOf } from './property-checks.js';
import type { Surroundings } from './raw-value.js';
import type { RuntimeTree } from './tree.js';
import { type Place, TreeBuilder } from './tree-builder.js';

export function treeFromProperties(text: string, file: string, surroundings: Surroundings): Outcome<RuntimeTree> {
  const builder = new TreeBuilder(file, surroundings);
  const start = { line: 1, column: 1 };
  if (text.length > definitionSizeMax) {
    builder.report('TOO_LARGE', '', start, `the file is larger than ${definitionSizeMax} characters`);
    return builder.outcome();
  }
  const lines = new Lines(text);
  const report = (offset: number, message: string): void =>
    builder.report('ESCAPE_INVALID', '', lines.placeAt(offset), message);
  for (const { key, keyOffset, value, valueOffset } of javaProperties(text, report)) {
    const keyAt = lines.placeAt(keyOffset);
    const slash = key.lastIndexOf('/');
    if (!key.startsWith('/')) {
      const accepted = 'accepted is a branch and a name, such as /PRIORITY or /branch/PRIORITY';
      builder.report('NAMESPACE_INVALID', fieldOf(key), keyAt, `the key does not begin with "/", ${accepted}`);
      continue;
    }
    const raw = { kind: 'text', text: value } as const;
    const valueAt = lines.placeAt(valueOffset);
    builder.add({ branch: key.slice(0, slash + 1), name: key.slice(slash + 1), raw, keyAt, valueAt });
  }
  return builder.outcome();
}

/** Where offsets lie; asked in order of the text, or nearly. */
class Lines {
  /** Offsets at which lines begin. */
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) this.#starts.push(index + end.length);
  }

  placeAt(offset: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}
