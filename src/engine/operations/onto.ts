// Recovering onto another version of their workflow: where members begin again, by the names of actions. All that a recovery
// would take is checked before the first of them is moved.
//
// Invariants:
//   V1. An instance is moved in one commit; what it goes on with, and what it ends with, are of the new version.
//   V2. One that has split is not moved: its scopes, joins and groups are those of the flows it came by.

import { renumbered } from '../../flow/shared/renumbered.js';
import { keptState, textOfState } from '../../flow/shared/text.js';
import { EngineError, type ErrorCode } from '../../observe/errors.js';
import type { Segment, SharedChange, Store } from '../../store/contract.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { Place } from '../../workflow/plan.js';
import { type Definitions, type KnownWorkflow, workflowsOf } from '../definitions/definitions.js';
import type { Members } from '../shared/main-line.js';
import { beginPlaceOf } from './begin-place.js';
import type { RecoverOptions } from './operation-options.js';

/** Number of the version that members follow from now on, and where they begin again in it. */
export interface Moved {
  readonly workflow: number;
  readonly place: Place;
}

export interface OntoChoice {
  readonly version: number;
  /** Names of actions in it, by those they had. */
  readonly map: ReadonlyMap<string, string>;
}

interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

const toldMax = 20;

const mappedMax = 1_000;

/** `null`: they stay in their version. @throws EngineError `OPTION_INVALID` */
export function ontoOf({ onto, map = {} }: RecoverOptions): OntoChoice | null {
  const refused = (problem: string): EngineError => new EngineError('OPTION_INVALID', problem);
  const entries = Object.entries(map);
  if (entries.length > mappedMax) throw refused(`map: has ${entries.length} names, ${mappedMax} at most are taken`);
  for (const [from, to] of entries) {
    if (typeof to !== 'string' || to === '') throw refused(`map: "${from}": the name of an action is a text`);
  }
  if (onto === undefined) {
    if (entries.length > 0) throw refused('map: needs onto, the version whose actions it names');
    return null;
  }
  if (!Number.isSafeInteger(onto) || onto < 1) throw refused(`onto: a version is a whole number from 1, not ${onto}`);
  return { version: onto, map: new Map(entries) };
}

export class Onto {
  readonly #definitions: Pick<Definitions, 'byNumber' | 'find' | 'ensure' | 'all'>;
  readonly #version: number;
  readonly #map: ReadonlyMap<string, string>;
  readonly #moves = new Map<string, Moved | Fault>();
  /** By what they say. */
  readonly #faults = new Map<string, Fault>();
  readonly #names = new Set<string>();
  readonly #splitInstances = new Set<string>();

  constructor(choice: OntoChoice, definitions: Pick<Definitions, 'byNumber' | 'find' | 'ensure' | 'all'>) {
    this.#version = choice.version;
    this.#map = choice.map;
    this.#definitions = definitions;
  }

