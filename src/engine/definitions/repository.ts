// The repository: workflows as they are stored, in versions. What is stored does nothing until it is submitted. Versions
// are never changed and never taken away: instances keep the one they began with, and a copy of an old one under the same
// name makes it the newest again. Any stored workflow is a template for others: a copy has another name and a life of its own.

import { hasBranchModules } from '../../config/tree.js';
import { EngineError } from '../../observe/errors.js';
import { withScriptsChecked } from '../../script/check-scripts.js';
import { unreadyTimes } from '../../triggers/unready.js';
import { DefinitionError } from '../../workflow/fault.js';
import type { WorkflowDefinition } from '../../workflow/model.js';
import { parseName } from '../../workflow/namespace.js';
import { definitionText } from '../../workflow/serialize.js';
import { verify } from '../../workflow/verify.js';
import type { CallAudit } from '../call-audit.js';
import type { EngineParts } from '../parts.js';
import { withPatience } from '../store-trouble.js';
import type { KnownWorkflow } from './definitions.js';

/** A stored workflow version. */
export interface DeployedWorkflow {
  readonly name: string;
  readonly version: number;
}

/** A stored workflow version with what is in it. */
export interface StoredWorkflow extends DeployedWorkflow {
  readonly createdAtMs: number;
  readonly definition: WorkflowDefinition;
  /** Folder its module paths are relative to. */
  readonly baseFolder: string;
}

export interface WorkflowCopy {
  /** Name of a stored workflow. */
  readonly from: string;
  /** Default: the newest. */
  readonly version?: number;
  /** Name of the copy; a workflow of this name gets a new version. */
  readonly to: string;
}

export class Repository {
  readonly #parts: EngineParts;
  readonly #calls: CallAudit;

  constructor(parts: EngineParts, calls: CallAudit) {
    this.#parts = parts;
    this.#calls = calls;
  }

  /**
   * Verify a definition and store it as the newest version of its name, unless it is that already.
   *
   * @param baseFolder absolute
   * @throws DefinitionError with every fault (`WORKFLOW_INVALID`)
   */
  deploy(definition: WorkflowDefinition, baseFolder: string, user: string): Promise<DeployedWorkflow> {
    return this.#calls.around(
      'deploy',
      user,
      () => this.#put(definition, baseFolder),
      ({ name, version }) => `${name}, version ${version}`,
    );
  }

  /**
   * Store a stored version under another name, or as the newest of its own; modules are found where they were.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `NAMESPACE_INVALID`
   */
  copy({ from, version, to }: WorkflowCopy, user: string): Promise<DeployedWorkflow> {
    const copy = async (): Promise<DeployedWorkflow> => {
      const name = parseName(to);
      if (!name.ok) throw new EngineError('NAMESPACE_INVALID', name.fault.message);
      const { definition, baseFolder } = await this.version(from, version ?? null);
      return this.#put({ ...definition, name: name.value }, baseFolder);
    };
    return this.#calls.around('copy', user, copy, made => `${from} to ${made.name}, version ${made.version}`);
  }

  /** One version. @param version `null`: the newest @throws EngineError `WORKFLOW_UNKNOWN` */
  async version(name: string, version: number | null): Promise<StoredWorkflow> {
    const { definitions } = this.#parts;
    // Another engine may have stored a newer one just now.
    await definitions.load();
    const full = name.normalize('NFC');
    const known = definitions.find(full, version);
    if (known !== undefined) return storedOf(known);
    const problem =
      version === null || definitions.find(full) === undefined
        ? `no workflow is named "${name}"`
        : `workflow "${name}" has no version ${version}`;
    throw new EngineError('WORKFLOW_UNKNOWN', problem);
  }

  async #put(definition: WorkflowDefinition, baseFolder: string): Promise<DeployedWorkflow> {
    const { definitions, clock, configuration } = this.#parts;
    // Another engine may have been told of modules just now.
    await withPatience(() => configuration.look(), clock);
    const { tree } = configuration;
    const hasModules = (name: string): boolean => hasBranchModules(tree, name);
    const faults = await withScriptsChecked(check => verify(definition, undefined, check, hasModules));
    if (faults.length === 0) faults.push(...(await unreadyTimes(definition)));
    if (faults.length > 0) throw new DefinitionError(faults);
    const text = definitionText(definition);
    const store = () => definitions.put(definition, text, baseFolder, clock.nowMs());
    // The same definition once more makes no new version.
    const { version } = await withPatience(store, clock);
    return { name: version.name, version: version.version };
  }
}

export function storedOf({ version }: KnownWorkflow): StoredWorkflow {
  const { name, createdAtMs, baseFolder } = version;
  const definition = JSON.parse(version.definition) as WorkflowDefinition;
  return { name, version: version.version, createdAtMs, definition, baseFolder };
}
