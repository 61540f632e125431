// LISTENER_CLASSPATH: the files and folders of a branch's action modules, one text as the original has it, or a list.

import { quote } from '../workflow/fault.js';
import { absolutePath, type Checked, found, type Raw, refused, type Surroundings, writtenOf } from './raw-value.js';

const pathsMax = 100;

/** The paths, absolute and in order; one that is there twice counts once. */
export function modulePaths(raw: Raw, surroundings: Surroundings): Checked<readonly string[]> {
  const value = writtenOf(raw);
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? cut(value, surroundings.isWindows) : null;
  if (parts === null || parts.length === 0) {
    return refused(
      'VALUE_INVALID',
      `found ${found(raw)}, accepted are paths of files and folders, parted by ",", ":" or ";"`,
    );
  }
  if (parts.length > pathsMax) {
    return refused('VALUE_INVALID', `found ${parts.length} paths, accepted are ${pathsMax}`);
  }
  const paths = new Set<string>();
  for (const part of parts) {
    if (typeof part !== 'string' || part.trim() === '') {
      const what = typeof part === 'string' ? quote(part) : found({ kind: 'json', value: part });
      return refused('VALUE_INVALID', `found ${what} in the list, accepted is the path of a file or folder`);
    }
    const absolute = absolutePath(part.trim(), surroundings);
    if (!absolute.ok) return absolute;
    paths.add(absolute.value);
  }
  return { ok: true, value: [...paths] };
}

/** On Windows a single letter before `:` is a drive. A URL is left whole, to be refused as one. */
function cut(text: string, isWindows: boolean): string[] {
  if (/(^|[,:;])\s*[a-z][a-z0-9+.-]+:\/\//i.test(text))
    return [text.trim().replace(/^.*?([a-z][a-z0-9+.-]+:\/\/)/i, '$1')];
  const parts = isWindows ? text.split(/(?<!(?:^|[,:;])\s*[a-z]):|[,;]/i) : text.split(/[,:;]/);
  return parts.map(part => part.trim()).filter(part => part !== '');
}
