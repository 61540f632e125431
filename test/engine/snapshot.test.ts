// The export of an instance: whole, of one moment, living or gone.

import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/engine/reads/snapshot.js';
import { definitionOf, here, noRetry, onEveryHome, signals } from './setup.js';

onEveryHome('snapshots', world => {
  test('an instance that waits: its definition, its input, where it stands and what it has written', async () => {
    const { engine, branch } = world();
    const workflow = `${branch}flow`;
    const steps = ['count', { function: 'count', break: true }, { function: 'gated', break: true }];
    await engine.deploy(definitionOf(workflow, steps), here);
    const name = `order 17 of ${branch}flow`;
    const input = { gate: `snapshot${branch}`, secret: 'not hidden' };
    const id = await engine.submit({ workflow, name, input, priority: 7, key: 'acme' }, 'ann');
    await signals.atGate(input.gate);
    // Its workflow has a newer version by now; its own goes along.
    await engine.deploy(definitionOf(workflow, ['echo']), here);
    const snapshot = await engine.export(id);
    expect(snapshot).toEqual({
      format: 'millrace-snapshot',
      version: 1,
      exportedAtMs: expect.any(Number),
      workflow: {
        name: workflow,
        version: 1,
        definition: definitionOf(workflow, steps),
        baseFolder: here.slice(0, -1),
      },
      instance: {
        id,
        name,
        submitter: 'ann',
        createdAtMs: expect.any(Number),
        state: 'ready',
        priority: 7,
        key: 'acme',
        finishedAtMs: null,
      },
      input,
      variables: {},
      contexts: [
        {
          context: 0,
          place: 'a3',
          state: 'ready',
          transaction: 2,
          attempt: 1,
          eligibleAtMs: expect.any(Number),
          variables: { RESULT: { count: 2 }, seen: ['a1', 'a2'] },
        },
      ],
      result: null,
      error: null,
    } satisfies Record<keyof Snapshot, unknown>);
    const { exportedAtMs: _, ...same } = snapshot;
    for (const other of [name, `${workflow}/${id}`, id.toUpperCase()]) {
      expect(await engine.export(other), other).toMatchObject(same);
    }
    await engine.pause(id);
    expect((await engine.export(id)).contexts[0]!.state).toBe('paused');
    await engine.resume(id);
    signals.open(input.gate);
    await engine.result(id);
    expect(await engine.export(id)).toMatchObject({
      workflow: { version: 1 },
      instance: { id, name, state: 'finished', finishedAtMs: expect.any(Number) },
      input,
      contexts: [],
      result: { action: 'a3' },
    });
  });

  test('before its first transaction it has written nothing; one removed has no result', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow, input: { n: 1 }, eligibleAtMs: 32_000_000_000_000 });
    expect((await engine.export(id)).contexts).toEqual([
      {
        context: 0,
        place: 'a1',
        state: 'ready',
        transaction: 0,
        attempt: 1,
        eligibleAtMs: 32_000_000_000_000,
        variables: {},
      },
    ]);
    await engine.remove(id);
    expect(await engine.export(id)).toMatchObject({
      instance: { name: null, state: 'removed' },
      input: { n: 1 },
      contexts: [],
      result: null,
    });
  });

  test('one that stands FAILED, one that waits for its retry: the last error', async () => {
    const { engine, deploy, until } = world();
    const failing = await deploy([{ function: 'alwaysFails', retry: noRetry }], 'failing');
    const [one, other] = await engine.submit([{ workflow: failing }, { workflow: failing }]);
    await Promise.all([one!, other!].map(id => engine.result(id)));
    expect(await engine.export(other!)).toMatchObject({
      instance: { state: 'failed' },
      contexts: [{ place: 'a1', state: 'failed', attempt: 1 }],
      error: { message: 'always', action: 'a1' },
    });
    const retry = { retries: 5, delayMs: 86_400_000 };
    const waiting = await deploy([{ function: 'alwaysFails', retry }], 'waiting');
    const id = await engine.submit({ workflow: waiting });
    await until(async () => (await engine.show(id)).attempt === 2);
    expect(await engine.export(id)).toMatchObject({
      contexts: [{ state: 'ready', attempt: 2 }],
      error: { message: 'always' },
    });
  });

  test('while it runs through a loop every snapshot is whole', async () => {
    const { engine, branch } = world();
    const workflow = `${branch}loop`;
    const definition = {
      ...definitionOf(workflow, [{ function: 'count', break: true }]),
      flows: [{ from: 'a1', to: 'a1', condition: 'RESULT.count < 300' }],
    };
    await engine.deploy(definition, here);
    const id = await engine.submit({ workflow });
    let seen = 0;
    for (;;) {
      const { instance, contexts } = await engine.export(id);
      if (instance.state === 'finished') break;
      const { transaction, variables } = contexts[0]!;
      // What a transaction wrote is there with the place it led to, never without.
      const { RESULT, seen: names } = variables as { RESULT?: { count: number }; seen?: string[] };
      expect([RESULT?.count ?? 0, names?.length ?? 0]).toEqual([transaction, transaction]);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(0);
    expect((await engine.result(id)).result).toEqual({ count: 300 });
  });

  test('nobody is refused with a code', async () => {
    const { engine, branch } = world();
    for (const name of ['nobody', '01a1ff5f-3d3d-7000-9259-b21893d90000', `${branch}flow`]) {
      await expect(engine.export(name)).rejects.toThrow(/INSTANCE_UNKNOWN/);
    }
  });
});
