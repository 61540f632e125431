// A loop of 20,000 turns (TURNS in the environment: so many): memory stays flat, and the instance is one segment, its input
// and what the last turn wrote, however often it has gone round. The audit is off here: with it each turn leaves what the
// audit shows of it. What is held for reading is little.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { deployFlows } from './deploy-flows.js';
import { here, ownWorld } from './setup.js';

const turns = Number(process.env.TURNS ?? 20_000);

setFlagsFromString('--expose-gc');
// It runs for so long that optimising what PGlite does pays (test/optimize-later.ts).
setFlagsFromString('--wasm-tiering-budget=6000000');
const collectGarbage = runInNewContext('gc') as () => void;

test('a loop of 20,000 turns keeps flat memory and a constant number of rows', {
  timeout: Math.max(400_000, 20 * turns),
}, async () => {
  const own = await ownWorld('memory', { auditFilter: [''], cacheBytes: 1_048_576 });
  const workflow = await deployFlows(own, ['|turn'], [['turn', 'turn', { condition: `RESULT.turn < ${turns}` }]], {
    turn: { function: 'turn' },
  });
  const id = await own.engine.submit({ workflow, input: {} });
  const ended = own.engine.result(id);
  const heaps: number[] = [];
  const rows = new Set<string>();
  const bodies = new Set<string>();
  const look = async (): Promise<void> => {
    rows.add(await countOf('millrace_segment'));
    bodies.add(await countOf('millrace_body'));
  };
  const countOf = async (table: string): Promise<string> =>
    (await own.engine.query(`select count(*) from ${table}`, []))[0]![0]!;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  for (let looks = 0; !isOver; looks++) {
    // Not each time: a collection takes longer than many turns.
    if (looks % 10 === 0) {
      collectGarbage();
      heaps.push(process.memoryUsage().heapUsed);
    }
    await look();
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  expect((await ended).result).toEqual({ turn: turns });
  expect([...rows].filter(count => count !== '1' && count !== '0')).toEqual([]);
  expect([...bodies].filter(count => count !== '1' && count !== '2')).toEqual([]);
  expect(await countOf('millrace_body')).toBe('2');
  expect(await countOf('millrace_body_working')).toBe('0');
  expect(await countOf('millrace_outcome')).toBe('1');
  // What is left after collections is what lasts. The first quarter warms up; a kilobyte kept a turn would be 10 MB.
  const quarter = Math.floor(heaps.length / 4);
  const leastMb = (from: number) => Math.min(...heaps.slice(from, from + quarter)) / 1e6;
  console.log(`heap after collections: ${leastMb(quarter)} MB, then ${leastMb(3 * quarter)} MB`);
  expect(leastMb(3 * quarter)).toBeLessThan(leastMb(quarter) + 10);
});

test('loops of several contexts of one instance leave nothing of their turns', { timeout: 400_000 }, async () => {
  const own = await ownWorld('memory', { auditFilter: [''] });
  const workflow = `${own.branch}loops`;
  const definition = {
    name: workflow,
    module: './flow-actions.mjs',
    actions: [
      {
        name: 'each',
        type: 'forEach' as const,
        items: [1, 2, 3],
        parallel: 3,
        body: {
          actions: [{ name: 'turn', type: 'call' as const, function: 'turn', transactionBreak: true }],
          flows: [{ from: 'turn', to: 'turn', condition: 'RESULT.turn < 30' }],
        },
      },
    ],
    flows: [],
  };
  await own.engine.deploy(definition, here);
  const { state, result } = await own.engine.result(await own.engine.submit({ workflow, input: {} }));
  expect({ state, result }).toEqual({ state: 'finished', result: new Array(3).fill({ turn: 30 }) });
  const counts = `select (select count(*) from millrace_body), (select count(*) from millrace_body_working),
    (select count(*) from millrace_segment)`;
  expect(await own.engine.query(counts, [])).toEqual([['2', '0', '0']]);
});
