// A dry run: what an operation would change, counted as it would be found. Nothing is taken out of the queue and nothing is
// committed, so what executes or waits may be another the moment after.

import { EngineError } from '../../observe/errors.js';
import { clearBitsOf } from '../../store/bitmap.js';
import type { Scope, Segment } from '../../store/contract.js';
import type { EngineParts } from '../parts.js';
import { type Members, onMainLine } from '../shared/main-line.js';
import { Counted, isChanged, isWanted, type Operation } from './operation-changes.js';
import type { OperationOptions, OperationResult } from './operation-options.js';
import type { Withdrawal } from './withdrawal.js';

export class Preview {
  readonly #parts: Pick<EngineParts, 'store' | 'clock'>;
  readonly #withdrawal: Pick<Withdrawal, 'look'>;
  readonly #operation: Operation;
  readonly #seen: ((members: Members) => Promise<void>) | null;
  readonly #counted = new Counted();
  #segments = 0;

  /** @param seen told of what it would change */
  constructor(
    parts: Pick<EngineParts, 'store' | 'clock'>,
    withdrawal: Pick<Withdrawal, 'look'>,
    operation: Operation,
    seen: ((members: Members) => Promise<void>) | null = null,
  ) {
    this.#seen = seen;
    this.#parts = parts;
    this.#withdrawal = withdrawal;
    this.#operation = operation;
  }

  async ofScope(
    scope: Scope,
    pageSegments: number,
    onProgress: OperationOptions['onProgress'],
  ): Promise<OperationResult> {
    const { store, clock } = this.#parts;
    const horizonMs = clock.nowMs();
    let after: string | null = null;
    for (;;) {
      const page: Segment[] = await store.select(scope, horizonMs, after, pageSegments);
      const wanted = page.filter(segment => isWanted(this.#operation, segment));
      await this.#count(
        wanted.map(segment => ({ segment, positions: clearBitsOf(segment.gone, segment.ordinals.length) })),
      );
      if (page.length < pageSegments) return this.#result();
      after = page[page.length - 1]!.id;
      onProgress?.(this.#result());
    }
  }

  async ofInstance(instance: string): Promise<OperationResult> {
    const located = await this.#parts.store.locate(instance);
    if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
    const contexts = located.kind === 'left' ? [] : located.contexts;
    await this.#count(contexts.map(({ segment, position }) => ({ segment, positions: Uint16Array.of(position) })));
    return this.#result();
  }

  async #count(members: readonly Members[]): Promise<void> {
    const changed = members
      .map(({ segment, positions }) => ({
        segment,
        positions: positions.filter(at => isChanged(this.#operation, segment, at)),
      }))
      .filter(({ positions }) => positions.length > 0);
    for (const members of await this.#meant(changed)) {
      const { segment, positions } = members;
      await this.#seen?.(members);
      this.#counted.add(segment, positions, () => true);
      this.#segments += 1;
    }
  }

  async #meant(members: readonly Members[]): Promise<readonly Members[]> {
    switch (this.#operation) {
      case 'pause':
      case 'resume':
      case 'remove':
      case 'expedite':
      case 'takeOff':
      case 'rename':
        return members;
      case 'recover':
        return this.#those(await onMainLine(members, this.#parts.store), 'waiting');
      case 'interrupt':
        return this.#those(members, 'executing');
    }
  }

  async #those(members: readonly Members[], which: 'waiting' | 'executing'): Promise<Members[]> {
    const sorted = await this.#withdrawal.look(members);
    return sorted
      .map(each => ({ segment: each.segment, positions: each[which] }))
      .filter(({ positions }) => positions.length > 0);
  }

  #result(): OperationResult {
    return { contexts: this.#counted.contexts, instances: this.#counted.instances, segments: this.#segments };
  }
}
