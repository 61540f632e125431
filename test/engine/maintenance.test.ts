// Times of maintenance, as an engine is told them. What a store does with them: `test/store/house.test.ts`.

import { expect, test } from 'vitest';
import { retentionOf } from '../../src/engine/maintenance.js';
import { resolveOptions } from '../../src/engine/options.js';
import { TestClock } from '../../src/observe/clock.js';
import { definitionOf, here, openEngine, ownWorld, temporaryFolder } from './setup.js';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2030, 0, 2, 12);
const told = (maintenance: string | null) => retentionOf(resolveOptions({ maintenance }), nowMs);

test('what is due is done at the next time of maintenance, by default at once', () => {
  expect(told(null).maintainedFromMs).toBeUndefined();
  const eachHour = told('0 0 0').maintainedFromMs!;
  expect(eachHour(nowMs)).toBe(nowMs);
  expect(eachHour(nowMs + 1)).toBe(nowMs + hourMs);
  const local = new Date(told('0 0 0 3').maintainedFromMs!(nowMs));
  expect([local.getHours(), local.getMinutes(), local.getSeconds()]).toEqual([3, 0, 0]);
  expect(local.getTime() - nowMs).toBeLessThanOrEqual(25 * hourMs);
});

test.each(['at night', '0 0 0 0 30 1', '0 0 0 3 b', '3H'])('"%s" is no time of maintenance', text => {
  expect(() => told(text)).toThrow(/^OPTION_INVALID: maintenance: /);
});

test('an engine that was told keeps results and audit until then, however long they have expired', async () => {
  const clock = new TestClock(nowMs);
  // At the end of the hour on whatever clocks.
  const { engine } = await ownWorld('memory', { clock, auditExpirationMs: 60_000, maintenance: '0 0 0' });
  await engine.deploy(definitionOf('/kept/flow', ['echo']), here);
  const id = await engine.submit({ workflow: '/kept/flow', input: { n: 1 } });
  await engine.result(id);
  const slot = async () =>
    (await engine.query(`select slot from millrace_generation where ring = 'audit' and is_current`))[0]![0];
  const pass = async (ms: number): Promise<string> => {
    clock.advanceMs(ms);
    return (await slot())!;
  };
  // A generation lasts ten seconds, and rounds come each two; none of them moves on.
  for (let minute = 1; minute < 59; minute++) expect(await pass(60_000)).toBe('0');
  expect((await engine.result(id)).state).toBe('finished');
  await expect.poll(() => pass(2_000), { timeout: 60_000 }).not.toBe('0');
  // It has closed the generation; the next time empties it.
  clock.advanceMs(hourMs);
  await expect
    .poll(async () => (await pass(2_000)) && (await engine.query('select count(*) from millrace_outcome')), {
      timeout: 60_000,
    })
    .toEqual([['0']]);
  await expect(engine.result(id)).rejects.toThrow('INSTANCE_UNKNOWN');
});

test('one that is none is refused', async () => {
  const opened = openEngine('memory', temporaryFolder(), { maintenance: 'never' });
  await expect(opened).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
