// A property's value before it has a meaning, and what is said of one that cannot have it.

import { quote } from '../workflow/fault.js';
import type { Json } from '../workflow/model.js';
import type { ConfigurationFaultCode } from './fault.js';

const pathLengthMax = 4_096;

/** Text of a properties file, or a value of YAML. */
export type Raw = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'json'; readonly value: Json };

/** Where the file lies, and on what: paths are relative to its folder, and lists of paths are cut as the system does. */
export interface Surroundings {
  readonly folder: string;
  readonly isWindows: boolean;
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: ConfigurationFaultCode; readonly message: string };

export function writtenOf(raw: Raw): Json {
  return raw.kind === 'text' ? raw.text : raw.value;
}

export function refused(code: ConfigurationFaultCode, message: string): Checked<never> {
  return { ok: false, code, message };
}

/** What was found, in words. */
export function found(raw: Raw): string {
  const value = writtenOf(raw);
  if (typeof value === 'string') return value === '' ? 'nothing' : quote(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : String(value);
}

/** Code and definitions come from files only. */
export function whyNoPath(text: string): string | null {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    return `found ${quote(text)}, accepted is the path of a file or folder, not a URL`;
  }
  if (text.length > pathLengthMax) {
    return `found a path of ${text.length} characters, accepted are ${pathLengthMax}`;
  }
  return null;
}
