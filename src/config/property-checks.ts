// What holds for every property, whoever writes it: where it may stand, what it may be called, what of it a store can hold.

import { formatPath, quote } from '../workflow/fault.js';
import { parseBranch } from '../workflow/namespace.js';
import { checkBounds } from '../workflow/verify.js';
import type { ConfigurationFaultCode } from './fault.js';
import { isUnsupported } from './known-properties.js';
import { type Checked, refused } from './raw-value.js';
import { canonicalProperty } from './tree.js';

const nameLengthMax = 200;

/** Both canonical: the branch with a trailing `/`, the name in upper case. */
export interface PropertyPlace {
  readonly branch: string;
  readonly name: string;
}

export function propertyPlace(branch: string, name: string): Checked<PropertyPlace> {
  const parsed = parseBranch(branch);
  if (!parsed.ok) return refused('NAMESPACE_INVALID', parsed.fault.message);
  const canonical = canonicalProperty(name);
  if (canonical.length > nameLengthMax || !/^[\p{L}_][\p{L}\p{M}\p{N}_.-]*$/u.test(canonical)) {
    const rule = `a letter or _ first, then letters, digits, _ - and ., at most ${nameLengthMax}`;
    const what = name === '' ? 'found nothing behind the last "/"' : `${quote(name)} is not the name of a property`;
    return refused('PROPERTY_INVALID', `${what}: ${rule}`);
  }
  if (isUnsupported(canonical)) {
    return refused('PROPERTY_UNSUPPORTED', `${canonical} is not supported: it would have no effect; leave it out`);
  }
  return { ok: true, value: { branch: parsed.value, name: canonical } };
}

/**
 * Whether a store can hold the value: it will be JSON there, sooner or later.
 *
 * @param report told of each fault, with its place within the value
 */
export function checkStorable(
  value: unknown,
  report: (code: ConfigurationFaultCode, inner: string, message: string) => void,
): boolean {
  let isSound = true;
  checkBounds(value, (code, path, message) => {
    isSound = false;
    report(code, innerPath(path), code === 'TOO_LARGE' ? 'the value is too large' : message);
  });
  return isSound;
}

/** As it follows the name of a property: `.host`, `[2]`. */
export function innerPath(path: readonly (string | number)[]): string {
  const text = formatPath(path);
  return text === '' || text.startsWith('[') ? text : `.${text}`;
}

/** `/branch/NAME` as it is shown: control characters and what is longer than a line are not. */
export function fieldOf(key: string): string {
  return /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]{0,200}$/u.test(key) ? key : quote(key);
}
