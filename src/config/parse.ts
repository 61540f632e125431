// A runtime configuration from its text: a properties file as in the original, or YAML (JSON is YAML) by the file's ending.

import type { Outcome } from './fault.js';
import { treeFromProperties } from './from-properties.js';
import { treeFromYaml } from './from-yaml.js';
import type { Surroundings } from './raw-value.js';
import type { RuntimeTree } from './tree.js';

/**
 * Read a tree from text. Never throws, reads no file.
 *
 * @param file named in the faults; its ending tells the notation: `.yaml`, `.yml` and `.json`, all others are properties
 * @returns the tree, or every fault with file, line and field
 */
export function parseRuntimeConfiguration(
  text: string,
  { file, ...surroundings }: { readonly file: string } & Surroundings,
): Outcome<RuntimeTree> {
  const bare = text.startsWith('\ufeff') ? text.slice(1) : text;
  return /\.(ya?ml|json)$/i.test(file)
    ? treeFromYaml(bare, file, surroundings)
    : treeFromProperties(bare, file, surroundings);
}
