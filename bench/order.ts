// The `order` scenario: what claims cost when branches are throttled and rated, priorities differ, what waits ages, and much of it is
// held back. The queue by itself, each home: claims of 256, settled at once, of what was offered before the clock.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import type { Offer, Queue, Rate, Throttle } from '../src/queue/contract.js';
import { EmbeddedQueue } from '../src/queue/embedded.js';
import type { KeyRules } from '../src/queue/key-rules.js';
import { ratePerMsMax } from '../src/queue/rate.js';
import { createRedisQueue } from '../src/queue/redis/redis-queue.js';
import { costOfChanges } from './priority-changes.js';
import { alignColumns, median } from './report.js';
import { startRedis } from './servers/redis.js';

const homes = ['embedded', 'Redis'] as const;
type Home = (typeof homes)[number];

export interface OrderFigure {
  readonly home: Home;
  readonly name: string;
  /** Members claimed and settled a second, median. */
  readonly perSecond: number;
  /** CPU time of a claim of 256 and its settling, of the caller and of Redis together, microseconds, median. */
  readonly cpuUs: number;
  /** The plain CPU time of the same round over its own, median: what neighbours on the machine do shows least there. */
  readonly ratio: number;
}

interface Variant {
  readonly name: string;
  readonly branches?: number;
  readonly priorities?: number;
  /** Members in a slice; default 128. */
  readonly members?: number;
  /** Members have so many keys, in turn; as many slices at least. */
  readonly keys?: number;
  /** Compared with that one, which has the same work and nothing set. */
  readonly plain: string;
  readonly set?: (queue: Queue) => Promise<void>;
  /** Instead of claims of what was offered: changes of the priority that so many slices of 500 inherit, each with a claim behind it. */
  readonly changedOver?: number;
}

const claimMembers = 256;
const sliceMembers = 128;
const blockedMembers = 500;
/** Slices that would be claimed in the time of one change of a priority: with 500 alone the embedded queue was timed while it was compiled. */
const slicesPerChange = 4;
const leaseMs = 60_000;
const engine = 'engine-1';
const minuteMs = 60_000;

function branchAt(index: number): string {
  return `/order/branch-${index}/`;
}

function throttled(count: number, throttle: Throttle) {
  return async (queue: Queue): Promise<void> => {
    for (let index = 0; index < count; index++) await queue.setThrottle(branchAt(index), throttle);
  };
}

/** A rate begins with nothing; one that is not to hold back is full a millisecond later. */
function rated(count: number, rate: Rate) {
  return async (queue: Queue): Promise<void> => {
    await throttled(count, { perEngine: null, clusterWide: null, rate })(queue);
    await passed(2);
  };
}

const large = { members: 1_000_000, perMs: 1, burst: 1_000_000 };
const roomy = { perEngine: null, clusterWide: 1_000, rate: null };
const roomyByEngine = { perEngine: 1_000, clusterWide: null, rate: null };

function ruled(rules: Partial<KeyRules>) {
  return (queue: Queue): Promise<void> =>
    queue.setKeys('/', { each: { clusterWide: null, rate: null }, weights: null, isStrict: false, ...rules });
}

