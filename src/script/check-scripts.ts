// Checking the scripts of a definition: what must be loaded for it is, between two readings.

import type { ScriptCheck, WrittenScript } from '../workflow/script-checks.js';
import { defaultScriptLimits, type ScriptFault } from './contract.js';
import { scriptLanguages } from './languages.js';

/**
 * Reads something that holds scripts, with their faults among its own. Without scripts it is read once and nothing is loaded;
 * otherwise twice: the first reading tells which scripts there are. Between two scripts the event loop turns: one can take a
 * compiler half a second.
 *
 * @param read called with a check for `verify` or `loadDefinition`
 */
export async function withScriptsChecked<Answer>(read: (check: ScriptCheck) => Answer): Promise<Answer> {
  const found = new Map<string, WrittenScript>();
  const first = read(script => {
    found.set(keyOf(script), script);
    return null;
  });
  if (found.size === 0) return first;
  const faults = new Map<string, ScriptFault>();
  const languages = scriptLanguages(defaultScriptLimits);
  for (const [key, { language: name, text }] of found) {
    const language = languages.get(name);
    if (language === undefined) continue;
    await (language.ready() ?? new Promise(resolve => setImmediate(resolve)));
    const fault = language.check(text);
    if (fault !== null) faults.set(key, fault);
  }
  return read(script => faults.get(keyOf(script)) ?? null);
}

function keyOf({ language, text }: WrittenScript): string {
  return `${language} ${text}`;
}
