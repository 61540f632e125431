// Token buckets by themselves: the bound of every window, what is used of a rate, and that nothing is rounded.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertRate, type Rate, rateMembersMax, ratePerMsMax } from '../../src/queue/rate.js';
import {
  atOtherRate,
  type Bucket,
  emptyBucket,
  filled,
  fullAtMs,
  nextTokenAtMs,
  OnwardTime,
  tokensIn,
  withGivenBack,
  withTaken,
} from '../../src/queue/rate-bucket.js';

const beganMs = Date.UTC(2030, 0, 2, 8);

/** Small numbers, where everything meets everything, and all there are. */
const upTo = (max: number) => fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max }), fc.constant(max));
const rate: fc.Arbitrary<Rate> = fc.record({
  members: upTo(rateMembersMax),
  perMs: upTo(ratePerMsMax),
  burst: upTo(rateMembersMax),
});
const passedMs = fc.oneof(fc.nat(3), fc.nat(10_000), fc.nat(10 * ratePerMsMax));

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), byMs: passedMs }) },
  // As a share of what there is, in thousandths; a bucket has a million at most.
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('take' as const), share: fc.integer({ min: 0, max: 1_000 }) }),
  },
  fc.record({ kind: fc.constant('back' as const), tokens: fc.oneof(fc.nat(5), fc.nat(2 * rateMembersMax)) }),
  fc.record({ kind: fc.constant('change' as const), to: rate }),
);

/** The same in whole numbers without end: a token of any rate is `perMs` parts, what does not fit is lost. */
class Reckoned {
  parts = 0n;
  constructor(public rate: Rate) {}

  pass(byMs: number): void {
    this.parts = least(this.parts + BigInt(this.rate.members) * BigInt(byMs), this.most());
  }

  add(tokens: number): void {
    this.parts = least(this.parts + BigInt(tokens) * BigInt(this.rate.perMs), this.most());
  }

  change(to: Rate): void {
    this.parts = (this.parts * BigInt(to.perMs)) / BigInt(this.rate.perMs);
    this.rate = to;
    this.parts = least(this.parts, this.most());
  }

