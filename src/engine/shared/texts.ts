// What contexts have written, as texts: from the outcomes in hand, and from the store.

import type { Segment } from '../../store/contract.js';
import { bodiesOf, type HeldBody } from '../claims/held-body.js';
import { contextsOf, type Decided, type SharedWorld } from './decide.js';
import { type GatheredInstance, keyOf, type Occurrence } from './gathered.js';

const decoder = new TextDecoder();

export class Texts {
  readonly #bodies: ReadonlyMap<string, HeldBody>;
  readonly #stored: ReadonlyMap<string, ReadonlyMap<number, Segment>>;

  private constructor(
    bodies: ReadonlyMap<string, HeldBody>,
    stored: ReadonlyMap<string, ReadonlyMap<number, Segment>>,
  ) {
    this.#bodies = bodies;
    this.#stored = stored;
  }

  /** Reads the bodies of which texts will be asked for. */
  static async read(
    decided: readonly Decided[],
    stored: ReadonlyMap<string, ReadonlyMap<number, Segment>>,
    world: Pick<SharedWorld, 'store' | 'holdings'>,
  ): Promise<Texts> {
    const ids = new Set<string>();
    for (const { members, step } of decided) {
      const asked = new Set(step.standing.flatMap(({ source }) => (source.kind === 'of' ? [] : contextsOf(source))));
      for (const { context } of step.submits) asked.add(context);
      if (step.end?.result != null) asked.add(step.end.result);
      for (const { gathered } of members) {
        const plain = plainBody(gathered);
        if (plain !== null) ids.add(plain);
        if (asked.size === 0) continue;
        const segments = stored.get(keyOf(gathered.root, gathered.ordinal));
        for (const context of asked) {
          const body = segments?.get(context)?.body ?? unwritten(gathered, context);
          if (body !== null) ids.add(body);
        }
      }
    }
    return new Texts(await bodiesOf(ids, world), stored);
  }

  /** JSON text of all that a context has written before this commit, with what its transaction wrote; `''`: nothing. */
  of({ root, ordinal, occurrences }: GatheredInstance, context: number): string {
    const own = occurrences.find(({ happening }) => (happening.context || 1) === context);
    const segment = own?.item.held.segment ?? this.#stored.get(keyOf(root, ordinal))?.get(context);
    const bytes = (own === undefined ? null : payloadOf(own)) ?? this.#inBody(segment?.body ?? null, ordinal);
    return bytes === null ? '' : decoder.decode(bytes);
  }

  /** What an instance that had not split before this commit had written before it; `null`: nothing, or it is in the payload. */
  ofPlain(gathered: GatheredInstance): Uint8Array | null {
    return this.#inBody(plainBody(gathered), gathered.ordinal);
  }

  #inBody(id: string | null, ordinal: number): Uint8Array | null {
    return (id === null ? null : this.#bodies.get(id)?.bytesOf(ordinal)) ?? null;
  }
}

/** Body of an instance that has not split before, whose transaction wrote nothing. */
function plainBody({ occurrences }: GatheredInstance): string | null {
  if (occurrences.length === 0) return null;
  const { item, happening } = occurrences[0]!;
  return happening.context > 0 || item.payload !== null ? null : item.held.segment.body;
}

/** Body of a context to which something happened that wrote nothing. */
function unwritten({ occurrences }: GatheredInstance, context: number): string | null {
  const own = occurrences.find(({ happening }) => (happening.context || 1) === context);
  return own === undefined || own.item.payload !== null ? null : own.item.held.segment.body;
}

/** JSON text of what the transaction leaves its context with; `null`: it wrote nothing. */
export function payloadOf({ item: { payload }, member }: Occurrence): Uint8Array | null {
  return payload === null ? null : payload.bytes.subarray(payload.offsets[member], payload.offsets[member + 1]);
}
