// Writes the reference part of src/workflow/README.md, the file format field by field, from the schema of
// src/workflow/model.ts and the comments in it. What stands above the mark is written by hand and stays. `npm run docs`;
// a test fails when the file is out of date, or a field has no words.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultCodes } from '../src/workflow/fault.js';
import * as model from '../src/workflow/model.js';
import { type Described, type Field, type Schema, SchemaModule } from './schema-fields.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const isCompiled = path.basename(path.dirname(here)) === 'dist';
const folder = path.join(here, isCompiled ? '../..' : '..', 'src', 'workflow');
export const referenceFile = path.join(folder, 'README.md');

const mark = '<!-- From here on generated from model.ts and fault.ts: npm run docs -->';

/** The whole file, up to date. */
export function formatReference(before: string): { readonly text: string; readonly wordless: readonly string[] } {
  const end = before.indexOf(mark);
  if (end < 0) throw new Error(`${referenceFile} has lost its mark: ${mark}`);
  const reference = new Reference(new SchemaModule(path.join(folder, 'model.ts'), model));
  const text = `${before.slice(0, end)}${mark}\n\n${reference.text('WorkflowDefinition')}\n${faults()}`;
  return { text, wordless: reference.wordless };
}

class Reference {
  /** Fields that nothing is said of. */
  readonly wordless: string[] = [];
  readonly #module: SchemaModule;
  /** Exports that have a section, in the order in which they are first named. */
  readonly #sections: string[] = [];

  constructor(module: SchemaModule) {
    this.#module = module;
  }

