// Does a value conform to a schema? Walks the part of JSON Schema that `definition-schema.ts` uses and says, for each
// misfit, what was found and what is accepted.
//
// Why not typebox's compiled validator: importing it costs 240 ms, more than running a whole workflow, and its messages
// ("must not have additional properties", once a variant of the union) are not for authors. A test holds both to the
// same verdict on random values.

import { nearest, type Path, quote, type Report } from './fault.js';

/** The keywords this walk understands; a test fails when the model uses another. */
export interface Schema {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly properties?: { readonly [key: string]: Schema };
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** How the author's keys differ from the schema's, so that suggestions name what can be written. */
export type KeysAt = (path: Path, keys: readonly string[]) => readonly string[];

type PlainObject = { readonly [key: string]: unknown };

/** Reports every misfit below `value`. Recursion is bounded by the depth of the value, when the schema refers to itself. */
export function conform(value: unknown, schema: Schema, path: Path, report: Report, keysAt: KeysAt): void {
  if (schema.anyOf !== undefined) conformUnion(value, schema.anyOf, path, report, keysAt);
  else if (schema.type === 'object' && isPlainObject(value)) conformObject(value, schema, path, report, keysAt);
  else if (schema.type === 'array' && Array.isArray(value)) conformList(value, schema, path, report, keysAt);
  else if (!isAccepted(value, schema)) reportMisfit(value, schema, path, report);
}

function reportMisfit(value: unknown, schema: Schema, path: Path, report: Report): void {
  const wantsQuotes = schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean');
  const hint = wantsQuotes ? '; put it in quotes' : '';
  report('VALUE_INVALID', path, `found ${describe(value)}, accepted is ${accepted(schema)}${hint}`);
}

/** An object of our own making: a class instance or an odd prototype could answer differently when asked again. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function conformObject(value: PlainObject, schema: Schema, path: Path, report: Report, keysAt: KeysAt): void {
  const properties = schema.properties ?? {};
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) conform(value[key], properties[key]!, [...path, key], report, keysAt);
    else if (schema.additionalProperties !== true && key !== '__proto__')
      reportUnknownKey(key, Object.keys(properties), path, report, keysAt);
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key))
      report('KEY_MISSING', [...path, key], `is missing, accepted is ${accepted(properties[key]!)}`);
  }
}

function reportUnknownKey(
  key: string,
  schemaKeys: readonly string[],
  path: Path,
  report: Report,
  keysAt: KeysAt,
): void {
  const keys = keysAt(path, schemaKeys);
  const near = nearest(key, keys);
  const advice = near === null ? `accepted are ${keys.join(', ')}` : `did you mean ${quote(near)}?`;
  report('KEY_UNKNOWN', [...path, key], `unknown key ${quote(key)}; ${advice}`, 'key');
}

function conformList(value: readonly unknown[], schema: Schema, path: Path, report: Report, keysAt: KeysAt): void {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items = {} } = schema;
  if (value.length < minItems) report('VALUE_INVALID', path, `is empty, accepted are ${countRange(schema)} entries`);
  if (value.length > maxItems) {
    report('VALUE_INVALID', path, `has ${figure(value.length)} entries, accepted are ${countRange(schema)}`);
    return;
  }
  for (let index = 0; index < value.length; index++) conform(value[index], items, [...path, index], report, keysAt);
}

function conformUnion(value: unknown, variants: readonly Schema[], path: Path, report: Report, keysAt: KeysAt): void {
  const tag = tagOf(variants);
  if (tag === null) {
    const type = isPlainObject(value) ? 'object' : Array.isArray(value) ? 'array' : null;
    const shaped = variants.find(variant => variant.type === type);
    if (shaped !== undefined) conform(value, shaped, path, report, keysAt);
    else if (!variants.some(variant => isAccepted(value, variant)))
      reportMisfit(value, { anyOf: variants }, path, report);
    return;
  }
  if (!isPlainObject(value)) {
    report('VALUE_INVALID', path, `found ${describe(value)}, accepted is an object with a ${tag}`);
    return;
  }
  const found = Object.hasOwn(value, tag) ? value[tag] : undefined;
  const variant = variants.find(candidate => candidate.properties![tag]!.const === found);
  if (variant === undefined) reportUnknownTag(found, tag, variants, path, report);
  else conformObject(value, variant, path, report, keysAt);
}

function reportUnknownTag(found: unknown, tag: string, variants: readonly Schema[], path: Path, report: Report): void {
  const tags = variants.map(candidate => candidate.properties![tag]!.const!);
  const list = tags.map(quote).join(', ');
  if (found === undefined) {
    report('KEY_MISSING', [...path, tag], `is missing, accepted is one of ${list}`);
    return;
  }
  const near = typeof found === 'string' ? nearest(found, tags) : null;
  const advice = near === null ? '' : `; did you mean ${quote(near)}?`;
  report('VALUE_INVALID', [...path, tag], `found ${describe(found)}, accepted is one of ${list}${advice}`);
}

/** The property whose constant tells the variants of a union of objects apart; `null` for a union of plain values. */
function tagOf(variants: readonly Schema[]): string | null {
  const keys = Object.keys(variants[0]?.properties ?? {});
  return keys.find(key => variants.every(variant => variant.properties?.[key]?.const !== undefined)) ?? null;
}

function isAccepted(value: unknown, schema: Schema): boolean {
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum !== undefined) return schema.enum.includes(value as string);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' && hasLength(value, schema);
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
    case 'number':
      return Number.isFinite(value) && (value as number) >= minimum && (value as number) <= maximum;
    case undefined:
      return true;
    default:
      return false;
  }
}

/** Code points, as JSON Schema counts. Text that is too long in any case is not counted. */
function hasLength(text: string, { minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema): boolean {
  if (text.length > maxLength * 2) return false;
  let points = 0;
  for (const _ of text) points++;
  return points >= minLength && points <= maxLength;
}

function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 60 ? `${quote(value)} (${figure(value.length)} characters)` : quote(value);
  if (value === null) return 'nothing (null)';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return isPlainObject(value) ? 'an object' : 'an object of a class';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

function accepted(schema: Schema): string {
  if (schema.const !== undefined) return quote(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map(accepted).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map(quote).join(' or ');
  switch (schema.type) {
    case 'string':
      return `text of ${figure(schema.minLength ?? 0)} to ${figure(schema.maxLength ?? 0)} characters`;
    case 'integer':
      return `a whole number from ${figure(schema.minimum ?? 0)} to ${figure(schema.maximum ?? 0)}`;
    case 'number':
      if (schema.minimum === undefined) return 'a number';
      return `a number from ${figure(schema.minimum ?? 0)} to ${figure(schema.maximum ?? 0)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    default:
      return 'an object';
  }
}

function countRange({ minItems = 0, maxItems = 0 }: Schema): string {
  return `${figure(minItems)} to ${figure(maxItems)}`;
}

function figure(value: number): string {
  return value.toLocaleString('en-US');
}
