// Renaming a workflow or branch: which name and number each version has from now on. Versions never change, so those of the old
// name are stored under the new one, and what lives follows those: they are the same but for their name.
//
// Invariants:
//   R1. The new name belongs to nobody else: it is free, or its versions are those of the old one, because the same renaming was
//       begun before. So one that was cut short is simply said again.
//   R2. An instance is renamed in one commit, with all its flow contexts and what they share.

import { renumbered } from '../../flow/shared/renumbered.js';
import { keptState, textOfState } from '../../flow/shared/text.js';
import { EngineError } from '../../observe/errors.js';
import type { InstanceKey, Scope, Segment, SharedChange, Store } from '../../store/contract.js';
import type { WorkflowDefinition } from '../../workflow/model.js';
import { parseBranch, parseName } from '../../workflow/namespace.js';
import { definitionText } from '../../workflow/serialize.js';
import type { KnownWorkflow } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import type { Members } from '../shared/main-line.js';
import { openOf } from './withdrawal.js';

/** A version of an old name, and what is stored of it under the new one; in the order of versions. */
interface Copy {
  readonly known: KnownWorkflow;
  readonly name: string;
  readonly text: string;
}

export class Naming {
  readonly #parts: Pick<EngineParts, 'definitions' | 'clock'>;
  readonly #nameOf: (name: string) => string | null;
  readonly #copies: readonly Copy[];
  readonly #numbers = new Map<number, number>();

  private constructor(
    parts: Pick<EngineParts, 'definitions' | 'clock'>,
    nameOf: (name: string) => string | null,
    copies: readonly Copy[],
  ) {
    this.#parts = parts;
    this.#nameOf = nameOf;
    this.#copies = copies;
  }

  /** @throws EngineError `NAMESPACE_INVALID`, `NAME_TAKEN`, `WORKFLOW_UNKNOWN` */
  static async of(target: Scope, to: string, parts: Pick<EngineParts, 'definitions' | 'clock'>): Promise<Naming> {
    const nameOf = renaming(target, to);
    // Another engine may have stored some just now.
    await parts.definitions.load();
    const copies = parts.definitions
      .all()
      .flatMap(known => {
        const name = nameOf(known.version.name);
        if (name === null) return [];
        checkName(name);
        return [{ known, name, text: textAs(known, name) }];
      })
      .sort((a, b) => a.known.version.version - b.known.version.version);
    if (copies.length === 0 && target.kind === 'workflow') {
      throw new EngineError('WORKFLOW_UNKNOWN', `no workflow is named "${target.name}"`);
    }
    for (const { known, name, text } of copies) {
      const there = parts.definitions.find(name, known.version.version);
      if (there === undefined || isSame(there, known, text)) continue;
      throw new EngineError('NAME_TAKEN', `"${name}" is another workflow; choose a name that is free`);
    }
    return new Naming(parts, nameOf, copies);
  }

  /** Stores what is not there yet. @throws EngineError `NAME_TAKEN` when somebody else was first */
  async store(): Promise<void> {
    const { definitions, clock } = this.#parts;
    for (const { known, name, text } of this.#copies) {
      const { version, baseFolder, number } = known.version;
      const definition = { ...(JSON.parse(known.version.definition) as WorkflowDefinition), name };
      const made =
        definitions.find(name, version) ?? (await definitions.put(definition, text, baseFolder, clock.nowMs()));
      if (made.version.version !== version || !isSame(made, known, text)) {
        throw new EngineError('NAME_TAKEN', `"${name}" has been stored by somebody else meanwhile`);
      }
      this.#numbers.set(number, made.version.number);
    }
  }

  /** Number of a version from now on. */
  number(workflow: number): number {
    return this.#numbers.get(workflow) ?? workflow;
  }

  of({ workflow, name }: Pick<Segment, 'workflow' | 'name'>): { readonly workflow: number; readonly name: string } {
    return { workflow: this.number(workflow), name: this.#nameOf(name) ?? name };
  }
}

/** What a name becomes; `null`: it is not meant. @throws EngineError `NAMESPACE_INVALID` */
function renaming(target: Scope, to: string): (name: string) => string | null {
  if (target.kind === 'workflow') {
    const parsed = parseName(to);
    if (!parsed.ok) throw new EngineError('NAMESPACE_INVALID', parsed.fault.message);
    return name => (name === target.name ? parsed.value : null);
  }
  const parsed = parseBranch(to);
  if (!parsed.ok) throw new EngineError('NAMESPACE_INVALID', parsed.fault.message);
  const { branch } = target;
  if (parsed.value.startsWith(branch)) {
    throw new EngineError('NAMESPACE_INVALID', `"${to}" lies in "${branch}": a branch cannot become part of itself`);
  }
  return name => (name.startsWith(branch) ? parsed.value + name.slice(branch.length) : null);
}

function checkName(name: string): void {
  const parsed = parseName(name);
  if (!parsed.ok) throw new EngineError('NAMESPACE_INVALID', parsed.fault.message);
}

function textAs({ version }: KnownWorkflow, name: string): string {
  return definitionText({ ...(JSON.parse(version.definition) as WorkflowDefinition), name });
}

function isSame(there: KnownWorkflow, { version: { baseFolder } }: KnownWorkflow, text: string): boolean {
  return there.version.baseFolder === baseFolder && textAs(there, there.version.name) === text;
}

/**
 * All that is open of the members' segments, and of all segments that hold other flow contexts of their instances (R2).
 * COST one read, mostly, for those that have split.
 */
export async function wholeSegments(
  members: readonly Members[],
  store: Pick<Store, 'contextsOf'>,
): Promise<readonly Members[]> {
  const found = new Map(members.map(({ segment }) => [segment.id, segment]));
  let added = [...found.values()];
  while (added.length > 0) {
    const split = added.filter(({ context }) => context > 0).flatMap(keysOf);
    const others = split.length === 0 ? [] : await store.contextsOf(split.map(key => ({ ...key, contexts: null })));
    added = others.filter(({ id }) => !found.has(id));
    for (const segment of added) found.set(segment.id, segment);
  }
  return [...found.values()].map(segment => ({ segment, positions: openOf(segment) }));
}

/** What instances with several flow contexts share, of those that are renamed. */
export async function sharedRenamed(
  members: readonly { readonly segment: Segment }[],
  naming: Naming,
  { store, definitions }: Pick<EngineParts, 'store' | 'definitions'>,
): Promise<SharedChange[]> {
  // With signals an instance shares something before it has split.
  const shares = ({ context, workflow }: Segment): boolean =>
    context > 0 || definitions.byNumber(workflow).plan.usesSignals === true;
  const keys = members.flatMap(({ segment }) => (shares(segment) ? keysOf(segment) : []));
  const once = [...new Map(keys.map(key => [`${key.root} ${key.ordinal}`, key])).values()];
  const found = once.length === 0 ? [] : await store.shared(once);
  return found.map(({ root, ordinal, version, state, ...named }) => {
    const { machine, variables } = keptState(state);
    const kept = renumbered(machine, workflow => naming.number(workflow));
    return { root, ordinal, version, ...naming.of(named), state: textOfState(JSON.stringify(kept), variables) };
  });
}

function keysOf(segment: Segment): InstanceKey[] {
  return Array.from(openOf(segment), at => ({ root: segment.root, ordinal: segment.ordinals[at]! }));
}
