// What the scripts take and answer, in the words of the contract.

import { strict as assert } from 'node:assert';
import type { FairnessWindow, Offer, Rate, Slice } from '../contract.js';
import { assertKey } from '../key-rules.js';
import { assertRate } from '../rate.js';

/** Numbers in members of sorted sets have a fixed width: see `parts/epoch.lua`. */
export function padded(value: number, width: 5 | 16): string {
  assert(Number.isInteger(value) && value >= 0, `${value} is not a whole number`);
  const text = String(value).padStart(width, '0');
  assert(text.length === width, `${value} has more than ${width} digits`);
  return text;
}

/** Names that become part of a member; `|` ends them there. */
export function plain(name: string): string {
  assert(name !== '' && !name.includes('|'), `"${name}" cannot be part of a member`);
  return name;
}

/** The key of an instance, which may hold anything but control characters. */
export function keyText(key: string): string {
  assertKey(key);
  return key;
}

export function branchOf(branch: string): string {
  assert(branch.endsWith('/'), `branch "${branch}" must end with a slash`);
  return branch;
}

/** A limit of a throttle; '' is none. */
export function limitOf(limit: number | null): number | '' {
  assert(limit === null || (Number.isSafeInteger(limit) && limit >= 0), `${limit} is no number of members`);
  return limit ?? '';
}

export function limitIn(told: unknown): number | null {
  return told === '' ? null : Number(told);
}

/** `members/perMs/burst`; '' is none. @throws EngineError `OPTION_INVALID` */
export function rateOf(rate: Rate | null): string {
  if (rate === null) return '';
  assertRate(rate);
  return `${rate.members}/${rate.perMs}/${rate.burst}`;
}

export function rateIn(told: unknown): Rate | null {
  if (told === '') return null;
  const [members, perMs, burst] = String(told).split('/').map(Number);
  return { members: members!, perMs: perMs!, burst: burst! };
}

/** Milliseconds; 0 is off. */
export function windowOf(window: FairnessWindow): number {
  assert(window === 'off' || (Number.isSafeInteger(window) && window > 0), `${window} is no fairness window`);
  return window === 'off' ? 0 : window;
}

export function windowIn(told: unknown): FairnessWindow {
  return Number(told) === 0 ? 'off' : Number(told);
}

/** Three arguments each. */
export function sliceArguments(slices: readonly Slice[]): (string | number)[] {
  return slices.flatMap(({ segment, from, to }) => [segment, from, to]);
}

/** Nine arguments: see `admit` in `parts/entries.lua`. */
export function offerArguments(offer: Offer): (string | number)[] {
  return [
    plain(offer.segment),
    offer.from,
    offer.to,
    offer.name.slice(0, offer.name.lastIndexOf('/') + 1),
    offer.priority === null ? '' : padded(offer.priority, 5),
    padded(offer.eligibleAtMs, 16),
    padded(offer.createdAtMs, 16),
    offer.redelivered === true ? 1 : 0,
    offer.key === undefined ? '' : keyText(offer.key),
  ];
}

/** A script's answer that is a list. */
export function listOf(reply: unknown): readonly unknown[] {
  assert(Array.isArray(reply), 'a script answered no list');
  return reply;
}

export function slicesIn(reply: unknown): Slice[] {
  const list = listOf(reply);
  const slices: Slice[] = [];
  for (let at = 0; at < list.length; at += 3) {
    slices.push({ segment: String(list[at]), from: Number(list[at + 1]), to: Number(list[at + 2]) });
  }
  return slices;
}
