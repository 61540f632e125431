// What costs teach: pure, no threads.

import { describe, expect, it } from 'vitest';
import { CostBook, roomFor, trustIn } from '../../src/dispatch/costs.js';

const limits = { concurrency: 100, waitingMs: 25 };
const empty = { members: 0, occupiedUs: 0, elapsedUs: 0 };
const key = 1;

function bookOf(members: number, occupiedUs: number, elapsedUs = occupiedUs): CostBook {
  const book = new CostBook();
  book.learn(key, members, members * occupiedUs, members * elapsedUs);
  return book;
}

function roomAfter(book: CostBook, members: number): number {
  const cost = book.of(key)!;
  const load = { members, occupiedUs: members * cost.occupiedUs, elapsedUs: members * cost.elapsedUs };
  return roomFor(cost, load, limits);
}

describe('trust', () => {
  it('is one member until something is known, then eight times what was measured', () => {
    expect(trustIn(null, 0)).toBe(1);
    expect(trustIn(null, 1)).toBe(0);
    const book = bookOf(1, 5);
    expect(trustIn(book.of(key), 0)).toBe(8);
    book.learn(key, 8, 40, 40);
    expect(trustIn(book.of(key), 2)).toBe(70);
  });

  it('begins again when a member takes a multiple of what was known, if it matters', () => {
    const book = bookOf(1_000, 5);
    book.learn(key, 1, 900, 900);
    expect(book.of(key)!.measured).toBe(1_001);
    book.learn(key, 1, 10_000, 10_000);
    expect(book.of(key)!.measured).toBe(1);
    expect(book.of(key)!.occupiedUs).toBeGreaterThan(5_000);
  });

  it('forgets slowly otherwise: the mean is over the last 256 members', () => {
    const book = bookOf(1_000, 100);
    for (let round = 0; round < 20; round++) book.learn(key, 64, 64 * 50, 64 * 50);
    expect(book.of(key)!.occupiedUs).toBeCloseTo(50, 0);
  });
});

describe('room', () => {
  it('is a thousand at once for trivial members', () => {
    expect(roomAfter(bookOf(100, 5), 0)).toBe(1_000);
    expect(roomAfter(bookOf(100, 5), 4_900)).toBe(101);
    expect(roomAfter(bookOf(100, 5), 5_000)).toBe(1);
    expect(roomAfter(bookOf(100, 5), 5_001)).toBe(0);
  });

  it('is one executing and two waiting for members of 10 ms', () => {
    const book = bookOf(10, 10_000);
    expect([0, 1, 2, 3].map(members => roomAfter(book, members))).toEqual([3, 2, 1, 0]);
  });

  it('is one at a time for members of a second', () => {
    const book = bookOf(10, 1e6);
    expect([0, 1].map(members => roomAfter(book, members))).toEqual([1, 0]);
  });

  it('of awaited members is `concurrency` executing and what 25 ms set free', () => {
    expect(roomAfter(bookOf(10, 20, 100_000), 0)).toBe(125);
    expect(roomAfter(bookOf(10, 20, 1e7), 0)).toBe(100);
    expect(roomAfter(bookOf(10, 20, 1e7), 100)).toBe(0);
  });

  it('beside others counts what they hold', () => {
    const cost = bookOf(10, 5).of(key)!;
    expect(roomFor(cost, { ...empty, members: 2, occupiedUs: 20_000, elapsedUs: 20_000 }, limits)).toBeGreaterThan(400);
    expect(roomFor(cost, { ...empty, members: 3, occupiedUs: 30_000, elapsedUs: 30_000 }, limits)).toBe(0);
    expect(roomFor(cost, { members: 50, occupiedUs: 1_000, elapsedUs: 50e6 }, limits)).toBeGreaterThanOrEqual(50);
  });
});
