// The Lua scripts as Redis is given them: the parts, then the script. One file a script in `scripts/`, each with its
// header, and beside it the typed function that alone calls it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const parts = [
  'epoch',
  'heads',
  'rates',
  'throttles',
  'lanes',
  'entries',
  'keys',
  'shares',
  'claims',
  'hanging',
] as const;

const names = [
  'attach',
  'announce',
  'announced',
  'open',
  'offer',
  'claim',
  'settle',
  'release',
  'extend',
  'withdraw',
  'claimed',
  'expire',
  'counts',
  'set-inherited-priority',
  'set-fifo',
  'set-fairness',
  'set-throttle',
  'settings',
  'throttles',
  'set-keys',
  'where-is',
] as const;
export type ScriptName = (typeof names)[number];

export interface Script {
  readonly text: string;
  /** Its name on a server that has seen it. */
  readonly sha: string;
}

/** Whoever can run a script in the epoch it is attached to. */
export interface EpochCaller {
  /**
   * @param args what follows the stamp and the time
   * @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE`
   */
  call(script: ScriptName, args: readonly (string | number)[]): Promise<unknown>;
}

let loaded: ReadonlyMap<ScriptName, Script> | null = null;

/** Read once in a process; `npm run build` copies them beside the compiled files. */
export function loadScripts(): ReadonlyMap<ScriptName, Script> {
  if (loaded !== null) return loaded;
  const common = parts.map(name => read(`parts/${name}.lua`)).join('\n');
  loaded = new Map(
    names.map(name => {
      const text = `${common}\n${read(`scripts/${name}.lua`)}`;
      return [name, { text, sha: createHash('sha1').update(text).digest('hex') }];
    }),
  );
  return loaded;
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
