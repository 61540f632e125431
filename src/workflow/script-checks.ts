// The scripts of a definition: where they stand, and the faults of those that are none.
//
// What a script may look like is its language's to say, and a language has to be loaded first: the check is handed in.

import { isPlainObject } from './conform.js';
import type { Path, Report } from './fault.js';
import { levelsOf } from './levels.js';
import type { Script } from './model.js';
import { placeIn } from './text-place.js';

export const defaultScriptLanguage = 'javascript';
/** Characters of one script. Longer ones belong in a module: how long a compiler takes grows with the square. */
export const scriptLengthMax = 16_384;

/** A script with everything about it said. */
export interface WrittenScript {
  readonly language: string;
  readonly text: string;
}

/** What keeps a text from being a script of its language, and where in it, from 1; `null`: nothing. */
export type ScriptCheck = (
  script: WrittenScript,
) => { readonly message: string; readonly line: number; readonly column: number } | null;

/** A prescript or postscript as it is run. */
export function writtenScript(script: Script): WrittenScript {
  return typeof script === 'string'
    ? { language: defaultScriptLanguage, text: script }
    : { language: script.language ?? defaultScriptLanguage, text: script.script };
}

/** Looks only at scripts that have the right shape; the rest was reported with the schema. */
export function checkScripts(
  definition: { readonly [key: string]: unknown },
  check: ScriptCheck,
  report: Report,
): void {
  if (!Array.isArray(definition.actions)) return;
  for (const level of levelsOf(definition.actions, [])) {
    level.actions.forEach((action, index) => {
      if (!isPlainObject(action)) return;
      for (const { path, script } of scriptsOf(action)) {
        const fault = check(script);
        if (fault === null) continue;
        const message = `line ${fault.line}, column ${fault.column} of the script: ${fault.message}`;
        const at = [...level.path, 'actions', index, ...path];
        report('SCRIPT_INVALID', at, message, placeIn(script.text, fault.line, fault.column));
      }
    });
  }
}

interface FoundScript {
  readonly path: Path;
  readonly script: WrittenScript;
}

function scriptsOf(action: { readonly [key: string]: unknown }): FoundScript[] {
  const found: FoundScript[] = [];
  const add = (path: Path, text: unknown, language: unknown = defaultScriptLanguage): void => {
    if (typeof language === 'string' && typeof text === 'string' && text !== '' && text.length <= scriptLengthMax)
      found.push({ path, script: { language, text } });
  };
  if (action.type === 'script') add(['script'], action.script, action.language);
  for (const key of ['prescript', 'postscript']) {
    const beside = action[key];
    if (isPlainObject(beside)) add([key, 'script'], beside.script, beside.language);
    else add([key], beside);
  }
  return found;
}