/** @param blocked slices of 500 that are held back in front @param keys that members have, where they have any */
function variantsOf(blocked: number, keys: number): readonly Variant[] {
  const plain = (name: string, more: Partial<Variant> = {}): Variant => ({ name, plain: name, ...more });
  const hundred = { branches: 100, plain: '100 branches' };
  const ofKeys = `${keys.toLocaleString('en-US')} keys`;
  const keyed = { keys, members: 1, plain: ofKeys };
  const one = { clusterWide: 1, rate: null };
  const weights = { of: new Map([['key-0', 4]]), others: 1 };
  const thousand = { branches: 1_000, plain: '1,000 branches' };
  const waiting = (slices: number): string =>
    `priority changed over ${(slices * blockedMembers).toLocaleString('en-US')} waiting`;
  return [
    plain('plain'),
    { name: '10 priorities', priorities: 10, plain: 'plain' },
    { name: '100 priorities', priorities: 100, plain: 'plain' },
    { name: 'one throttle', plain: 'plain', set: throttled(1, roomy) },
    { name: 'one throttle per engine', plain: 'plain', set: throttled(1, roomyByEngine) },
    plain('slices of one', { members: 1 }),
    { name: 'slices of one, one throttle', members: 1, plain: 'slices of one', set: throttled(1, roomy) },
    { name: 'one rate', plain: 'plain', set: rated(1, large) },
    plain('100 branches', { branches: 100 }),
    { ...hundred, name: '100 rates', set: rated(100, large) },
    { ...hundred, name: '100 throttles', set: throttled(100, roomy) },
    { ...hundred, name: '100 throttles per engine', set: throttled(100, roomyByEngine) },
    plain('1,000 branches', { branches: 1_000 }),
    { ...thousand, name: '1,000 throttles', set: throttled(1_000, roomy) },
    { ...thousand, name: '1,000 throttles per engine', set: throttled(1_000, roomyByEngine) },
    { ...keyed, name: ofKeys },
    { ...keyed, name: `${ofKeys}, one of each`, set: ruled({ each: one }) },
    { ...keyed, name: `${ofKeys} in strict order`, set: ruled({ isStrict: true }) },
    { ...keyed, name: `${ofKeys} that share`, set: ruled({ weights }) },
    { ...keyed, name: `${ofKeys} that share, one of each`, set: ruled({ weights, each: one }) },
    { name: 'fairness', plain: 'plain', set: queue => queue.setFairness('/', minuteMs) },
    {
      name: 'fairness, 100 priorities',
      priorities: 100,
      plain: 'plain',
      set: queue => queue.setFairness('/', minuteMs),
    },
    {
      name: 'fairness and FIFO',
      plain: 'plain',
      set: async queue => {
        await queue.setFairness('/', minuteMs);
        await queue.setFifo('/', true);
      },
    },
    {
      name: `${(blocked * blockedMembers).toLocaleString('en-US')} blocked in front`,
      plain: 'plain',
      set: async queue => {
        await queue.setThrottle('/blocked/', { perEngine: null, clusterWide: 0, rate: null });
        for (let at = 0; at < blocked; at++) await queue.offer([offerOf('/blocked/', at, blockedMembers, 1, at)]);
      },
    },
    {
      name: `${blocked} branches blocked in front`,
      plain: 'plain',
      set: async queue => {
        for (let at = 0; at < blocked; at++) {
          await queue.setThrottle(`/blocked/${at}/`, { perEngine: 0, clusterWide: null, rate: null });
          await queue.offer([offerOf(`/blocked/${at}/`, at, blockedMembers, 1, at)]);
        }
      },
    },
    plain(waiting(1), { changedOver: 1 }),
    { name: waiting(blocked), plain: waiting(1), changedOver: blocked },
    {
      name: `${blocked} branches of used up rates in front`,
      plain: 'plain',
      set: async queue => {
        const rate = { members: 1, perMs: ratePerMsMax, burst: 1 };
        for (let at = 0; at < blocked; at++) {
          await queue.setThrottle(`/blocked/${at}/`, { perEngine: null, clusterWide: null, rate });
          await queue.offer([offerOf(`/blocked/${at}/`, at, blockedMembers, 1, at)]);
        }
      },
    },
  ];
}

function offerOf(branch: string, at: number, members: number, priority: number | null, eligibleAtMs: number): Offer {
  const segment = `${branch.length.toString(36)}-${at}-${randomUUID()}`;
  return { segment, from: 0, to: members, name: `${branch}flow`, priority, eligibleAtMs, createdAtMs: eligibleAtMs };
}

