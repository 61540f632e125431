// A raised signal, and a race that has been won, outlive an engine that is killed.

import { expect, test } from 'vitest';
import { child, freshFolder, open } from './setup.js';

test('a raised signal stays raised, and a trigger that has lost its race never fires, over a kill', async () => {
  const folder = freshFolder();
  const killed = child('signals.mjs', [folder]);
  const [, signal, race] = (await killed.line(/^ready/)).split(' ') as [string, string, string];
  await killed.kill();
  const { engine } = await open(folder);
  await engine.start();
  expect(await engine.raiseSignal(signal, 'stop')).toEqual({ contexts: 0, instances: 0 });
  await engine.expedite('/kept/');
  expect((await engine.result(race)).state).toBe('finished');
  const event = async (name: string, action: string): Promise<string> => {
    const sql = 'select count(*) from millrace_audit_event where short_name = $1 and action = $2';
    return (await engine.query(sql, [name, action]))[0]![0]!;
  };
  expect(await Promise.all(['soon', 'later', 'never'].map(name => event('ExitingTrigger', name)))).toEqual([
    '1',
    '0',
    '0',
  ]);
  expect(await event('ExitingTrigger', 'won')).toBe('1');
  await expect.poll(() => event('ExitingTriggerOnSignal', 'second')).toBe('1');
});
