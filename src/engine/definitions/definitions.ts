// Workflow versions this engine knows, and their plans. A definition is compiled once a version.

import type { Dispatcher } from '../../dispatch/contract.js';
import { EngineError } from '../../observe/errors.js';
import type { Segment, Store, WorkflowVersion } from '../../store/contract.js';
import type { WorkflowDefinition } from '../../workflow/model.js';
import { compilePlan, type Plan } from '../../workflow/plan.js';

export interface KnownWorkflow {
  readonly version: WorkflowVersion;
  readonly plan: Plan;
}

export class Definitions {
  readonly #byNumber = new Map<number, KnownWorkflow>();
  /** Of each name, by version; the last is the newest. */
  readonly #byName = new Map<string, KnownWorkflow[]>();
  /** Names of which a version marks runs. */
  readonly #marked = new Set<string>();
  /** All up to this number are known: they become visible in order. */
  #highest = 0;
  readonly #store: Store;
  readonly #dispatcher: Pick<Dispatcher, 'define'>;

  constructor(store: Store, dispatcher: Pick<Dispatcher, 'define'>) {
    this.#store = store;
    this.#dispatcher = dispatcher;
  }

  /** Learn what has been stored since the last time, here or by another engine. */
  async load(): Promise<void> {
    for (const version of await this.#store.workflows(this.#highest)) {
      this.#learn(version);
      this.#highest = Math.max(this.#highest, version.number);
    }
  }

  /** Learn versions that another engine has stored, if any of these is one. */
  async ensure(numbers: Iterable<number>): Promise<void> {
    for (const number of numbers) {
      if (!this.#byNumber.has(number)) await this.load();
    }
  }

  /** Store a verified definition and make it the newest of its name. */
  async put(definition: WorkflowDefinition, text: string, baseFolder: string, atMs: number): Promise<KnownWorkflow> {
    return this.#learn(await this.#store.putWorkflow(definition.name, text, baseFolder, atMs));
  }

  /** @param record index of the record that names it. @throws EngineError `WORKFLOW_UNKNOWN` */
  newest(name: string, record: number): KnownWorkflow {
    const known = this.find(name);
    if (known === undefined)
      throw new EngineError('WORKFLOW_UNKNOWN', `no workflow is named "${name}"; deploy it first`, { record });
    return known;
  }

  /** Number of the newest version of a workflow; `null`: none is known. */
  newestNumber(name: string): number | null {
    return this.find(name)?.version.number ?? null;
  }

  /** A version, the newest when none is named; `undefined` when it is not known here. */
  find(name: string, version: number | null = null): KnownWorkflow | undefined {
    const versions = this.#byName.get(name);
    return version === null ? versions?.at(-1) : versions?.[version];
  }

  byNumber(number: number): KnownWorkflow {
    const known = this.#byNumber.get(number);
    if (known === undefined) throw new Error(`workflow version ${number} is not in the store`);
    return known;
  }

  /** Whether a version of a workflow marks where runs begin and end. */
  mayBeMarked(name: string): boolean {
    return this.#marked.has(name);
  }

  all(): KnownWorkflow[] {
    return [...this.#byNumber.values()];
  }

  #learn(version: WorkflowVersion): KnownWorkflow {
    const known = this.#byNumber.get(version.number);
    if (known !== undefined) return known;
    // What is stored was verified when it came in.
    const plan = compilePlan(JSON.parse(version.definition) as WorkflowDefinition, version.baseFolder);
    const learned = { version, plan };
    this.#byNumber.set(version.number, learned);
    if (plan.runs !== undefined) this.#marked.add(version.name);
    const versions = this.#byName.get(version.name) ?? [];
    versions[version.version] = learned;
    this.#byName.set(version.name, versions);
    this.#dispatcher.define(version.number, plan);
    return learned;
  }
}

/** The workflow versions of segments, each once. */
export function workflowsOf(segments: Iterable<Segment>): Set<number> {
  const numbers = new Set<number>();
  for (const { workflow } of segments) numbers.add(workflow);
  return numbers;
}
