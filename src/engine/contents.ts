// From time to time the engine says what it holds: `EngineContentsSummary`, how many instances of each workflow are in
// which state, and `FlowContextDetails` for what is executing. Both to the audit, the summary to the log too.

import { statusRow } from '../audit/engine-events.js';
import type { Timer } from '../observe/clock.js';
import type { AuditRow } from '../store/contract.js';
import { emptyCommit } from '../store/empty-commit.js';
import { eventCode } from '../workflow/events.js';
import { instanceId } from '../workflow/instance-id.js';
import { partOf } from './commit/reporter.js';
import type { EngineParts } from './parts.js';
import type { Instances } from './reads/instances.js';

/** Workflows named in a summary, and contexts told in detail: a report, not a dump. */
const workflowsMax = 200;
const contextsMax = 200;

export class Contents {
  readonly #parts: EngineParts;
  readonly #instances: Instances;
  #timer: Timer | null = null;

  constructor(parts: EngineParts, instances: Instances) {
    this.#parts = parts;
    this.#instances = instances;
  }

  start(): void {
    const { clock, options, health } = this.#parts;
    this.#timer = clock
      .setTimer(options.contentsSummaryMs, () => {
        this.#tell().catch((error: unknown) => health.storeFailed(error));
        if (this.#timer !== null) this.start();
      })
      .unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #tell(): Promise<void> {
    const { clock, store, ids, filter, log, build } = this.#parts;
    const atMs = clock.nowMs();
    const living = await this.#instances.countLiving(workflowsMax);
    const summary = living.map(({ workflow, state, instances }) => `${workflow} ${state} ${instances}`).join('; ');
    log.contentsSummary({ engine: build.engine, contents: summary });
    const audit: AuditRow[] = [];
    const add = (name: 'EngineContentsSummary' | 'FlowContextDetails', message: string): void => {
      if (filter.allows(eventCode(name))) audit.push(statusRow(build.engine, name, message, atMs));
    };
    add('EngineContentsSummary', summary === '' ? 'nothing' : summary);
    for (const text of this.#executing(atMs)) add('FlowContextDetails', text);
    if (audit.length > 0) await store.commit({ ...emptyCommit(ids.next(), atMs), audit });
  }

  #executing(atMs: number): string[] {
    const { dispatcher, committer } = this.#parts;
    return dispatcher
      .executing()
      .slice(0, contextsMax)
      .flatMap(({ batch, slot, place, startedAtMs }) => {
        const found = partOf(committer.batches.get(batch)?.parts, slot);
        if (found === null) return [];
        const { segment } = found.part.held;
        const instance = instanceId(segment.root, segment.ordinals[found.part.positions[found.member]!]!);
        const { name } = found.part.plan.actions[place]!;
        return [
          `${segment.name}/${instance} executing ${name}, attempt ${segment.attempt + 1}, for ${Math.round(atMs - startedAtMs)} ms`,
        ];
      });
  }
}
