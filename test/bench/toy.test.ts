// Every scenario runs to its end at toy size, so that none rots. The figures mean nothing here; that the work was done,
// and done once, is checked by the bench itself (B3).

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { contestantNames, loadContestant, subjectName } from '../../bench/contestants/index.js';
import type { FlowsFigures } from '../../bench/flows.js';
import { packageRoot } from '../../bench/records.js';
import type { Report } from '../../bench/report.js';
import { scenarios } from '../../bench/scenarios/index.js';
import type { Scenario } from '../../bench/scenarios/scenario.js';
import { optimizeLater } from '../optimize-later.js';

const main = path.join(packageRoot, 'dist', 'bench', 'main.js');
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-toy-'));
// Until the engine takes part, its peers run alone.
const hasSubject = contestantNames.includes(subjectName);
const timeoutMs = 300_000;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A bench that has not ended with its test ends by the signal, with what it has started. */
async function bench(signal: AbortSignal, ...args: string[]): Promise<Report> {
  const file = path.join(folder, `${args.join('-').replaceAll(/[^\w-]/g, '')}.json`);
  if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build first`);
  await promisify(execFile)(process.execPath, [optimizeLater, main, ...args, '--toy', '--json', file], { signal });
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

/** All that can take part, also those that only run when asked for. */
async function peersOf(scenario: Scenario): Promise<string[]> {
  const names = contestantNames.filter(name => name !== subjectName);
  const contestants = await Promise.all(names.map(loadContestant));
  return contestants.filter(each => each.refuses(scenario) === null).map(each => each.name);
}

describe.concurrent('at toy size', () => {
  for (const scenario of scenarios.filter(each => each.peers.length > 0)) {
    it(
      `${scenario.name} runs to its end, the peers included`,
      async ({ signal }) => {
        const peers = await peersOf(scenario);
        const report = await bench(
          signal,
          scenario.name,
          '--peers',
          peers.join(','),
          ...(hasSubject ? [] : ['--peers-only']),
        );
        expect(report.peers.map(peer => peer.name)).toEqual(peers);
        expect(peers).toEqual(expect.arrayContaining([...scenario.peers]));
        expect(Object.keys(report)).toEqual(['scenario', 'machine', 'subject', 'peers', 'rounds']);
        for (const peer of report.peers) {
          expect(Object.keys(peer)).toEqual(['name', 'perSecond', 'p50Ms', 'p99Ms', 'ratio']);
          expect(Math.min(peer.perSecond, peer.p50Ms, peer.p99Ms)).toBeGreaterThan(0);
        }
      },
      timeoutMs,
    );
  }

  for (const scenario of scenarios.filter(
    each => each.peers.length === 0 && !['micro', 'time', 'flows', 'order'].includes(each.arrival),
  )) {
    it.runIf(hasSubject)(
      `${scenario.name} runs to its end`,
      async ({ signal }) => {
        const report = await bench(signal, scenario.name);
        expect(report.subject?.perSecond).toBeGreaterThan(0);
      },
      timeoutMs,
    );
  }

  it('micro measures every part', async ({ signal }) => {
    const report = (await bench(signal, 'micro')) as Report & { parts: { meanNs: number }[] };
    expect(report.parts.length).toBeGreaterThan(5);
    expect(Math.min(...report.parts.map(part => part.meanNs))).toBeGreaterThan(0);
  });

  it(
    'flows races every flow chart, then splits one instance and has one loop',
    async ({ signal }) => {
      const report = (await bench(signal, 'flows')) as unknown as FlowsFigures;
      expect(report.flowCharts.map(({ scenario, peers }) => [scenario, peers.length])).toEqual([
        ['flows-one-break', 2],
        ['flows-ten-breaks', 2],
        ['flows-split', 1],
        ['flows-loop', 2],
      ]);
      expect(Math.min(...report.flowCharts.map(each => each.actionsPerSecond!))).toBeGreaterThan(0);
      expect(report.splits.map(({ branches }) => branches)).toEqual([10, 20]);
      expect(report.loop!.turns).toBe(200);
      expect(report.loop!.rows.filter(rows => rows > 1)).toEqual([]);
    },
    timeoutMs,
  );

  it('time finds what its peers find, and what never comes', async ({ signal }) => {
    const report = (await bench(signal, 'time')) as Report & {
      shared: { ratio: number }[];
      unsatisfiable: { coldMs: number }[];
    };
    expect(Math.min(...report.shared.map(each => each.ratio))).toBeGreaterThan(0);
    expect(report.unsatisfiable.map(each => each.coldMs).length).toBeGreaterThan(3);
  });

  it('order measures both queues', async ({ signal }) => {
    const report = (await bench(signal, 'order')) as Report & { parts: { home: string; ratio: number }[] };
    expect(new Set(report.parts.map(each => each.home))).toEqual(new Set(['embedded', 'Redis']));
    expect(Math.min(...report.parts.map(each => each.ratio))).toBeGreaterThan(0);
  });

  it('a missing Redis is an error that says what to do, not a peer left out', async () => {
    const child = promisify(execFile)(
      process.execPath,
      [main, 'latency', '--toy', '--peers-only', '--peers', 'bullmq'],
      {
        env: { ...process.env, MILLRACE_REDIS_SERVER: '/nowhere/redis-server' },
      },
    );
    await expect(child).rejects.toThrow(/apt-get install redis-server/);
  });

  it('a peer that cannot take part says why', async () => {
    const child = promisify(execFile)(process.execPath, [main, 'storm', '--peers-only', '--peers', 'graphile-worker']);
    await expect(child).rejects.toThrow(/back-off is exp\(attempt\) seconds/);
  });
});
