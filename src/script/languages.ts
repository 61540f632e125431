// The languages of scripts, by the name a definition gives them. None costs anything before it is first used.

import type { ScriptLanguage, ScriptLimits } from './contract.js';
import { JavaScript } from './javascript/javascript.js';

/** @param limits of each run */
export function scriptLanguages(limits: ScriptLimits): ReadonlyMap<string, ScriptLanguage> {
  return new Map<string, ScriptLanguage>([['javascript', new JavaScript(limits)]]);
}
