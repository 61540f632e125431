// The file of a runtime configuration, read when it holds what is new.

import { createHash } from 'node:crypto';
import path from 'node:path';
import { readOrdinaryFile } from '../time/ordinary-file.js';
import { faultAt } from '../workflow/fault.js';
import type { Outcome } from './fault.js';
import { parseRuntimeConfiguration } from './parse.js';
import type { RuntimeTree } from './tree.js';

/** Largest file, bytes: the notations' limits are in characters and below it. */
const fileSizeMax = 4_194_304;

/** What a file held when it was looked at. */
export interface ReadFile {
  /** Of its bytes; `null` when it could not be read. */
  readonly digest: string | null;
  readonly outcome: Outcome<RuntimeTree>;
}

/**
 * Read a file, unless it holds what it held before. Never rejects.
 *
 * @param file absolute; the paths it names are relative to its folder
 * @param knownDigest of what was read before
 * @returns what it holds, or `null` when that is what is known
 */
export async function readConfigurationFile(file: string, knownDigest: string | null): Promise<ReadFile | null> {
  let bytes: Buffer;
  try {
    bytes = await readOrdinaryFile(file, fileSizeMax);
  } catch (error) {
    return { digest: null, outcome: refused(file, whyUnread(error)) };
  }
  const digest = createHash('sha256').update(bytes).digest('base64');
  if (digest === knownDigest) return null;
  return { digest, outcome: parsed(bytes, file) };
}

function parsed(bytes: Buffer, file: string): Outcome<RuntimeTree> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own words tell no more.
    return refused(file, 'is not UTF-8; in a properties file other signs can be written as \\uXXXX');
  }
  return parseRuntimeConfiguration(text, {
    file,
    folder: path.dirname(file),
    isWindows: process.platform === 'win32',
  });
}

/** The system's own message repeats the path, which the fault has anyway. */
function whyUnread(error: unknown): string {
  if (!(error instanceof Error)) return `cannot be read: ${String(error)}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case undefined:
      return error.message;
    case 'ENOENT':
      return 'is not there (ENOENT)';
    case 'EACCES':
      return 'may not be read by this process (EACCES)';
    default:
      return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}

function refused(file: string, message: string): Outcome<never> {
  return { ok: false, faults: [{ ...faultAt('SYNTAX', [], message), code: 'FILE_INVALID', file }] };
}
