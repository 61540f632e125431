// How soon a thread is started in place of a lost one.

import { expect, it } from 'vitest';
import type { Verdict } from '../../src/dispatch/culprit.js';
import { Relaunch } from '../../src/dispatch/relaunch.js';

const nobody: Verdict = { culprit: null, suspects: [] };
const row = { row: 0, batch: 1, slot: 0, path: [0], exits: [], startedAtMs: 0, isLoading: false };

it('losses nobody is blamed for are followed by longer and longer pauses, until a member is answered', () => {
  const relaunch = new Relaunch();
  const pauses = Array.from({ length: 8 }, () => relaunch.lost(nobody));
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  relaunch.answered();
  expect(relaunch.lost(nobody)).toBe(100);
});

it('a loss somebody is blamed for is made good at once, and changes no pause', () => {
  const relaunch = new Relaunch();
  expect(relaunch.lost(nobody)).toBe(100);
  expect(relaunch.lost({ culprit: row, suspects: [] })).toBe(0);
  expect(relaunch.lost({ culprit: null, suspects: [row, row] })).toBe(0);
  expect(relaunch.lost(nobody)).toBe(200);
});