  /** The root and all it leads to. */
  text(root: string): string {
    this.#sections.push(root);
    const texts: string[] = [];
    // Grows while sections are written.
    for (const name of this.#sections) texts.push(this.#section(name));
    return texts.join('\n');
  }

  #section(name: string): string {
    const described = this.#module.exported(name);
    const variants = taggedVariants(this.#module.variants(described));
    const title = `## ${titleOf(name)}\n\n${paragraph(described.text)}`;
    if (variants.length === 0) return `${title}${this.#table(name, this.#module.fields(described))}`;
    const common = commonOf(variants.map(variant => this.#module.fields(variant)));
    const kinds = variants.map(variant => `\`${tagOf(variant.schema)}\``).join(', ');
    const type = `\`type\` is one of ${kinds}. Every ${titleOf(name).toLowerCase()} may have:\n\n`;
    const rest = variants.map(variant => {
      const own = this.#module.fields(variant).filter(({ name: key }) => !common.has(key) && key !== 'type');
      const heading = `### ${titleOf(name)} \`${tagOf(variant.schema)}\`\n\n${paragraph(variant.text)}`;
      return `${heading}${own.length === 0 ? 'It has no fields of its own.\n' : this.#table(tagOf(variant.schema), own)}`;
    });
    return [`${title}${type}${this.#table(name, [...common.values()])}`, ...rest].join('\n');
  }

  #table(owner: string, fields: readonly Field[]): string {
    const rows = this.#rows(owner, '', fields).map(cells => `| ${cells.map(cell).join(' | ')} |`);
    return ['| field | is | default | |', '|---|---|---|---|', ...rows, ''].join('\n');
  }

  /** Of objects without a section of their own the fields follow, with the path to them. */
  #rows(owner: string, prefix: string, fields: readonly Field[]): string[][] {
    return fields.flatMap(field => {
      const key = `${prefix}${field.name}`;
      const { words, standard } = splitDefault(field.text);
      const is = this.#is(field);
      if (field.text === '' && !is.includes('](#')) this.wordless.push(`${owner}.${key}`);
      const row = [`\`${key}\``, is, field.isRequired ? 'required' : standard, words];
      const inner = this.#inner(field);
      return [row, ...(inner === null ? [] : this.#rows(owner, `${key}${inner.step}.`, inner.fields))];
    });
  }

  #inner(field: Described): { readonly step: string; readonly fields: readonly Field[] } | null {
    const items = this.#module.items(field);
    const holder = items ?? field;
    if (holder.schema.properties === undefined || this.#link(holder) !== null) return null;
    return { step: items === null ? '' : '[]', fields: this.#module.fields(holder) };
  }

  /** Type and bounds, in words. */
  #is(described: Described): string {
    const { schema } = described;
    const link = this.#link(described);
    if (link !== null) return link;
    const items = this.#module.items(described);
    if (items !== null) return `list of ${this.#is(items)}${between(schema.minItems, schema.maxItems, '')}`;
    const variants = this.#module.variants(described);
    if (variants.length > 0) return orOf(variants.map(variant => this.#is(variant)));
    return plainWords(schema);
  }

  /** To the section of what has one; objects and tagged unions that are exported do. */
  #link(described: Described): string | null {
    const name = this.#module.nameOf(described);
    if (name === null) return null;
    const isSection = described.schema.properties !== undefined || isTaggedUnion(described.schema);
    if (!isSection) return null;
    if (!this.#sections.includes(name)) this.#sections.push(name);
    const title = titleOf(name);
    return `[${title.toLowerCase()}](#${title.toLowerCase().replaceAll(' ', '-')})`;
  }
}

function plainWords(schema: Schema): string {
  const { type, minimum, maximum, minLength, maxLength } = schema;
  const options = schema.const === undefined ? schema.enum : [schema.const];
  if (options !== undefined) return orOf(options.map(option => `\`${String(option)}\``));
  switch (type) {
    case 'string':
      return `text${between(minLength, maxLength, ' characters')}${schema.pattern === undefined ? '' : `, like \`${String(schema.pattern)}\``}`;
    case 'integer':
      return `whole number${between(minimum, maximum, '')}`;
    case 'number':
      return `number${between(minimum, maximum, '')}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'list';
    case 'object':
      return schema.properties === undefined ? mapWords(schema) : 'map';
    default:
      return type ?? 'any JSON';
  }
}

/** An object whose keys are the author's. */
function mapWords({ patternProperties = {}, additionalProperties }: Schema): string {
  const [values] = Object.values(patternProperties);
  const of = values ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  return of === undefined || Object.keys(of).length === 0 ? 'map' : `map from name to ${plainWords(of)}`;
}

function between(from: unknown, to: unknown, unit: string): string {
  const least = typeof from === 'number' ? from.toLocaleString('en-US') : null;
  const most = typeof to === 'number' ? to.toLocaleString('en-US') : null;
  if (least !== null && most !== null) return `, ${least} to ${most}${unit}`;
  if (most !== null) return `, at most ${most}${unit}`;
  return least === null ? '' : `, at least ${least}${unit}`;
}

function orOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `Default 5.` and `Default: none.`, `Absent: inherited.` have a column of their own. */
function splitDefault(text: string): { readonly words: string; readonly standard: string } {
  const found = /(?:^|\s)(?:Default:?|Absent:)\s+(.+?)\.(?=\s|$)/.exec(text);
  if (found === null) return { words: text, standard: '' };
  const words = text.slice(0, found.index) + text.slice(found.index + found[0].length);
  return { words: words.trim(), standard: found[1]! };
}

/** Fields that all variants have and say the same of. */
function commonOf(variants: readonly (readonly Field[])[]): ReadonlyMap<string, Field> {
  const [first = [], ...others] = variants;
  const same = (a: Field, b: Field | undefined): boolean =>
    b !== undefined && a.text === b.text && JSON.stringify(a.schema) === JSON.stringify(b.schema);
  const common = first.filter(
    field =>
      field.name !== 'type' &&
      others.every(fields =>
        same(
          field,
          fields.find(({ name }) => name === field.name),
        ),
      ),
  );
  return new Map(common.map(field => [field.name, field]));
}

function taggedVariants(variants: readonly Described[]): readonly Described[] {
  return variants.every(({ schema }) => schema.properties?.type?.const !== undefined) ? variants : [];
}

function isTaggedUnion({ anyOf }: Schema): boolean {
  return anyOf?.every(({ properties }) => properties?.type?.const !== undefined) === true;
}

function tagOf({ properties }: Schema): string {
  return String(properties!.type!.const);
}

/** `RetryPolicy` as `Retry policy`. */
function titleOf(name: string): string {
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function paragraph(text: string): string {
  return text === '' ? '' : `${text}\n\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function faults(): string {
  const rows = Object.entries(faultCodes).map(([code, words]) => `| \`${code}\` | ${cell(words)} |`);
  return `## Faults\n\n\`millrace verify\` tells every fault of a file at once, with line and column.\n\n| code | is |\n|---|---|\n${rows.join('\n')}\n`;
}

if (isCompiled) {
  const { text, wordless } = formatReference(readFileSync(referenceFile, 'utf8'));
  writeFileSync(referenceFile, text);
  if (wordless.length > 0) {
    process.stderr.write(`no words in src/workflow/model.ts for: ${wordless.join(', ')}\n`);
    process.exitCode = 1;
  }
}