  /** Of a workflow that is named, whether or not anything in it is to be recovered. */
  named(name: string): void {
    this.#names.add(name);
    if (this.#definitions.find(name, this.#version) === undefined) this.#add(this.#versionUnknown(name));
  }

  /** Members that are to be moved. */
  async look({ segment, positions }: Members): Promise<void> {
    await this.#definitions.ensure(workflowsOf([segment]));
    this.#names.add(segment.name);
    if (segment.context > 0) {
      for (const at of positions) this.#splitInstances.add(instanceId(segment.root, segment.ordinals[at]!));
      return;
    }
    const move = this.#moveOf(segment);
    if ('code' in move) this.#add(move);
  }

  /** @throws EngineError with all faults, the code that of the first */
  check(): void {
    this.#checkMap();
    const split = [...this.#splitInstances];
    if (split.length > 0) this.#add(splitFault(split));
    const faults = [...this.#faults.values()];
    const [first] = faults;
    if (first === undefined) return;
    const told = faults.slice(0, toldMax).map(({ message }) => message);
    if (faults.length > toldMax) told.push(`and ${faults.length - toldMax} more`);
    throw new EngineError(first.code, told.join('; '));
  }

  /** @throws EngineError of one that came to where it cannot be moved from since it was checked */
  of(segment: Segment): Moved {
    const move = segment.context > 0 ? splitFault(instancesOf(segment)) : this.#moveOf(segment);
    if ('code' in move) throw new EngineError(move.code, move.message);
    return move;
  }

  #moveOf(segment: Segment): Moved | Fault {
    const key = `${segment.workflow} ${segment.place} ${segment.hasRun}`;
    const known = this.#moves.get(key) ?? this.#find(segment);
    this.#moves.set(key, known);
    return known;
  }

  #find({ workflow, name, place, hasRun }: Segment): Moved | Fault {
    const after = this.#definitions.find(name, this.#version);
    if (after === undefined) return this.#versionUnknown(name);
    const before = this.#definitions.byNumber(workflow);
    const action = before.plan.actions[place]!.name;
    const begin = beginPlaceOf(after, this.#map.get(action) ?? action, hasRun);
    if (begin.kind === 'place') return { workflow: after.version.number, place: begin.place };
    const code = begin.kind === 'unknown' ? 'ACTION_UNKNOWN' : 'ACTION_UNSUITABLE';
    const where = `"${action}" of workflow "${name}", version ${before.version.version}`;
    return { code, message: `onto: ${where}, cannot be begun again in version ${this.#version}: ${begin.problem}` };
  }

  #checkMap(): void {
    // Where nothing is found there is nothing to say.
    if (this.#names.size === 0) return;
    const versions = this.#definitions.all().filter(({ version }) => this.#names.has(version.name));
    const after = versions.filter(({ version }) => version.version === this.#version);
    for (const [from, to] of this.#map) {
      if (!versions.some(known => hasAction(known, from))) {
        this.#add({ code: 'ACTION_UNKNOWN', message: `map: no action is named "${from}" in any version` });
      }
      if (after.length > 0 && !after.some(known => hasAction(known, to))) {
        this.#add({
          code: 'ACTION_UNKNOWN',
          message: `map: "${from}": no action is named "${to}" in version ${this.#version}`,
        });
      }
    }
  }

  #versionUnknown(name: string): Fault {
    return { code: 'WORKFLOW_UNKNOWN', message: `onto: workflow "${name}" has no version ${this.#version}` };
  }

  #add(fault: Fault): void {
    this.#faults.set(fault.message, fault);
  }
}

/** What instances share that have not split: signals that were raised. It goes with them. */
export async function sharedMoved(
  moved: readonly { readonly segment: Segment; readonly positions: Uint16Array; readonly onto: Moved }[],
  {
    store,
    definitions,
  }: { readonly store: Pick<Store, 'shared'>; readonly definitions: Pick<Definitions, 'byNumber'> },
): Promise<SharedChange[]> {
  const ontoOf = new Map<string, Moved>();
  const keys = moved.flatMap(({ segment: { root, ordinals, workflow }, positions, onto }) => {
    if (definitions.byNumber(workflow).plan.usesSignals !== true) return [];
    return Array.from(positions, at => {
      const ordinal = ordinals[at]!;
      ontoOf.set(instanceId(root, ordinal), onto);
      return { root, ordinal };
    });
  });
  const found = keys.length === 0 ? [] : await store.shared(keys);
  return found.map(({ root, ordinal, version, name, workflow: before, state }) => {
    const { workflow } = ontoOf.get(instanceId(root, ordinal))!;
    const same = { root, ordinal, version, name, workflow };
    if (definitions.byNumber(workflow).plan.usesSignals !== true) return { ...same, state: null };
    const { machine, variables } = keptState(state);
    const kept = renumbered(machine, number => (number === before ? workflow : number));
    return { ...same, state: textOfState(JSON.stringify(kept), variables) };
  });
}

function splitFault(instances: readonly string[]): Fault {
  const which = instances.slice(0, toldMax).join(', ');
  const more = instances.length > toldMax ? ` and ${instances.length - toldMax} more` : '';
  const count = instances.length === 1 ? '1 instance that has' : `${instances.length} instances that have`;
  return {
    code: 'INSTANCE_SPLIT',
    message: `onto: ${count} split into flow contexts cannot be moved to another version: ${which}${more}`,
  };
}

function instancesOf({ root, ordinals }: Segment): string[] {
  return Array.from(ordinals, ordinal => instanceId(root, ordinal));
}

function hasAction({ plan }: KnownWorkflow, name: string): boolean {
  return plan.actions.some(action => action.name === name);
}
