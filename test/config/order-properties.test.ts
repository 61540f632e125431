// The properties that say in which order, and how much at once, a branch is run: what they may be, and what a tree says.

import { describe, expect, test } from 'vitest';
import { hasFewWindows, overlayWithin } from '../../src/config/fairness-windows.js';
import { ordersOf } from '../../src/config/order-properties.js';
import { settingOf, settingPlace } from '../../src/config/settings.js';
import { emptyTree, type Property } from '../../src/config/tree.js';
import type { Json } from '../../src/workflow/model.js';
import { parse, told, treeOf } from './surroundings.js';

const source = { kind: 'operation', by: 'ann', atMs: 1, version: 1 } as const;

function setting(branch: string, property: string, value: Json): Property {
  const place = settingPlace(branch, property);
  const read = place.ok ? settingOf(place.value, value, source) : place;
  if (!read.ok) throw new Error(read.faults.map(({ message }) => message).join('; '));
  return read.value;
}

const none = { priority: null, fifo: null, fairness: null, throttle: null, keys: null };

describe('the order of a branch', () => {
  test('is what the branch says itself, in both notations', () => {
    const expected = new Map([
      ['/', { ...none, priority: 20, fairness: 300_000, throttle: { perEngine: 10, clusterWide: null, rate: null } }],
      ['/a/', { ...none, fifo: true, fairness: 'off', throttle: { perEngine: null, clusterWide: 0, rate: null } }],
      ['/b/', { ...none, fifo: false, throttle: { perEngine: 3, clusterWide: 5, rate: null } }],
      [
        '/d/',
        { ...none, throttle: { perEngine: null, clusterWide: null, rate: { members: 100, perMs: 60_000, burst: 20 } } },
      ],
    ]);
    const properties = [
      '/PRIORITY=20',
      '/CONCURRENCY_THROTTLE = 10',
      '/FAIRNESS_TIME_WINDOW=+5m',
      '/a/fifo_scheduling_enabled=TRUE ',
      '/a/concurrency_throttle_cluster_wide=0',
      '/a/CONCURRENCY_THROTTLE=Unlimited',
      '/a/FAIRNESS_TIME_WINDOW=Off',
      '/b/FIFO_SCHEDULING_ENABLED=false',
      '/b/CONCURRENCY_THROTTLE=3',
      '/b/CONCURRENCY_THROTTLE_CLUSTER_WIDE=5',
      '/c/CONCURRENCY_THROTTLE=unlimited',
      '/c/RATE=unlimited',
      '/d/RATE=100 per +1m burst 20',
      '/c/X=1',
    ];
    expect(ordersOf(treeOf(parse(properties.join('\n'), 'runtime.properties')))).toEqual(expected);
    const yaml = `
PRIORITY: 20
CONCURRENCY_THROTTLE: 10
FAIRNESS_TIME_WINDOW: +5m
/a:
  FIFO_SCHEDULING_ENABLED: true
  CONCURRENCY_THROTTLE_CLUSTER_WIDE: 0
  FAIRNESS_TIME_WINDOW: off
/b: { FIFO_SCHEDULING_ENABLED: false, CONCURRENCY_THROTTLE: 3, CONCURRENCY_THROTTLE_CLUSTER_WIDE: 5 }
/c: { CONCURRENCY_THROTTLE: unlimited, RATE: unlimited }
/d: { RATE: 100 per +1m burst 20 }
`;
    expect(ordersOf(treeOf(parse(yaml, 'runtime.yaml')))).toEqual(expected);
    expect(ordersOf(emptyTree)).toEqual(new Map());
  });

  test('is refused with its place where it is no number, no flag, no window of a fixed length', () => {
    const limit = 'accepted is a whole number from 0 (nothing runs) to 999,999,999, or unlimited (VALUE_INVALID)';
    const window =
      'accepted is a relative time expression of a fixed length up to 366 days, such as +5m, or off (VALUE_INVALID)';
    const yaml = `
CONCURRENCY_THROTTLE: -1
/a: { CONCURRENCY_THROTTLE: 1.5, CONCURRENCY_THROTTLE_CLUSTER_WIDE: "5", FAIRNESS_TIME_WINDOW: +M }
/b: { FIFO_SCHEDULING_ENABLED: "true", FAIRNESS_TIME_WINDOW: 5 }
/c: { FIFO_SCHEDULING_ENABLED: 1, FAIRNESS_TIME_WINDOW: -5m }
/d: { FAIRNESS_TIME_WINDOW: +367d, CONCURRENCY_THROTTLE: 1000000000 }
/e: { FAIRNESS_TIME_WINDOW: "5m", RATE: 100 per 1m }
`;
    expect(told(parse(yaml, 'f.yaml'))).toEqual([
      `f.yaml:2:23 /CONCURRENCY_THROTTLE: found -1, ${limit}`,
      `f.yaml:3:29 /a/CONCURRENCY_THROTTLE: found 1.5, ${limit}`,
      `f.yaml:3:69 /a/CONCURRENCY_THROTTLE_CLUSTER_WIDE: found "5", ${limit}`,
      expect.stringMatching(/^f\.yaml:3:96 \/a\/FAIRNESS_TIME_WINDOW: .*a step without a fixed length.*VALUE_INVALID/),
      'f.yaml:4:32 /b/FIFO_SCHEDULING_ENABLED: found "true", accepted is true or false (VALUE_INVALID)',
      `f.yaml:4:62 /b/FAIRNESS_TIME_WINDOW: found 5, ${window}`,
      'f.yaml:5:32 /c/FIFO_SCHEDULING_ENABLED: found 1, accepted is true or false (VALUE_INVALID)',
      `f.yaml:5:57 /c/FAIRNESS_TIME_WINDOW: found "-5m", ${window}`,
      `f.yaml:6:29 /d/FAIRNESS_TIME_WINDOW: found "+367d", ${window}`,
      `f.yaml:6:58 /d/CONCURRENCY_THROTTLE: found 1000000000, ${limit}`,
      expect.stringMatching(/^f\.yaml:7:29 \/e\/FAIRNESS_TIME_WINDOW: .*VALUE_INVALID/),
      expect.stringMatching(/^f\.yaml:7:41 \/e\/RATE: found "100 per 1m", at character 9 .*VALUE_INVALID/),
    ]);
    const properties = '/CONCURRENCY_THROTTLE=-1\n/a/CONCURRENCY_THROTTLE=\n/FIFO_SCHEDULING_ENABLED=yes';
    expect(told(parse(properties, 'f.properties')).map(line => line.split(' ')[0])).toEqual([
      'f.properties:1:23',
      expect.stringMatching(/^f\.properties:2:2/),
      'f.properties:3:26',
    ]);
  });

  test('what is to come is refused by name, lest it be taken for a variable', () => {
    expect(settingPlace('/a/', 'INTERNAL_LOGGER_DEBUG_ENABLED')).toMatchObject({
      faults: [{ code: 'PROPERTY_UNSUPPORTED' }],
    });
  });
});

