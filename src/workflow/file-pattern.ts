// Patterns of paths: `/in/*/report-?.csv`, `/in/**/done`. Pure.

/** A name on disk has no more bytes. */
const partLengthMax = 255;
const anyFolders = '**';

/** A pattern of a path: its parts, the root left out. */
export type FilePattern = readonly string[];

/** What is wrong with a path that must be absolute; `null`: nothing. */
export function pathFault(path: string): string | null {
  if (path.includes('\0')) return 'it holds a NUL character';
  if (!path.startsWith('/')) return 'it must be absolute, beginning with /';
  const parts = path.slice(1).split('/');
  if (parts.some(part => part === '..' || part === '.')) return 'it may not have parts "." or ".."';
  return null;
}

/** What is wrong with a pattern; `null`: nothing. @param isName a name alone will do */
export function patternFault(pattern: string, isName = false): string | null {
  const fault = isName && !pattern.includes('/') ? nameFault(pattern) : pathFault(pattern);
  if (fault !== null) return fault;
  const parts = partsOf(pattern);
  if (parts.some(part => part.length > partLengthMax)) return `a part of it is longer than ${partLengthMax} characters`;
  if (parts.at(-1) === anyFolders) return 'its last part must be a name: ** stands for folders';
  return parts.length === 0 ? 'it names no file' : null;
}

function nameFault(name: string): string | null {
  return name.includes('\0') ? 'it holds a NUL character' : null;
}

/** Empty parts, as of `//`, are left out. */
export function partsOf(pattern: string): FilePattern {
  return pattern.split('/').filter(part => part !== '');
}

/** Whether a part stands for itself alone. */
export function isLiteral(part: string): boolean {
  return !/[*?]/.test(part);
}

/**
 * Where one stands in a pattern when a part of a path has been read, from each place where one stood; `pattern.length` is the
 * end. Places in front of a `**` stand for those behind it too (`settled`).
 */
export function step(pattern: FilePattern, places: readonly number[], name: string): number[] {
  const next = new Set<number>();
  for (const at of places) {
    const part = pattern[at];
    if (part === anyFolders) next.add(at);
    else if (part !== undefined && nameMatches(part, name)) next.add(at + 1);
  }
  return settled(pattern, next);
}

/** The places themselves, and those to which nothing need be read. */
export function settled(pattern: FilePattern, places: Iterable<number>): number[] {
  const all = new Set<number>();
  for (const place of places) {
    let at = place;
    all.add(at);
    while (pattern[at] === anyFolders) all.add(++at);
  }
  return [...all];
}

export function pathMatches(pattern: FilePattern, path: string): boolean {
  let places = settled(pattern, [0]);
  for (const name of partsOf(path)) places = step(pattern, places, name);
  return places.includes(pattern.length);
}

/** Going back only to the last `*` is enough, and costs at most the product of both lengths. */
export function nameMatches(pattern: string, name: string): boolean {
  let at = 0;
  let read = 0;
  let starAt = -1;
  let starRead = 0;
  while (read < name.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      starAt = at++;
      starRead = read;
    } else if (wanted === '?' || (wanted !== undefined && wanted === name[read])) {
      at++;
      read++;
    } else if (starAt >= 0) {
      at = starAt + 1;
      read = ++starRead;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
