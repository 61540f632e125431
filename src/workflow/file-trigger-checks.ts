// What is wrong with the patterns of a trigger that waits for files; those with `${…}` are checked when they are put together.

import { type Path, quote, type Report } from './fault.js';
import { patternFault } from './file-pattern.js';

type Written = { readonly [key: string]: unknown };

export function checkFilePatterns(action: Written, path: Path, report: Report): void {
  for (const key of ['files', 'excludes'] as const) {
    const patterns = action[key];
    if (!Array.isArray(patterns)) continue;
    for (const [at, pattern] of patterns.entries()) {
      if (typeof pattern !== 'string' || pattern.includes('${')) continue;
      const fault = patternFault(pattern, key === 'excludes');
      if (fault !== null) report('FILES_INVALID', [...path, key, at], `found ${quote(pattern)}: ${fault}`);
    }
  }
  const { minimum = 1, maximum = minimum } = action;
  if (typeof minimum === 'number' && typeof maximum === 'number' && minimum > maximum) {
    report('FILES_INVALID', [...path, 'maximum'], `found ${maximum}, which is less than minimum: ${minimum}`);
  }
}
