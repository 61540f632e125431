// Restarting: instances that take the place of those a removal takes away, stored in the very commit that does. They have the
// input, the priority, the key and the given name of those before them, and begin as if they were newly submitted, or at an action
// that is named, with the variables that were there.
//
// Invariants:
//   N1. An instance has one successor, however many contexts it has and however many commits they leave by.
//   N2. A successor is younger than the call, so that the call does not find it.

import { EngineError } from '../../observe/errors.js';
import { emptyBitmap, hasBit, setBit } from '../../store/bitmap.js';
import type { Body, Commit, Segment } from '../../store/contract.js';
import { instanceId, rootMembersMax, splitInstanceId } from '../../workflow/instance-id.js';
import type { Place } from '../../workflow/plan.js';
import { HeldBody } from '../claims/held-body.js';
import { packedTexts } from '../commit/packing.js';
import type { KnownWorkflow } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import type { Members } from '../shared/main-line.js';
import { OpenRoot } from '../submit/open-root.js';
import type { CheckedRecord } from '../submit/submit-record.js';
import { beginPlaceOf } from './begin-place.js';

/** What of a commit stores the successors, and whose they are. */
export interface Added extends Pick<Commit, 'roots' | 'bodies' | 'segments' | 'names' | 'freedNames'> {
  readonly replaced: readonly string[];
}

export interface RestartChoice {
  /** Version of their workflows; `null`: the newest of each. */
  readonly version: number | null;
  /** Action at which they begin; `null`: where the workflow does. */
  readonly from: string | null;
}

interface Replaced {
  readonly instance: string;
  readonly segment: Segment;
  readonly ordinal: number;
}

const namesPage = 5_000;

export class Successors {
  readonly #parts: Pick<EngineParts, 'store' | 'definitions' | 'ids' | 'clock' | 'results' | 'metrics'>;
  readonly #choice: RestartChoice;
  readonly #user: string;
  readonly #afterMs: number;
  /** Ordinals that have successors, by root. */
  readonly #done = new Map<string, Uint8Array>();
  /** Where workflows begin, by number of the version. */
  readonly #places = new Map<number, Place>();
  instances = 0;

  constructor(parts: EngineParts, choice: RestartChoice, user: string) {
    this.#parts = parts;
    this.#choice = choice;
    this.#user = user;
    this.#afterMs = parts.clock.nowMs();
  }

