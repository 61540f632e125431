// A property's value before it has a meaning, and what is said of one that cannot have it.

import path from 'node:path';
import { quote } from '../workflow/fault.js';
import type { Json } from '../workflow/model.js';
import type { ConfigurationFaultCode } from './fault.js';

const pathLengthMax = 4_096;

/** Text of a properties file, or a value of YAML. */
export type Raw = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'json'; readonly value: Json };

/** Where it is written, and on what: lists of paths are cut as the system does. */
export interface Surroundings {
  /** What paths are relative to: the file's. `null`: it is in no file, and paths are absolute. */
  readonly folder: string | null;
  readonly isWindows: boolean;
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: ConfigurationFaultCode; readonly message: string };

export function writtenOf(raw: Raw): Json {
  return raw.kind === 'text' ? raw.text : raw.value;
}

/** In any case. */
export function isWord(raw: Raw, word: string): boolean {
  const value = writtenOf(raw);
  return typeof value === 'string' && value.trim().toLowerCase() === word;
}

/** `null`: it is none. */
export function wholeNumberIn(raw: Raw): number | null {
  if (raw.kind === 'json') return Number.isInteger(raw.value) ? (raw.value as number) : null;
  return /^\d{1,9}$/.test(raw.text.trim()) ? Number(raw.text) : null;
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

/** The path of a file or folder, absolute. Code and definitions come from files only. */
export function absolutePath(text: string, { folder }: Surroundings): Checked<string> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    return refused('PATH_INVALID', `found ${quote(text)}, accepted is the path of a file or folder, not a URL`);
  }
  if (text.length > pathLengthMax) {
    return refused('PATH_INVALID', `found a path of ${text.length} characters, accepted are ${pathLengthMax}`);
  }
  if (folder !== null) return { ok: true, value: path.resolve(folder, text) };
  if (path.isAbsolute(text)) return { ok: true, value: path.resolve(text) };
  return refused(
    'PATH_INVALID',
    `found ${quote(text)}, accepted is an absolute path: engines have no folder in common`,
  );
}