interface Cost {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function costOf(queue: Queue, variant: Variant, least: number, serverUs: () => Promise<number>): Promise<Cost> {
  const { branches = 1, priorities = 1, members = sliceMembers, keys, changedOver } = variant;
  const cpuUsNow = async () => {
    const { user, system } = process.cpuUsage();
    return user + system + (await serverUs());
  };
  if (changedOver !== undefined) return costOfChanges(queue, changedOver, Math.ceil(least / slicesPerChange), cpuUsNow);
  const slices = Math.max(least, keys ?? 0);
  await queue.attach(engine, leaseMs);
  await queue.open();
  await variant.set?.(queue);
  const beganMs = Date.now() - slices;
  const offers = Array.from({ length: slices }, (_, at) => ({
    ...offerOf(branchAt(at % branches), at, members, priorities === 1 ? null : 2 + (at % priorities), beganMs + at),
    ...(keys === undefined ? {} : { key: `key-${at % keys}` }),
  }));
  await queue.offer(offers);
  // An engine that claims for the first time is shown what there is.
  const first = await queue.claim({ engine, limit: 1, leaseMs });
  if (first.kind === 'claimed') await queue.release(first.id, first.slices);
  let claimed = 0;
  const beganUs = await cpuUsNow();
  const startedAtMs = performance.now();
  while (claimed < slices * members) {
    const claim = await queue.claim({ engine, limit: claimMembers, leaseMs });
    if (claim.kind === 'nothing') throw new Error(`order: ${variant.name}: nothing to claim after ${claimed}`);
    await queue.settle(claim.id, claim.slices);
    claimed += claim.count;
  }
  const perSecond = claimed / ((performance.now() - startedAtMs) / 1_000);
  const cpuUs = ((await cpuUsNow()) - beganUs) / (claimed / claimMembers);
  await queue.close();
  return { perSecond, cpuUs };
}

/** Rounds of a variant, each beside one of what it is compared with: what neighbours on the machine do then hits both. */
async function compared(
  variant: Variant,
  variants: readonly Variant[],
  rounds: number,
  cost: (variant: Variant) => Promise<Cost>,
): Promise<Omit<OrderFigure, 'home'>> {
  const { name } = variant;
  const plain = variants.find(each => each.name === variant.plain)!;
  const costs: Cost[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who is first in a round has it harder: in turns.
    const isFirst = round % 2 === 0;
    const before = isFirst || plain === variant ? null : await cost(plain);
    const its = await cost(variant);
    costs.push(its);
    ratios.push(plain === variant ? 1 : (before ?? (await cost(plain))).cpuUs / its.cpuUs);
  }
  return {
    name,
    perSecond: median(costs.map(({ perSecond }) => perSecond)),
    cpuUs: median(costs.map(({ cpuUs }) => cpuUs)),
    ratio: median(ratios),
  };
}

/** @param slices of 128 members that are claimed */
export async function runOrder(slices: number, rounds: number, isToy: boolean): Promise<readonly OrderFigure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-order-'));
  const redis = await startRedis(folder, null);
  const make: Readonly<Record<Home, () => Queue>> = {
    embedded: () => new EmbeddedQueue(() => Date.now()),
    Redis: () => createRedisQueue({ url: redis.socket, name: randomUUID() }),
  };
  const serverUs: Readonly<Record<Home, () => Promise<number>>> = { embedded: async () => 0, Redis: redis.cpuUs };
  const variants = variantsOf(isToy ? 20 : 2_000, isToy ? 50 : 10_000);
  const figures: OrderFigure[] = [];
  try {
    for (const home of homes) {
      // A claim in this process is too short to be timed alone.
      const size = home === 'embedded' && !isToy ? 50 * slices : slices;
      const cost = (variant: Variant, its = size): Promise<Cost> => costOf(make[home](), variant, its, serverUs[home]);
      // Once before the clock: what runs first is not yet compiled.
      for (const variant of variants) await cost(variant, Math.ceil(size / 10));
      for (const variant of variants) figures.push({ home, ...(await compared(variant, variants, rounds, cost)) });
    }
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return figures;
}

export function formatOrder(figures: readonly OrderFigure[]): string {
  const rows = figures.map(({ home, name, perSecond, cpuUs, ratio }) => [
    home,
    name,
    Math.round(perSecond).toLocaleString('en-US'),
    cpuUs.toFixed(1),
    ratio.toFixed(2),
  ]);
  return alignColumns([['queue', 'order', 'members a second', 'CPU us a claim', 'ratio'], ...rows]).join('\n');
}
