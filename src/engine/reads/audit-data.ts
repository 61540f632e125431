// The data of unfolded events: what the bodies of their root hold, each body read once.

import type { EventData } from '../../audit/unfold.js';
import type { Store } from '../../store/contract.js';
import type { Json, JsonObject } from '../../workflow/model.js';
import { variablesOf } from '../../workflow/written.js';
import { HeldBody } from '../claims/held-body.js';

export interface EventOfRoot {
  readonly root: string | null;
  readonly ordinal: number | null;
  readonly data: EventData;
  readonly user: string | null;
}

/** Looks up what some events need; read once for a page. */
export class AuditData {
  readonly #bodies: ReadonlyMap<string, HeldBody>;
  readonly #submitters: ReadonlyMap<string, string>;

  private constructor(bodies: ReadonlyMap<string, HeldBody>, submitters: ReadonlyMap<string, string>) {
    this.#bodies = bodies;
    this.#submitters = submitters;
  }

  static async of(store: Store, events: readonly EventOfRoot[]): Promise<AuditData> {
    const bodies = new Set<string>();
    const roots = new Set<string>();
    for (const { root, data, user } of events) {
      if (root === null) continue;
      if (user === null) roots.add(root);
      if (data.kind === 'body') bodies.add(data.body);
      if (data.kind !== 'variables') continue;
      bodies.add(root);
      if (data.written !== null) bodies.add(data.written);
    }
    const found = await store.bodies([...bodies]);
    const submitters =
      roots.size === 0
        ? []
        : await store.query('select id, submitter from millrace_body where id = any($1::uuid[])', [
            `{${[...roots].join(',')}}`,
          ]);
    return new AuditData(
      new Map(found.map(body => [body.id, new HeldBody(body)])),
      new Map(submitters.flatMap(([id, submitter]) => (submitter == null ? [] : [[id!, submitter] as const]))),
    );
  }

  user({ user, root }: EventOfRoot): string | null {
    return user ?? (root === null ? null : (this.#submitters.get(root) ?? null));
  }

  data({ root, ordinal, data }: EventOfRoot): Json {
    if (data.kind === 'value') return data.value;
    if (root === null || ordinal === null) return null;
    if (data.kind === 'body') {
      const value = this.#member(data.body, ordinal);
      return data.key === null ? value : ((value as JsonObject | null)?.[data.key] ?? null);
    }
    const input = this.#member(root, ordinal) as JsonObject | null;
    if (input === null || data.written === null) return input;
    return variablesOf(input, this.#member(data.written, ordinal) as JsonObject | null);
  }

  #member(id: string, ordinal: number): Json {
    const text = this.#bodies.get(id)?.textOf(ordinal) ?? null;
    return text === null ? null : (JSON.parse(text) as Json);
  }
}
