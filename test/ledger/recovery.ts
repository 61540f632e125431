// How soon work goes on after a disturbance, by a ledger that still grows.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as passed } from 'node:timers/promises';
import { definitions } from '../fixtures/ledger/workflows.mjs';
import type { Effect } from './ledger.js';

const lookEveryMs = 20;
const first = new Set(definitions.map(({ actions }) => actions[0]!.name));
const last = new Set(definitions.map(({ actions }) => actions.at(-1)!.name));

/**
 * Milliseconds from now until an instance that began after now has come to the end of its last action: it was claimed
 * several times and what it did before was committed.
 *
 * @throws when none does within `limitMs`
 */
export async function recovered(ledger: string, limitMs: number): Promise<number> {
  const sinceMs = Date.now();
  const begun = new Set<string>();
  const ending = new Set<string>();
  for await (const effect of appended(ledger, sinceMs + limitMs)) {
    if (effect.kind === 'end') {
      if (effect.ok && ending.has(effect.execution)) return effect.atMs - sinceMs;
    } else if (first.has(effect.action) && effect.atMs >= sinceMs) {
      begun.add(effect.instance);
    } else if (last.has(effect.action) && begun.has(effect.instance)) {
      ending.add(effect.execution);
    }
  }
  throw new Error(`nothing that began in ${limitMs} ms has come to its end; ${begun.size} instances began`);
}

/** What is written from now on, until then. */
async function* appended(file: string, untilMs: number): AsyncGenerator<Effect> {
  const descriptor = openSync(file, 'r');
  try {
    let at = statSync(file).size;
    let rest = '';
    while (Date.now() < untilMs) {
      const buffer = Buffer.alloc(64 * 1_024);
      const read = readSync(descriptor, buffer, 0, buffer.length, at);
      at += read;
      if (read === 0) {
        await passed(lookEveryMs);
        continue;
      }
      const lines = `${rest}${buffer.toString('utf8', 0, read)}`.split('\n');
      // The last one may not be whole yet, and the first was begun before.
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith('{') && line.endsWith('}')) yield JSON.parse(line) as Effect;
    }
  } finally {
    closeSync(descriptor);
  }
}
