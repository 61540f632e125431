// Calls `where-is.lua`; nobody else does.

import type { MemberPriority, Shortage, Whereabouts } from '../../whereabouts.js';
import { listOf, rateIn } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** @param most heads and entries looked at one by one, at most */
export async function whereIs(
  caller: EpochCaller,
  segment: string,
  position: number,
  most: number,
): Promise<Whereabouts> {
  const [kind, ...told] = listOf(await caller.call('where-is', [segment, position, most]));
  switch (kind as Whereabouts['kind']) {
    case 'absent':
      return { kind: 'absent' };
    case 'delayed':
      return { kind: 'delayed', eligibleInMs: Number(told[0]) };
    case 'claimed': {
      const [engine, leaseLeftMs, redelivered] = told;
      return {
        kind: 'claimed',
        engine: String(engine),
        leaseLeftMs: Number(leaseLeftMs),
        redelivered: Number(redelivered) === 1,
      };
    }
    case 'ready': {
      const [waitedMs, redelivered, effective, base, origin, window, filed, before, shortages] = told;
      return {
        kind: 'ready',
        waitedMs: Number(waitedMs),
        redelivered: Number(redelivered) === 1,
        priority: { effective: Number(effective), base: Number(base), ...originIn(String(origin)) },
        window: Number(window) === 0 ? 'off' : Number(window),
        filedBy: filed === 'c' ? 'created' : 'eligible',
        shortages: listOf(shortages).map(shortageIn),
        before: Number(before),
      };
    }
  }
}

function originIn(told: string): Pick<MemberPriority, 'origin' | 'branch'> {
  return told === 'own' || told === 'default' ? { origin: told, branch: null } : { origin: 'branch', branch: told };
}

function shortageIn(told: unknown): Shortage {
  const [kind, name, limit, ...rest] = listOf(told);
  const branch = String(name);
  switch (kind as Shortage['kind']) {
    case 'clusterWide':
      return {
        kind: 'clusterWide',
        branch,
        key: rest.length > 1 ? String(rest[1]) : null,
        limit: Number(limit),
        running: Number(rest[0]),
      };
    case 'strict':
      return { kind: 'strict', branch, key: String(limit), before: Number(rest[0]) };
    case 'perEngine':
      return { kind: 'perEngine', branch, limit: Number(limit), engines: rest.map(String).sort() };
    case 'rate':
      return {
        kind: 'rate',
        branch,
        key: rest.length > 1 ? String(rest[1]) : null,
        rate: rateIn(limit)!,
        nextInMs: Number(rest[0]),
      };
  }
}
