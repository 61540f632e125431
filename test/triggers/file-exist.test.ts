// The trigger that waits for files, asked as a thread asks it: real folders, and the time handed in.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ActionMember, PlacedAction, Polled } from '../../src/dispatch/action.js';
import type { CalendarDefinition } from '../../src/time/calendar/model.js';
import { fileExistTrigger } from '../../src/triggers/file-exist.js';
import type { FileExistTrigger, Json } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-files-'));
});

function put(name: string, content = '', modifiedMs?: number): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (modifiedMs !== undefined) utimesSync(file, modifiedMs / 1_000, modifiedMs / 1_000);
  return file;
}

const office: CalendarDefinition = {
  name: 'office',
  zone: 'UTC',
  rules: [{ include: { days: ['mon-fri'], hours: ['08:00-17:00'] } }],
};

function placed(more: Partial<FileExistTrigger>): PlacedAction {
  const action = { name: 'wait', type: 'fileExist', files: [`${folder}/*.csv`], ...more } as FileExistTrigger;
  const plan = compilePlan({ name: '/test/files', actions: [action], flows: [], calendars: [office] }, folder);
  return fileExistTrigger.prepare(
    plan.actions[0]!,
    property => () => property,
    () => {
      throw new Error('it has no scripts');
    },
  );
}

async function ask(
  more: Partial<FileExistTrigger>,
  nowMs = Date.now(),
  signal = new AbortController().signal,
): Promise<Polled> {
  const turn = { nowMs, arrivedAtMs: nowMs, isExpedited: false, kept: null as Json };
  const trigger = placed(more);
  await trigger.ready?.(nowMs);
  return (await trigger.run({ turn: () => turn, context: { signal } } as unknown as ActionMember)) as Polled;
}

async function filesOf(more: Partial<FileExistTrigger>): Promise<unknown[]> {
  const polled = await ask(more);
  if (polled.kind !== 'fired') return [polled.kind];
  return (polled.result as { files: string[] }).files.map(file => path.relative(folder, file));
}

describe('it fires', () => {
  test('at once when there are files, with all that match in order; always with lists', async () => {
    const at = 1_700_000_000_000;
    const [b, a] = [put('b.csv', 'four', at), put('a.csv', 'five!', at + 1)];
    put('a.txt');
    put('sub/c.csv');
    expect(await ask({})).toEqual({
      kind: 'fired',
      result: {
        files: [a, b],
        names: ['a.csv', 'b.csv'],
        infos: [
          { path: a, size: 5, modifiedAt: new Date(at + 1).toISOString() },
          { path: b, size: 4, modifiedAt: new Date(at).toISOString() },
        ],
        complete: true,
      },
    });
    expect(await filesOf({ orderBy: 'modified' })).toEqual(['b.csv', 'a.csv']);
    expect(await filesOf({ orderBy: 'size', descending: true })).toEqual(['a.csv', 'b.csv']);
    expect(await filesOf({ files: [`${folder}/**/?.csv`, `${folder}/*.csv`] })).toEqual([
      'a.csv',
      'b.csv',
      'sub/c.csv',
    ]);
    expect(await filesOf({ files: [`${folder}/*/c.csv`] })).toEqual(['sub/c.csv']);
    expect(await filesOf({ files: [a] })).toEqual(['a.csv']);
  });

  test('without what is excluded, by path or by name, and with the first of many', async () => {
    for (const name of ['a.csv', 'b.csv', 'b.tmp.csv', 'sub/a.csv', 'sub/d.csv']) put(name);
    const files = [`${folder}/**/*.csv`];
    expect(await filesOf({ files, excludes: ['*.tmp.*', `${folder}/sub/d*`] })).toEqual([
      'a.csv',
      'b.csv',
      'sub/a.csv',
    ]);
    const polled = await ask({ files, maximum: 2 });
    expect(polled).toMatchObject({ kind: 'fired', result: { names: ['a.csv', 'b.csv'], complete: false } });
  });

  test('with names that hold anything', async () => {
    const odd = ['$(id).csv', 'a \'b\' "c"\n.csv', '-rf.csv', '😀.csv'];
    for (const name of odd) put(name);
    expect((await filesOf({})).sort()).toEqual([...odd].sort());
  });
});

