// Random programs in an engine that is killed at random moments, with operations thrown at them meanwhile: every instance
// ends with the result that was predicted, and has committed as many effects as were, each once.
//
// SEED (default 1; `random` draws one), PROGRAMS (default 200) and KILLS (default 6) make it a torture, for example
//   for seed in $(seq 20); do SEED=$seed PROGRAMS=200 KILLS=20 npx vitest run test/faults/programs.test.ts || break; done

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InstanceResult } from '../../src/engine/index.js';
import { nemesis, seeded } from '../ledger/nemesis.js';
import { seed } from '../seed.js';
import { type Program, programOf } from './programs.js';

const script = fileURLToPath(new URL('children/programs.mjs', import.meta.url));
const count = Number(process.env.PROGRAMS ?? 200);
const kills = Number(process.env.KILLS ?? 6);
/** Instances of each program. */
const each = 2;
/** Programs beside them whose instances operators remove and restart. */
const removed = 10;
/** So large a program would be most of the run. */
const effectMax = 150;

test(
  `${count} random programs, killed ${kills} times, come to what was predicted`,
  async () => {
    const random = seeded(seed);
    const draw = (below: number): number => Math.floor(random() * below);
    const programs: Program[] = [];
    while (programs.length < count) {
      const isExpedited = programs.length % 2 === 0;
      const branch = isExpedited ? '/programs/expedited' : '/programs/counted';
      const program = programOf(`${branch}/p${programs.length}`, isExpedited, draw);
      if (program.effects <= effectMax) programs.push(program);
    }
    const folder = mkdtempSync(join(tmpdir(), 'millrace-programs-'));
    const others = Array.from({ length: removed }, (_, at) => programOf(`/removed/p${at}`, false, draw));
    writeFileSync(join(folder, 'programs.json'), JSON.stringify({ programs, others, seed }));
    const args = [folder, `${each}`];
    const limitMs = 120_000 + kills * 20_000 + count * 1_000;
    await nemesis({ script, args, kills, minMs: 50, maxMs: 1_500, limitMs });

    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as InstanceResult[][];
    const effects = new Map<string, Set<string>>();
    for (const line of readFileSync(join(folder, 'ledger.jsonl'), 'utf8').split('\n')) {
      if (!line.endsWith('}')) continue; // a kill may tear one
      const { instance, action, key } = JSON.parse(line) as { instance: string; action: string; key: string };
      const own = effects.get(instance) ?? new Set();
      effects.set(instance, own.add(`${action} ${key}`));
    }
    const wrong = programs.flatMap((program, at) =>
      results[at]!.filter(
        ({ instance, state, result }) =>
          state !== 'finished' ||
          JSON.stringify(result) !== JSON.stringify(program.result) ||
          (effects.get(instance)?.size ?? 0) !== program.effects,
      ).map(ended => ({ ended, effects: effects.get(ended.instance)?.size, program })),
    );
    expect(wrong.slice(0, 1), `${wrong.length} of ${count * each}, seed ${seed}, ${folder}`).toEqual([]);
    expect(programs.reduce((sum, program) => sum + program.effects, 0)).toBeGreaterThan(count * 5);
    // What failed is left to be looked at.
    rmSync(folder, { recursive: true });
  },
  180_000 + kills * 20_000 + count * 1_000,
);