describe('fairness windows', () => {
  const windows = (count: number): string[] =>
    Array.from({ length: count }, (_, at) => `/w${at}/FAIRNESS_TIME_WINDOW=+${at + 1}m`);

  test('are at most eight different ones in a file; the same length again, and off, are none more', () => {
    const eight = [...windows(8), '/x/FAIRNESS_TIME_WINDOW=+60s', '/y/FAIRNESS_TIME_WINDOW=off'];
    expect(hasFewWindows(treeOf(parse(eight.join('\n'), 'f.properties')))).toBe(true);
    const ten = [...windows(10), '/x/PRIORITY=1', '/y/FAIRNESS_TIME_WINDOW=+1m'].join('\n');
    const message = 'there are more than 8 different windows of FAIRNESS_TIME_WINDOW, and each claim compares them all';
    expect(told(parse(ten, 'f.properties'))).toEqual([
      `f.properties:9:26 /w8/FAIRNESS_TIME_WINDOW: ${message} (WINDOWS_TOO_MANY)`,
      `f.properties:10:26 /w9/FAIRNESS_TIME_WINDOW: ${message} (WINDOWS_TOO_MANY)`,
    ]);
  });

  test('set by operation that are too many over a file that has changed are left out, and told', () => {
    const base = treeOf(parse(windows(7).join('\n'), 'f.properties'));
    const settings = [
      setting('/a/', 'FAIRNESS_TIME_WINDOW', '+1H'),
      setting('/b/', 'FAIRNESS_TIME_WINDOW', '+2H'),
      setting('/b/', 'PRIORITY', 3),
      setting('/c/', 'FAIRNESS_TIME_WINDOW', '+1H'),
    ];
    expect(overlayWithin(base, settings.slice(0, 1)).faults).toEqual([]);
    const { tree, faults } = overlayWithin(base, settings);
    expect(faults).toMatchObject([{ code: 'WINDOWS_TOO_MANY', path: '/b/FAIRNESS_TIME_WINDOW' }]);
    expect(['/a/', '/b/', '/c/'].map(branch => ordersOf(tree).get(branch))).toEqual([
      { ...none, fairness: 3_600_000 },
      { ...none, priority: 3 },
      { ...none, fairness: 3_600_000 },
    ]);
    expect(hasFewWindows(tree)).toBe(true);
  });
});
