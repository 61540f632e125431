// Engines on one store: the earliest that lives leads, under an epoch that only grows.

import { setTimeout as passed } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Membership } from '../../src/engine/cluster/membership.js';
import { TestClock } from '../../src/observe/clock.js';
import { SqlMembers } from '../../src/store/members.js';
import { migrate } from '../../src/store/migrations/index.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';

/** Real time of the store's: long enough for a beat on a busy machine, short enough to wait for. */
const leaseMs = 3_000;

async function openMembers(): Promise<SqlMembers> {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  await migrate(driver);
  return new SqlMembers(driver);
}

/** An engine that beats only when its own clock is moved, or when it is told to look. */
class Node {
  readonly said: string[] = [];
  readonly clock = new TestClock();
  readonly membership: Membership;

  constructor(
    readonly members: SqlMembers,
    readonly name: string,
  ) {
    const profile = { name, host: 'h', pid: 1, url: null, process: null };
    this.membership = new Membership(members, profile, leaseMs, this.clock, {
      leads: epoch => this.said.push(`leads ${epoch}`),
      leadsNoMore: () => this.said.push('leads no more'),
      givenUp: () => true,
      rejoined: sequence => this.said.push(`rejoined ${sequence}`),
      gaveUp: gone => this.said.push(`gave up ${gone.map(member => member.name).join(' ')}`),
      beaten: () => undefined,
      failed: error => this.said.push(`failed ${String(error)}`),
    });
  }
}

async function started(members: SqlMembers, ...names: string[]): Promise<Node[]> {
  const nodes: Node[] = [];
  for (const name of names) {
    const node = new Node(members, name);
    await node.membership.start();
    nodes.push(node);
  }
  return nodes;
}

describe('the master', () => {
  test('is the earliest; one that leaves is followed at the next look by the next', async () => {
    const members = await openMembers();
    const [a, b, c] = (await started(members, 'a', 'b', 'c')) as [Node, Node, Node];
    expect([a, b, c].map(({ membership }) => membership.epoch)).toEqual([1, null, null]);
    await a.membership.stop();
    await c.membership.look();
    await b.membership.look();
    expect([a, b, c].map(({ membership }) => membership.epoch)).toEqual([null, 2, null]);
    expect(a.said).toEqual(['leads 1', 'leads no more']);
    expect(b.said).toEqual(['leads 2']);
    expect(c.membership.cluster?.members.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  test('that falls silent is given up within its lease; when it wakes it has lost the lead and joins anew', async () => {
    const members = await openMembers();
    const [a, b] = (await started(members, 'a', 'b')) as [Node, Node];
    await expect
      .poll(async () => {
        await b.membership.look();
        return b.said;
      })
      .toEqual(['leads 2', 'gave up a']);
    // What it does meanwhile under its old epoch does nothing.
    expect(await members.giveUp(a.membership.epoch!)).toEqual([]);
    await a.membership.look();
    expect(a.said).toEqual(['leads 1', 'leads no more', 'rejoined 3']);
    expect(a.membership.epoch).toBeNull();
    expect(b.membership.cluster?.master).toBe(2);
  });

  test('that falls silent is followed when its lease ends, not at the next third', async () => {
    const members = await openMembers();
    const [a, b] = (await started(members, 'a', 'b')) as [Node, Node];
    const leftMs = (): number => b.membership.cluster!.members.find(({ name }) => name === 'a')!.aliveForMs;
    await expect
      .poll(
        async () => {
          await b.membership.look();
          return leftMs();
        },
        { timeout: leaseMs * 2, interval: 20 },
      )
      .toBeLessThan(leaseMs / 3 - 50);
    const { pendingCount } = b.clock;
    const endsInMs = leftMs() + 20;
    expect(pendingCount).toBe(2);
    await passed(endsInMs);
    // Not yet the next third.
    b.clock.advanceMs(endsInMs);
    await expect.poll(() => b.said).toEqual(['leads 2', 'gave up a']);
    await b.membership.stop();
    expect(b.clock.pendingCount).toBe(0);
    expect(a.said).toEqual(['leads 1']);
  });

  test('beats at every third of its lease, by its own clock', async () => {
    const members = await openMembers();
    const [a] = (await started(members, 'a')) as [Node];
    const before = a.membership.cluster;
    a.clock.advanceMs(leaseMs / 3);
    await expect.poll(() => a.membership.cluster !== before).toBe(true);
  });

  test('stops leading when it has not reached the store for a lease', async () => {
    const driver = await openPgliteMemory();
    await migrate(driver);
    const [a] = (await started(new SqlMembers(driver), 'a')) as [Node];
    await driver.close();
    await a.membership.look();
    expect(a.membership.epoch).toBe(1);
    a.clock.advanceMs(leaseMs);
    await a.membership.look();
    expect(a.membership.epoch).toBeNull();
    expect(a.said.filter(said => !said.startsWith('failed'))).toEqual(['leads 1', 'leads no more']);
  });

  test('of many that start at once there is one, each epoch once', async () => {
    const members = await openMembers();
    const nodes = Array.from({ length: 8 }, (_, at) => new Node(members, `n${at}`));
    await Promise.all(nodes.map(node => node.membership.start()));
    await Promise.all(nodes.map(node => node.membership.look()));
    expect(nodes.filter(({ membership }) => membership.epoch !== null)).toHaveLength(1);
    const epochs = nodes.flatMap(({ said }) =>
      said.filter(each => each.startsWith('leads ') && each !== 'leads no more'),
    );
    expect(new Set(epochs).size).toBe(epochs.length);
  });
});