describe('it waits', () => {
  test('while there are none, or too few, and looks again after its time', async () => {
    expect(await ask({}, 1_000_000)).toEqual({ kind: 'waits', untilMs: 1_060_000, event: 'files' });
    expect(await ask({ files: ['/no/such/folder/*'], pollEvery: '+5s' }, 1_000)).toMatchObject({ untilMs: 6_000 });
    put('a.csv');
    expect(await ask({ minimum: 2, pollEvery: '+0s' }, 1_000)).toMatchObject({ kind: 'waits', untilMs: 1_100 });
  });

  test('for business time, when it has a calendar, and does not look before', async () => {
    put('a.csv');
    const friday = Date.UTC(2031, 0, 31);
    const hourMs = 3_600_000;
    const calendar = 'office';
    expect(await ask({ calendar }, friday + 8 * hourMs)).toMatchObject({ kind: 'fired' });
    const evening = friday + 17 * hourMs;
    const monday = friday + 3 * 24 * hourMs + 8 * hourMs;
    expect(await ask({ calendar }, evening)).toEqual({ kind: 'waits', untilMs: monday, event: 'files' });
    expect(await ask({ calendar, timeoutMs: 500 }, evening)).toMatchObject({ untilMs: evening + 500 });
  });

  test('no longer than its timeout', async () => {
    expect(await ask({ timeoutMs: 500 }, 1_000)).toMatchObject({ kind: 'waits', untilMs: 1_500 });
  });

  test('for what is no ordinary file: folders, links, what lies behind links', async () => {
    put('real/x.csv');
    mkdirSync(path.join(folder, 'folder.csv'));
    symlinkSync(path.join(folder, 'real/x.csv'), path.join(folder, 'link.csv'));
    mkdirSync(path.join(folder, 'in'));
    symlinkSync(path.join(folder, 'real'), path.join(folder, 'in/linked'));
    expect(await filesOf({})).toEqual(['waits']);
    expect(await filesOf({ files: [`${folder}/in/**/*.csv`] })).toEqual(['waits']);
    expect(await filesOf({ files: [`${folder}/link.csv`] })).toEqual(['waits']);
    // What is written out is meant.
    expect(await filesOf({ files: [`${folder}/in/linked/x.csv`] })).toEqual(['in/linked/x.csv']);
  });

  test('until files have been left alone for their time, whatever date they bear', async () => {
    const file = put('a.csv', 'x', 1_000_000);
    const changedMs = statSync(file).ctimeMs;
    const waits = await ask({ stable: '+30s' }, changedMs + 29_000);
    expect(waits).toEqual({ kind: 'waits', untilMs: Math.ceil(changedMs + 30_000), event: 'files' });
    expect(await ask({ stable: '+30s' }, changedMs + 30_001)).toMatchObject({ kind: 'fired' });
    expect(await ask({ stable: '+0s' }, changedMs - 1_000)).toMatchObject({ kind: 'fired' });
  });
});

test('it fails when it may not look: here the name of a folder is too long for the system', async () => {
  const files = [`${folder}/${'😀'.repeat(100)}/*`];
  await expect(ask({ files })).rejects.toMatchObject({
    code: 'FilesUnreadable',
    message: expect.stringContaining('ENAMETOOLONG'),
  });
});

test('what has been put together is checked like what is written', async () => {
  await expect(ask({ files: ['${x}'] })).rejects.toMatchObject({ code: 'FilesInvalid' });
});

test('a withdrawn context looks no further', async () => {
  put('a.csv');
  const reason = new Error('withdrawn');
  await expect(ask({}, 0, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a folder of 20,000 files is looked through a piece at a time, and only what is wanted is held', async () => {
  for (let at = 0; at < 20_000; at++) writeFileSync(path.join(folder, `${String(at).padStart(5, '0')}.csv`), '');
  let turns = 0;
  const counting = setInterval(() => {
    turns += 1;
  }, 0);
  const polled = await ask({ maximum: 3 });
  clearInterval(counting);
  expect(polled).toMatchObject({
    kind: 'fired',
    result: { names: ['00000.csv', '00001.csv', '00002.csv'], complete: false },
  });
  // The thread went on with others meanwhile.
  expect(turns).toBeGreaterThan(1);
  rmSync(folder, { recursive: true });
});
