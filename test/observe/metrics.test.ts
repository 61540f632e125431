import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram, Metrics } from '../../src/observe/metrics.js';

describe('histogram', () => {
  test('knows nothing when empty', () => {
    const empty = new Histogram();
    expect([empty.count, empty.sum, empty.mean, empty.max, empty.quantile(0.5)]).toEqual([0, 0, 0, 0, 0]);
  });

  test('is exact about a single value, whatever its size', () => {
    for (const value of [0, 0.0001, 1, 12.5, 1e6, 1e15]) {
      const histogram = new Histogram();
      histogram.record(value, 3);
      expect([histogram.quantile(0.01), histogram.quantile(0.99), histogram.count]).toEqual([value, value, 3]);
    }
  });

  test('p50 and p99 of 1 to 10,000 are within 1.2 %', () => {
    const histogram = new Histogram();
    for (let value = 1; value <= 10_000; value++) histogram.record(value);
    expect(Math.abs(histogram.quantile(0.5) / 5_000 - 1)).toBeLessThan(0.012);
    expect(Math.abs(histogram.quantile(0.99) / 9_900 - 1)).toBeLessThan(0.012);
    expect([histogram.max, histogram.mean]).toEqual([10_000, 5_000.5]);
    histogram.reset();
    expect(histogram.quantile(0.5)).toBe(0);
  });

  test('any quantile is near the recorded value of that rank', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, fraction) => {
          const histogram = new Histogram();
          for (const value of values) histogram.record(value);
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(values.length * fraction)) - 1]!;
          expect(Math.abs(histogram.quantile(fraction) / exact - 1)).toBeLessThan(0.012);
        },
      ),
    );
  });
});

describe('metrics', () => {
  test('are written as Prometheus reads them', () => {
    const metrics = new Metrics();
    const finished = metrics.counter('millrace_finished_total', 'Instances that ended', { engine: 'a"b\\c' });
    finished.add();
    finished.add(41);
    metrics.gauge('millrace_threads', 'Worker threads').set(2);
    metrics.histogram('millrace_commit_ms', 'Commits, ms', { store: 'x' }).record(4, 2);
    expect(metrics.render()).toBe(
      [
        '# HELP millrace_finished_total Instances that ended',
        '# TYPE millrace_finished_total counter',
        'millrace_finished_total{engine="a\\"b\\\\c"} 42',
        '# HELP millrace_threads Worker threads',
        '# TYPE millrace_threads gauge',
        'millrace_threads 2',
        '# HELP millrace_commit_ms Commits, ms',
        '# TYPE millrace_commit_ms summary',
        'millrace_commit_ms{store="x",quantile="0.5"} 4',
        'millrace_commit_ms{store="x",quantile="0.9"} 4',
        'millrace_commit_ms{store="x",quantile="0.99"} 4',
        'millrace_commit_ms_sum{store="x"} 8',
        'millrace_commit_ms_count{store="x"} 2',
        '',
      ].join('\n'),
    );
  });

  test('asked for twice are the same, and one name has one kind', () => {
    const metrics = new Metrics();
    expect(metrics.counter('a_total', 'A')).toBe(metrics.counter('a_total', 'A'));
    expect(metrics.counter('a_total', 'A', { x: '1' })).not.toBe(metrics.counter('a_total', 'A'));
    expect(() => metrics.gauge('a_total', 'A')).toThrow('metric a_total is a counter, not a gauge');
    expect(() => metrics.counter('a-b', 'A')).toThrow('"a-b" is not a name for a metric');
  });
});
