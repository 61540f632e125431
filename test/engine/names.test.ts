// Given names, and what result() says of whom.

import { expect, test } from 'vitest';
import { noRetry, onEveryHome, signals } from './setup.js';

onEveryHome('names and results', world => {
  test('a name stands for its instance while it lives and through its history', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['gated']);
    const name = 'order 17/ü';
    const id = await engine.submit({ workflow, name, input: { gate: 'living-name' } });
    await signals.atGate('living-name');
    expect((await engine.show(name)).instance).toBe(id);
    expect(await engine.submit({ workflow, name })).toBe(id);
    signals.open('living-name');
    expect((await engine.result(name)).instance).toBe(id);
    expect(await engine.submit({ workflow, name })).toBe(id);
    expect((await engine.result(`${workflow}/${id}`)).state).toBe('finished');
  });

  test('a taken name is refused on demand, and nothing of the call is stored', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow, name: 'rejected' });
    await engine.result(id);
    await expect(engine.submit([{ workflow }, { workflow, name: 'rejected', onConflict: 'reject' }])).rejects.toThrow(
      /NAME_TAKEN: record 1: name: "rejected"/,
    );
    expect(await counts()).toEqual({ finished: 1 });
  });

  test('a submit that replaces removes the instance that had the name', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['gated']);
    const eligibleAtMs = Date.now() + 3_600_000;
    const first = await engine.submit({ workflow, name: 'replaced', eligibleAtMs });
    const second = await engine.submit({ workflow, name: 'replaced', onConflict: 'replace', eligibleAtMs });
    expect(second).not.toBe(first);
    expect((await engine.result(first)).state).toBe('removed');
    expect((await engine.show('replaced')).instance).toBe(second);
    await engine.remove(second);
    const third = await engine.submit({ workflow, name: 'replaced', onConflict: 'replace', eligibleAtMs });
    expect((await engine.show('replaced')).instance).toBe(third);
  });

  test('a call that is refused for one of its names removes nobody for another', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const eligibleAtMs = Date.now() + 3_600_000;
    const [first, second] = ['kept', 'taken'].map(name => ({ workflow, name: `${name} of ${workflow}`, eligibleAtMs }));
    const ids = await engine.submit([first!, second!]);
    await expect(
      engine.submit([
        { ...first!, onConflict: 'replace' },
        { ...second!, onConflict: 'reject' },
      ]),
    ).rejects.toThrow(/NAME_TAKEN: record 1/);
    expect(await counts()).toEqual({ ready: 2 });
    expect((await engine.show(first!.name)).instance).toBe(ids[0]);
  });

  test('one name replaced twice in one call is replaced by one instance, which all answer with', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const record = { workflow, name: `again of ${workflow}`, eligibleAtMs: Date.now() + 3_600_000 };
    const before = await engine.submit(record);
    const replace = { ...record, onConflict: 'replace' } as const;
    const ids = await engine.submit([replace, replace, record]);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).not.toBe(before);
    expect(await counts()).toEqual({ ready: 1, removed: 1 });
  });

  test('a name that would be read as a workflow, a branch or an id is refused', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const id = '0198c0de-0000-7000-8000-000000000001';
    for (const name of [workflow, '/', 'orders/', id, id.toUpperCase(), `orders/${id}`]) {
      await expect(engine.submit({ workflow, name })).rejects.toThrow(/INPUT_INVALID: record 0: name: must not begin/);
    }
    expect(await counts()).toEqual({});
  });

  test('an id behind another workflow than its own is no instance', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow, eligibleAtMs: Date.now() + 3_600_000 });
    const wrong = [`${workflow}s/${id}`, `/${id}`];
    for (const name of wrong) {
      await expect(engine.show(name)).rejects.toThrow(/INSTANCE_UNKNOWN/);
      await expect(engine.result(name)).rejects.toThrow(/INSTANCE_UNKNOWN/);
      await expect(engine.remove(name)).rejects.toThrow(/INSTANCE_UNKNOWN/);
    }
    expect(await counts()).toEqual({ ready: 1 });
    expect(await engine.remove(`${workflow}/${id.toUpperCase()}`)).toEqual({ contexts: 1, segments: 1 });
    expect((await engine.show(`${workflow}/${id}`)).state).toBe('removed');
  });

  test('what to do about a taken name is one of three things', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const record = { workflow, name: `misspelt of ${workflow}`, eligibleAtMs: Date.now() + 3_600_000 };
    await engine.submit(record);
    const misspelt = { ...record, onConflict: 'Reject' } as unknown as typeof record;
    await expect(engine.submit(misspelt)).rejects.toThrow(
      /INPUT_INVALID: record 0: onConflict: "Reject" must be "return", "replace", "reject"/,
    );
    expect(await counts()).toEqual({ ready: 1 });
  });

  test('one name twice in one call is one instance', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const ids = await engine.submit([{ workflow, name: 'twin' }, { workflow }, { workflow, name: 'twin' }]);
    expect(ids[2]).toBe(ids[0]);
    expect(ids[1]).not.toBe(ids[0]);
    await engine.result(ids[0]!);
    await engine.result(ids[1]!);
    expect(await counts()).toEqual({ finished: 2 });
  });

  test('of many submits of one name at once one makes the instance, all answer with it', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const ids = await Promise.all(Array.from({ length: 20 }, () => engine.submit({ workflow, name: 'race' })));
    expect(new Set(ids).size).toBe(1);
    await engine.result(ids[0]!);
    expect(await counts()).toEqual({ finished: 1 });
  });

  test('of many replacing submits of one name at once exactly one instance is left', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    const eligibleAtMs = Date.now() + 3_600_000;
    const replace = { workflow, name: 'replace race', onConflict: 'replace', eligibleAtMs } as const;
    const first = await engine.submit(replace);
    const ids = await Promise.all(Array.from({ length: 8 }, () => engine.submit(replace)));
    const { instance } = await engine.show('replace race');
    expect(ids).toContain(instance);
    const found = await counts();
    expect(found.ready).toBe(1);
    expect((await engine.show(first)).state).toBe('removed');
  });

  test('of many refusing submits of one name at once one is taken', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['echo']);
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, () => engine.submit({ workflow, name: 'reject race', onConflict: 'reject' })),
    );
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const each of all) if (each.status === 'rejected') expect(String(each.reason)).toMatch(/NAME_TAKEN/);
  });

  test('a name in a batch does not hold up the others, and names of a batch are all kept', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['echo']);
    const ids = await engine.submit(
      Array.from({ length: 50 }, (_, n) => ({ workflow, input: { n }, ...(n % 2 === 0 ? { name: `even ${n}` } : {}) })),
    );
    for (const n of [0, 48]) expect((await engine.result(`even ${n}`)).instance).toBe(ids[n]);
    expect((await engine.result(ids[49]!)).result).toEqual({ n: 49 });
  });

  test('result waits for the end, and answers at once afterwards', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['gated']);
    const id = await engine.submit({ workflow, input: { gate: 'result', n: 3 } });
    await signals.atGate('result');
    const waiting = [engine.result(id), engine.result(id), engine.result(`${workflow}/${id}`)];
    signals.open('result');
    const ended = { instance: id, state: 'finished', result: { action: 'a1', n: 3 }, error: null };
    expect(await Promise.all(waiting)).toEqual([ended, ended, ended]);
    expect(await engine.result(id)).toEqual(ended);
  });

  test('result of a removed, a failed and an unknown instance', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
    const [removed, failed] = await engine.submit([
      { workflow, eligibleAtMs: Date.now() + 3_600_000 },
      { workflow, input: { fails: 1 } },
    ]);
    const waiting = engine.result(removed!);
    await engine.remove(removed!);
    expect(await waiting).toEqual({ instance: removed, state: 'removed', result: null, error: null });
    expect(await engine.result(failed!)).toEqual({
      instance: failed,
      state: 'failed',
      result: null,
      error: expect.objectContaining({ code: 'Flaky', message: 'attempt 1 of 0' }),
    });
    await engine.remove(failed!);
    expect(await engine.result(failed!)).toEqual({ instance: failed, state: 'removed', result: null, error: null });
    // One of a root that exists, of which nothing has ended.
    const waitingRoot = (await engine.submit({ workflow, eligibleAtMs: Date.now() + 3_600_000 })).slice(0, 32);
    await expect(engine.result('0198c0de-0000-7000-8000-000000000001')).rejects.toThrow(/INSTANCE_UNKNOWN.*0198c0de/);
    await expect(engine.result(`${waitingRoot}0009`)).rejects.toThrow(/INSTANCE_UNKNOWN/);
    await expect(engine.result('nobody')).rejects.toThrow(/INSTANCE_UNKNOWN.*nobody/);
    await expect(engine.show('nobody')).rejects.toThrow(/INSTANCE_UNKNOWN/);
  });
});
