// The part of the Store contract's suite that is about settings.

import { expect, test } from 'vitest';
import type { Store } from '../../src/store/contract.js';
import { isTooMany, type SettingChange, settingsBytesMax, settingsMax } from '../../src/store/settings.js';
import { nothing } from './conformance.js';

const atMs = Date.UTC(2030, 0, 2, 8);

/** @param storeOf the suite's, once it is open. All settings are gone at the end of each test. */
export function settingConformance(storeOf: () => Store): void {
  const read = async () => (await storeOf().settings.read(null))!;
  const put = (property: string, value: string | null, more: Partial<SettingChange> = {}) =>
    storeOf().commit({ ...nothing(), atMs, setting: { branch: '/a/', property, value, by: 'ann', ...more } });
  const clear = async (): Promise<void> => {
    for (const { branch, property } of (await read()).settings) await put(property, null, { branch });
  };

  test('T1, T2: a setting is there with who and when, is set again in its place, and goes when it is taken away', async () => {
    const { version } = await read();
    await put('PRIORITY', '5');
    await put('X', '{"a":[1,"ü"]}', { branch: '/', by: 'bob' });
    const first = { branch: '/a/', property: 'PRIORITY', value: '5', by: 'ann', atMs, version: version + 1 };
    const second = { branch: '/', property: 'X', value: '{"a":[1,"ü"]}', by: 'bob', atMs, version: version + 2 };
    expect(await read()).toEqual({ version: version + 2, settings: [second, first] });
    expect(await storeOf().settings.read(version + 2)).toBe(null);
    expect(await storeOf().settings.read(version + 1)).toEqual(await read());
    await put('PRIORITY', '6', { by: 'cy' });
    expect((await read()).settings[1]).toEqual({ ...first, value: '6', by: 'cy', version: version + 3 });
    await put('PRIORITY', null);
    expect(await read()).toEqual({ version: version + 4, settings: [second] });
    // There is nothing to take away.
    await put('PRIORITY', null);
    expect((await read()).version).toBe(version + 4);
    await clear();
    expect((await read()).settings).toEqual([]);
  });

  test('T1: of many at once each has a version of its own, with its audit row or not at all', async () => {
    const { version } = await read();
    const rows = async (): Promise<number> =>
      Number(
        (await storeOf().query(`select count(*) from millrace_audit where trace like '%of a setting%'`, []))[0]![0],
      );
    const before = await rows();
    const audit = [{ root: null, atMs, trace: JSON.stringify([{ m: 'of a setting' }]), events: 1 }];
    const repeated = { ...nothing(), setting: { branch: '/a/', property: 'P0', value: '0', by: 'ann' }, audit };
    await Promise.all([
      ...[1, 2, 3, 4, 5, 6, 7].map(n =>
        storeOf().commit({ ...repeated, id: nothing().id, setting: { ...repeated.setting, property: `P${n}` } }),
      ),
      storeOf().commit(repeated),
    ]);
    // Its answer was lost.
    expect(await storeOf().commit(repeated)).toEqual({ kind: 'committed', isRepeat: true });
    const { settings, version: after } = await read();
    expect(settings.map(each => each.version).sort((a, b) => a - b)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map(n => version + n),
    );
    expect([after, await rows()]).toEqual([version + 8, before + 8]);
    await clear();
  });

  test('T3: there are no more than so many, and no more than so large; a refused one leaves nothing', async () => {
    const beyond = (most: number) =>
      storeOf().commit({
        ...{ ...nothing(), settingsMax: most },
        setting: { branch: '/b/', property: 'ONE_MORE', value: '1', by: 'ann' },
      });
    for (const n of [1, 2, 3]) await put(`P${n}`, '1');
    const full = await read();
    await expect(beyond(3)).rejects.toMatchObject({ code: isTooMany });
    expect(await read()).toEqual(full);
    await beyond(4);
    // In the place of another it is none more.
    await beyond(4);
    await clear();
    await put('LARGE', JSON.stringify('x'.repeat(settingsBytesMax - 2)));
    await expect(beyond(settingsMax)).rejects.toMatchObject({ code: isTooMany });
    await clear();
  });
}
