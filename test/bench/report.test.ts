// The arithmetic of the bench: percentiles, medians, ratios, workloads.

import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../bench/contestant.js';
import { LatencyHistogram } from '../../bench/latency-histogram.js';
import { loadActions, loadFilms } from '../../bench/records.js';
import { formatTable, makeReport, median, medianRatio, type RoundResult } from '../../bench/report.js';
import { scenarioNamed } from '../../bench/scenarios/index.js';
import { batches, expectedActions, expectedChecksum } from '../../bench/workload.js';

function round(outcome: Partial<Outcome>): RoundResult {
  const whole: Outcome = {
    completed: 1_000,
    seconds: 1,
    perSecond: 1_000,
    p50Ms: 1,
    p99Ms: 2,
    checksum: 0,
    actions: 1_000,
    storeBytes: 400_000,
    ratio: null,
    remarks: {},
    ...outcome,
  };
  return { outcome: whole, cpuMicros: 30_000, peakMb: 100, settings: '' };
}

const race = { machine: 'here', rounds: 3, subject: 'millrace', baseline: [] };

describe('the latency histogram', () => {
  it('finds percentiles to one per cent', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 10_000; ms++) histogram.add(ms);
    expect(Math.abs(histogram.percentileMs(0.5) / 5_000 - 1)).toBeLessThan(0.011);
    expect(Math.abs(histogram.percentileMs(0.99) / 9_900 - 1)).toBeLessThan(0.011);
    expect(histogram.count).toBe(10_000);
  });

  it('takes zero and a day without losing count', () => {
    const histogram = new LatencyHistogram();
    histogram.add(0);
    histogram.add(86_400_000);
    expect(histogram.count).toBe(2);
    expect(histogram.percentileMs(0.99)).toBeGreaterThan(3_600_000);
  });
});

describe('the report', () => {
  it('takes the median of the ratios of the same round, not the ratio of the medians', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(medianRatio([100, 50, 10], [10, 10, 1])).toBe(10);
  });

  it('compares instances a second, and the subject with itself where the rounds say so', () => {
    const results = new Map([
      ['millrace', [round({ ratio: 0.9 }), round({ ratio: 0.7 }), round({ ratio: 0.8 })]],
      ['bullmq', [round({ perSecond: 100 }), round({ perSecond: 250 }), round({ perSecond: 200 })]],
    ]);
    const report = makeReport({ ...race, scenario: scenarioNamed('end-to-end'), results });
    expect(report).toEqual({
      scenario: 'end-to-end',
      machine: 'here',
      subject: {
        name: 'millrace',
        perSecond: 1_000,
        p50Ms: 1,
        p99Ms: 2,
        cpuMicrosPerInstance: 30,
        storeBytesPerInstance: 400,
        rssMb: 100,
        ratio: 0.8,
      },
      peers: [{ name: 'bullmq', perSecond: 200, p50Ms: 1, p99Ms: 2, ratio: 5 }],
      rounds: 3,
    });
  });

  it('compares the median latency in `latency`', () => {
    const results = new Map([
      ['millrace', [round({ p50Ms: 3 })]],
      ['bullmq', [round({ p50Ms: 2 })]],
    ]);
    const report = makeReport({ ...race, scenario: scenarioNamed('latency'), results });
    expect(report.peers[0]?.ratio).toBe(1.5);
  });

  it('compares actions a second of `steps` with those of `end-to-end`', () => {
    const results = new Map([['millrace', [round({ perSecond: 200 })]]]);
    const report = makeReport({ ...race, scenario: scenarioNamed('steps'), results, baseline: [round({})] });
    expect(report.subject?.ratio).toBe(0.6);
  });

  it('compares three engines of `end-to-end-cluster` with one, and says how fast they were', () => {
    const results = new Map([['millrace', [round({ perSecond: 200 })]]]);
    const told = {
      ...race,
      scenario: scenarioNamed('end-to-end-cluster'),
      results,
      baseline: [round({ perSecond: 300 })],
    };
    const report = makeReport(told);
    expect(report.subject?.ratio).toBe(1.5);
    expect(formatTable(told, report)).toContain('millrace: end-to-end-cluster-3 300 per second');
  });
});

describe('the workload', () => {
  it('interleaves 10 priorities and 20 branches, all combinations alike often', () => {
    const counts = new Map<string, number>();
    for (const batch of batches(scenarioNamed('mixed'), loadFilms(), 2_000)) {
      expect(batch.length).toBe(500);
      for (const { branch, priority } of batch) {
        const key = `${branch}/${priority}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(200);
    expect(new Set(counts.values())).toEqual(new Set([10]));
  });

  it('scores every film as an integer, the same inline and after a pause', async () => {
    const { score, scoreLater, refuse } = await loadActions();
    const films = loadFilms();
    expect(films.every(film => Number.isSafeInteger(score(film)) && score(film) >= 0)).toBe(true);
    expect(await scoreLater(films[7]!, 1)).toBe(score(films[7]!));
    expect(() => refuse(films[7]!)).toThrow(`refused ${score(films[7]!)}`);
    expect(expectedChecksum(films, score, films.length + 1)).toBe(
      films.reduce((sum, film) => sum + score(film), 0) + score(films[0]!),
    );
    expect(expectedActions(scenarioNamed('storm'), 10)).toBe(60);
  });
});
