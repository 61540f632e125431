// An item of a commit with only some of its members.

import type { CommitItem } from './commit-builder.js';
import { offsetsOf } from './packing.js';

/** The item with only some of its members, by index. */
export function narrowed(item: CommitItem, members: readonly number[]): CommitItem {
  if (members.length === item.positions.length) return item;
  const perMember = item.path.length * 2;
  const earlier = item.path.length - 1;
  const newIndex = new Map(members.map((member, at) => [member, at]));
  return {
    ...item,
    positions: Uint16Array.from(members, at => item.positions[at]!),
    times: members.flatMap(
      at => Array.prototype.slice.call(item.times, at * perMember, (at + 1) * perMember) as number[],
    ),
    payload:
      item.payload === null
        ? null
        : {
            bytes: concatenated(
              members.map(at => item.payload!.bytes.subarray(item.payload!.offsets[at], item.payload!.offsets[at + 1])),
            ),
            offsets: offsetsOf(members.map(at => item.payload!.offsets[at + 1]! - item.payload!.offsets[at]!)),
          },
    events: item.events.flatMap(({ member, event }) =>
      newIndex.has(member) ? [{ member: newIndex.get(member)!, event }] : [],
    ),
    ...(item.statements !== undefined ? { statements: members.map(at => item.statements![at]!) } : {}),
    ...(item.arrivedMs !== undefined ? { arrivedMs: members.map(at => item.arrivedMs![at]!) } : {}),
    ...(item.errorOf !== undefined ? { errorOf: members.map(at => item.errorOf![at]!) } : {}),
    ...(item.earlierResults !== undefined
      ? { earlierResults: members.flatMap(at => item.earlierResults!.slice(at * earlier, (at + 1) * earlier)) }
      : {}),
  };
}

/** The items without members that are gone, and what they would be with those alone. */
export function parted(
  items: readonly CommitItem[],
  isGone: (item: CommitItem, position: number) => boolean,
): { readonly kept: CommitItem[]; readonly gone: CommitItem[] } {
  const kept: CommitItem[] = [];
  const gone: CommitItem[] = [];
  for (const item of items) {
    const are = Array.from(item.positions, position => isGone(item, position));
    const some = (what: boolean): number[] => are.flatMap((each, member) => (each === what ? [member] : []));
    if (are.includes(false)) kept.push(narrowed(item, some(false)));
    if (are.includes(true)) gone.push(narrowed(item, some(true)));
  }
  return { kept, gone };
}

function concatenated(texts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(texts);
}