  most(): bigint {
    return BigInt(this.rate.burst) * BigInt(this.rate.perMs);
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

describe('a bucket', () => {
  test('is what is reckoned without bounds, whatever passes, is taken, given back and changed', () => {
    fc.assert(
      fc.property(rate, fc.array(step, { maxLength: 40 }), (first, steps) => {
        let nowMs = beganMs;
        let bucket: Bucket = emptyBucket(nowMs);
        const reckoned = new Reckoned(first);
        for (const each of steps) {
          const at = reckoned.rate;
          switch (each.kind) {
            case 'pass':
              nowMs += each.byMs;
              bucket = filled(bucket, at, nowMs);
              reckoned.pass(each.byMs);
              break;
            case 'take': {
              const tokens = Math.floor((tokensIn(bucket, at) * each.share) / 1_000);
              bucket = withTaken(bucket, at, tokens);
              reckoned.add(-tokens);
              break;
            }
            case 'back':
              bucket = withGivenBack(bucket, at, each.tokens);
              reckoned.add(each.tokens);
              break;
            case 'change':
              bucket = atOtherRate(bucket, at, each.to, nowMs);
              reckoned.change(each.to);
              break;
          }
          const { members, perMs } = reckoned.rate;
          expect(BigInt(bucket.parts)).toBe(reckoned.parts);
          expect(BigInt(tokensIn(bucket, reckoned.rate))).toBe(reckoned.parts / BigInt(perMs));
          // The moments it tells are the first ones.
          for (const [atMs, needed] of [
            [nextTokenAtMs(bucket, reckoned.rate), BigInt(perMs)],
            [fullAtMs(bucket, reckoned.rate), reckoned.most()],
          ] as const) {
            const until = BigInt(atMs) - BigInt(nowMs);
            expect(until).toBeGreaterThanOrEqual(0n);
            expect(reckoned.parts + until * BigInt(members)).toBeGreaterThanOrEqual(needed);
            if (until > 0n) expect(reckoned.parts + (until - 1n) * BigInt(members)).toBeLessThan(needed);
          }
        }
      }),
    );
  });

  test('is the same however often it was looked at meanwhile', () => {
    fc.assert(
      fc.property(rate, fc.array(passedMs, { minLength: 1, maxLength: 20 }), (at, passed) => {
        let often = emptyBucket(beganMs);
        let nowMs = beganMs;
        for (const byMs of passed) {
          nowMs += byMs;
          often = filled(often, at, nowMs);
        }
        expect(often).toEqual(filled(emptyBucket(beganMs), at, nowMs));
      }),
    );
  });

  test('in no window more is taken than the rate and the burst', () => {
    fc.assert(
      fc.property(
        rate,
        fc.array(fc.record({ passedMs, share: fc.constantFrom(0, 0.5, 1) }), { minLength: 1, maxLength: 40 }),
        (at, takes) => {
          let nowMs = beganMs;
          let bucket = emptyBucket(nowMs);
          const taken: { readonly atMs: number; readonly tokens: number }[] = [];
          for (const { passedMs, share } of takes) {
            nowMs += passedMs;
            bucket = filled(bucket, at, nowMs);
            const tokens = Math.ceil(tokensIn(bucket, at) * share);
            bucket = withTaken(bucket, at, tokens);
            taken.push({ atMs: nowMs, tokens });
          }
          for (const [index, { atMs: fromMs }] of taken.entries()) {
            let sum = 0n;
            for (const { atMs, tokens } of taken.slice(index)) {
              sum += BigInt(tokens);
              const bound = BigInt(at.members) * BigInt(atMs - fromMs) + BigInt(at.burst) * BigInt(at.perMs);
              expect(sum * BigInt(at.perMs)).toBeLessThanOrEqual(bound);
            }
          }
        },
      ),
    );
  });

  test('of a rate all is used by who takes each token as it comes, where the bucket holds what comes in a millisecond', () => {
    const roomy = rate.filter(({ members, perMs, burst }) => members <= (burst - 1) * perMs);
    fc.assert(
      fc.property(roomy, fc.integer({ min: 20, max: 200 }), (at, looks) => {
        let bucket = emptyBucket(beganMs);
        let taken = 0n;
        for (let look = 0; look < looks; look++) {
          bucket = filled(bucket, at, nextTokenAtMs(bucket, at));
          const tokens = tokensIn(bucket, at);
          bucket = withTaken(bucket, at, tokens);
          taken += BigInt(tokens);
        }
        const came = (BigInt(at.members) * BigInt(bucket.atMs - beganMs)) / BigInt(at.perMs);
        expect(taken).toBe(came);
      }),
    );
  });

  test('of one token 95 % are used where a token takes 20 ms or longer to come', () => {
    const slow = rate.filter(({ members, perMs }) => perMs >= 20 * members).map(each => ({ ...each, burst: 1 }));
    fc.assert(
      fc.property(slow, at => {
        let bucket = emptyBucket(beganMs);
        for (let look = 0; look < 100; look++) {
          bucket = withTaken(filled(bucket, at, nextTokenAtMs(bucket, at)), at, 1);
        }
        const came = (at.members * (bucket.atMs - beganMs)) / at.perMs;
        expect(100 / came).toBeGreaterThanOrEqual(0.95);
      }),
    );
  });
});

describe('the time of buckets', () => {
  test('goes on as the clock does, and from where it was when that is set back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -ratePerMsMax, max: ratePerMsMax }), { maxLength: 30 }), steps => {
        const time = new OnwardTime();
        let clockMs = beganMs;
        let expectedMs = time.at(clockMs);
        for (const byMs of steps) {
          clockMs += byMs;
          expectedMs += Math.max(0, byMs);
          expect(time.at(clockMs)).toBe(expectedMs);
        }
      }),
    );
  });
});

describe('a rate', () => {
  test('out of the bounds within which all is exact is refused, with the number that is', () => {
    const good = { members: 1, perMs: ratePerMsMax, burst: rateMembersMax };
    expect(() => assertRate(good)).not.toThrow();
    for (const [name, value] of [
      ['members', 0],
      ['members', rateMembersMax + 1],
      ['perMs', 0.5],
      ['perMs', ratePerMsMax + 1],
      ['burst', Number.NaN],
      ['burst', -1],
    ] as const) {
      expect(() => assertRate({ ...good, [name]: value })).toThrow(`OPTION_INVALID: rate.${name}: found ${value}`);
    }
  });
});