  /**
   * For members that are to leave.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `OPTION_INVALID`: of this commit nothing was done
   */
  async of(leaving: readonly Members[]): Promise<Added> {
    const replaced = this.#replaced(leaving);
    const roots = [...new Set(replaced.map(({ segment }) => segment.root))];
    const inputs = new Map((await this.#bodies(roots)).map(body => [body.root, new HeldBody(body)]));
    const names = await this.#namesOf(roots);
    const writtenIds = new Set(replaced.flatMap(({ segment }) => segment.body ?? []));
    const written =
      this.#choice.from === null
        ? null
        : new Map((await this.#bodies([...writtenIds])).map(body => [body.id, new HeldBody(body)]));
    const added = { roots: [], bodies: [], segments: [], names: [], freedNames: [] } as {
      -readonly [key in 'roots' | 'bodies' | 'segments' | 'names' | 'freedNames']: Commit[key][number][];
    };
    const atMs = Math.max(this.#parts.clock.nowMs(), this.#afterMs + 1); // N2
    let open: OpenRoot | null = null;
    let texts: string[] = [];
    const close = (): void => {
      if (open === null) return;
      const { id } = open;
      const root = open.body(atMs);
      added.roots.push(root);
      const segments = open.segments(atMs);
      if (written === null) added.segments.push(...segments);
      else {
        const body = { id: this.#parts.ids.next(), root: id, ordinals: root.ordinals, ...packedTexts(texts) };
        added.bodies.push(body);
        added.segments.push(
          ...segments.map(segment => ({ ...segment, body: body.id, hasRun: false, place: this.#placeIn(segment) })),
        );
      }
      open = null;
      texts = [];
    };
    for (const { instance, segment, ordinal } of replaced) {
      const record = this.#record(segment, textAt(inputs.get(segment.root), ordinal, instance));
      if ((open as OpenRoot | null)?.isFullFor(record.text)) close();
      open ??= new OpenRoot(this.#parts.ids.nextRoot(), this.#user);
      const id = instanceId(open.id, open.add(record));
      if (written !== null) {
        texts.push(segment.body === null ? '{}' : textAt(written.get(segment.body), ordinal, instance));
      }
      const name = names.get(instance);
      if (name === undefined) continue;
      added.names.push({ name, instance: id });
      added.freedNames.push({ name, instance });
    }
    close();
    return { ...added, replaced: replaced.map(({ instance }) => instance) };
  }

  /** They are durable. */
  stored({ roots, replaced }: Added): void {
    for (const { id, ordinals } of roots) {
      this.#parts.results.submitted(id, ordinals.length);
      this.#parts.metrics.submitted.add(ordinals.length);
    }
    for (const instance of replaced) {
      const { root, ordinal } = splitInstanceId(instance)!;
      const done = this.#done.get(root) ?? emptyBitmap(rootMembersMax);
      this.#done.set(root, done);
      setBit(done, ordinal);
      this.instances += 1;
    }
  }

  /** N1: each instance once, by the first of its contexts that is met. */
  #replaced(leaving: readonly Members[]): Replaced[] {
    const found = new Map<string, Replaced>();
    for (const { segment, positions } of leaving) {
      const done = this.#done.get(segment.root);
      for (const position of positions) {
        const ordinal = segment.ordinals[position]!;
        const instance = instanceId(segment.root, ordinal);
        if ((done !== undefined && hasBit(done, ordinal)) || found.has(instance)) continue;
        if (this.#choice.from !== null && segment.context > 0) {
          throw new EngineError(
            'OPTION_INVALID',
            `from: instance ${instance} has several flow contexts, whose variables are not one set`,
          );
        }
        found.set(instance, { instance, segment, ordinal });
      }
    }
    return [...found.values()];
  }

  /** The priority is its own unless it was that of its workflow. */
  #record(segment: Segment, text: string): CheckedRecord {
    const before = this.#parts.definitions.byNumber(segment.workflow).plan;
    const workflow = this.#workflowOf(segment.name);
    const priority = segment.priority === before.priority ? workflow.plan.priority : segment.priority;
    const { key } = segment;
    return { workflow, text, priority, key, name: null, onConflict: 'reject', eligibleAtMs: null };
  }

  #workflowOf(name: string): KnownWorkflow {
    const { version } = this.#choice;
    const known = this.#parts.definitions.find(name, version);
    if (known !== undefined) return known;
    const which = version === null ? 'is not in the store' : `has no version ${version}`;
    throw new EngineError('WORKFLOW_UNKNOWN', `workflow "${name}" ${which}`);
  }

  /** Where they begin. */
  #placeIn({ name }: Segment): Place {
    const workflow = this.#workflowOf(name);
    const known = this.#places.get(workflow.version.number) ?? this.#begin(workflow);
    this.#places.set(workflow.version.number, known);
    return known;
  }

  #begin(workflow: KnownWorkflow): Place {
    const begin = beginPlaceOf(workflow, this.#choice.from!);
    if (begin.kind === 'place') return begin.place;
    const { name, version } = workflow.version;
    throw new EngineError('OPTION_INVALID', `from: in workflow "${name}", version ${version}, ${begin.problem}`);
  }

  async #bodies(ids: readonly string[]): Promise<Body[]> {
    return ids.length === 0 ? [] : this.#parts.store.bodies(ids);
  }

  /** Given names by instance. COST a walk over all given names. */
  async #namesOf(roots: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    const prefixes = `{${roots.map(root => root.slice(0, 32)).join(',')}}`;
    for (let after = ''; roots.length > 0; ) {
      const rows = await this.#parts.store.query(
        `with page as (select name, instance from millrace_name where name > $1::text order by name limit $2::int)
         select name, instance, left(instance::text, 32) = any($3::text[]) from page order by name`,
        [after, String(namesPage), prefixes],
      );
      for (const [name, instance, isOurs] of rows) if (isOurs?.startsWith('t')) names.set(instance!, name!);
      if (rows.length < namesPage) break;
      after = rows.at(-1)![0]!;
    }
    return names;
  }
}

function textAt(held: HeldBody | undefined, ordinal: number, instance: string): string {
  const text = held?.textOf(ordinal) ?? null;
  if (text === null) throw new Error(`what instance ${instance} was given is not in the store`);
  return text;
}
