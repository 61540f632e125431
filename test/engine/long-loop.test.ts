// A loop of 20,000 turns: memory stays flat, and the instance is one row however often it has gone round. What each turn
// wrote is history (`millrace_body`) and goes with its generation; the audit is off here, and what is held for reading is little.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { deployFlows } from './deploy-flows.js';
import { ownWorld } from './setup.js';

const turns = 20_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a loop of 20,000 turns keeps flat memory and one segment', { timeout: 400_000 }, async () => {
  const own = await ownWorld('memory', { auditFilter: [''], cacheBytes: 1_048_576 });
  const workflow = await deployFlows(own, ['|turn'], [['turn', 'turn', { condition: `RESULT.turn < ${turns}` }]], {
    turn: { function: 'turn' },
  });
  const id = await own.engine.submit({ workflow, input: {} });
  const ended = own.engine.result(id);
  const heaps: number[] = [];
  const rows = new Set<string>();
  const look = async (): Promise<void> => {
    collectGarbage();
    heaps.push(process.memoryUsage().heapUsed);
    rows.add(await countOf('millrace_segment'));
  };
  const countOf = async (table: string): Promise<string> =>
    (await own.engine.query(`select count(*) from ${table}`, []))[0]![0]!;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await look();
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  expect((await ended).result).toEqual({ turn: turns });
  expect([...rows].filter(count => count !== '1' && count !== '0')).toEqual([]);
  expect(await countOf('millrace_outcome')).toBe('1');
  // What is left after collections is what lasts. The first quarter warms up; a kilobyte kept a turn would be 10 MB.
  const quarter = Math.floor(heaps.length / 4);
  const leastMb = (from: number) => Math.min(...heaps.slice(from, from + quarter)) / 1e6;
  console.log(`heap after collections: ${leastMb(quarter)} MB, then ${leastMb(3 * quarter)} MB`);
  expect(leastMb(3 * quarter)).toBeLessThan(leastMb(quarter) + 10);
});
