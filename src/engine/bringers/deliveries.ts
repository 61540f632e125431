// What members wait for at triggers is brought to them: it goes into what their triggers keep, and they stand ready at the same
// place, where their triggers are asked once more and fire with it. What is consumed goes by the same commit, so that it is
// given once, and stays theirs however often the transaction behind it is rolled back.

import { parseObject } from '../../dispatch/thread/scopes.js';
import { keptOf, keptText } from '../../dispatch/thread/turns.js';
import type { Segment } from '../../store/contract.js';
import type { MessageKey } from '../../store/messages.js';
import type { KeptEvent } from '../../triggers/message.js';
import type { Json } from '../../workflow/model.js';
import { deliveredEvent } from '../../workflow/waited-events.js';
import { triggersKey, workflowKey } from '../../workflow/written.js';
import { bodiesOf, type HeldBody } from '../claims/held-body.js';
import { type CommitItem, requestsOf } from '../commit/commit-builder.js';
import { splitByRequests, unrun } from '../commit/commit-items.js';
import { packedTexts } from '../commit/packing.js';
import { fateAt } from '../operations/member-requests.js';
import { openOf } from '../operations/withdrawal.js';
import type { EngineParts } from '../parts.js';

/** A member that waits at a trigger. */
export interface Waiter {
  readonly segment: Segment;
  readonly position: number;
}

/** What is brought to it. */
export interface Delivery extends Waiter {
  readonly brings: Required<Pick<KeptEvent, 'given'>> & KeptEvent;
}

/** Members of a commit: like those a segment holds. */
export const deliveriesMax = 500;

/** Members that wait, and are not to be paused, removed or rolled back first. */
export function waitersOf(segment: Segment): Waiter[] {
  return Array.from(openOf(segment))
    .filter(position => fateAt(segment, position) === 'runs' && !requestsOf(segment.requests).interrupt)
    .map(position => ({ segment, position }));
}

/** What the triggers of members keep, and since when they wait. A member whose body the store has lost has nothing. */
export class WrittenTexts {
  readonly #bodies: ReadonlyMap<string, HeldBody>;

  private constructor(bodies: ReadonlyMap<string, HeldBody>) {
    this.#bodies = bodies;
  }

  static async of(segments: Iterable<Segment>, parts: Pick<EngineParts, 'holdings' | 'store'>): Promise<WrittenTexts> {
    const ids = new Set<string>();
    for (const { body } of segments) if (body !== null) ids.add(body);
    return new WrittenTexts(await bodiesOf(ids, parts));
  }

  /** JSON text of everything the member's context has written; empty: nothing. */
  of({ segment, position }: Waiter): string {
    const held = segment.body === null ? undefined : this.#bodies.get(segment.body);
    return held?.textOf(segment.ordinals[position]!) ?? '';
  }

  /** @param action name of the trigger in its plan */
  kept(waiter: Waiter, action: string): { readonly arrivedAtMs: number; readonly kept: KeptEvent } {
    const own = keptOf(this.of(waiter))[action];
    return { arrivedAtMs: own?.arrivedAtMs ?? 0, kept: (own?.kept ?? {}) as KeptEvent };
  }
}

/** False when something came in between: nothing was brought, nothing consumed. */
export async function deliver(
  deliveries: readonly Delivery[],
  consumed: readonly MessageKey[],
  parts: Pick<EngineParts, 'holdings' | 'store' | 'definitions' | 'committer' | 'clock'>,
): Promise<boolean> {
  const bySegment = new Map<Segment, Delivery[]>();
  for (const delivery of deliveries) {
    const own = bySegment.get(delivery.segment) ?? [];
    own.push(delivery);
    bySegment.set(delivery.segment, own);
  }
  const texts = await WrittenTexts.of(bySegment.keys(), parts);
  const nowMs = parts.clock.nowMs();
  const items = [...bySegment].flatMap(([segment, own]) => itemsOf(segment, own, texts, nowMs, parts));
  return parts.committer.commitNow(items, [], [], { consumed });
}

function itemsOf(
  segment: Segment,
  deliveries: readonly Delivery[],
  texts: WrittenTexts,
  nowMs: number,
  { holdings, definitions }: Pick<EngineParts, 'holdings' | 'definitions'>,
): CommitItem[] {
  const sorted = [...deliveries].sort((a, b) => a.position - b.position);
  const { plan } = definitions.byNumber(segment.workflow);
  const { name } = plan.actions[segment.place]!;
  const written = sorted.map(delivery =>
    withKept(texts.of(delivery), name, delivery.brings as unknown as Json, segment),
  );
  const part = {
    held: holdings.holdSegment(segment),
    plan,
    positions: Uint16Array.from(sorted, ({ position }) => position),
  };
  const outcome = { kind: 'unfired', untilMs: nowMs, event: deliveredEvent } as const;
  return splitByRequests(unrun(part, outcome, nowMs, { payload: packedTexts(written) }));
}

/** Everything the context has written, as its transaction would send it, with what one of its triggers keeps now. */
export function withKept(text: string, action: string, keeps: Json, { context }: Pick<Segment, 'context'>): string {
  const { [triggersKey]: _, ...written } = parseObject(text);
  const all = keptOf(text);
  const triggers = keptText(all, action, { ...all[action], kept: keeps });
  // Of workflow scope one of several contexts sends only what it has written itself.
  if (context > 0) delete written[workflowKey];
  return JSON.stringify({ ...written, [triggersKey]: JSON.parse(triggers) as Json });
}
