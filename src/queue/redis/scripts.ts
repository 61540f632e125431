// The Lua scripts as Redis is given them: one text, the parts and then every script, of which the last argument names the one that
// runs. One file a script in `scripts/`, each with its header, and beside it the typed function that alone calls it.
//
// Redis keeps all it has compiled, and its Lua goes through that again and again to collect what calls leave: 0.3 MB of one text,
// where a text a script was 2.2 MB with six of them, and took 7 to 10 % more of its CPU time in each row of `bench -- order`.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const parts = [
  'epoch',
  'begun',
  'heads',
  'rates',
  'throttles',
  'lanes',
  'rungs',
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

export interface ScriptText {
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

let loaded: ScriptText | null = null;

/** Read once in a process; `npm run build` copies them beside the compiled files. */
export function loadScripts(): ScriptText {
  if (loaded !== null) return loaded;
  const text = [
    ...parts.map(name => read(`parts/${name}.lua`)),
    'local script = table.remove(ARGV)',
    ...names.map(name => `if script == '${name}' then\n${read(`scripts/${name}.lua`)}\nend`),
  ].join('\n');
  loaded = { text, sha: createHash('sha1').update(text).digest('hex') };
  return loaded;
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
