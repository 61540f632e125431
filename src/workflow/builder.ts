// Definitions written in TypeScript: the same model as a file, verified by `build`.
//
//   const definition = workflow('/flights/score', { module: import.meta.url })
//     .call('score', { function: 'score', timeoutMs: 5_000 })
//     .null('committed')
//     .console('publish', { message: 'done' })
//     .build();
//
// Actions follow each other in the order they are added. A workflow, or a body, that names one flow names them all: with the first
// `flow` the order of the actions no longer means anything (except that the first is the start if none is marked).

import { DefinitionError, faultAt } from './fault.js';
import type {
  Action,
  Body,
  CallAction,
  CancelAction,
  ConsoleAction,
  EndAction,
  ErrorAction,
  Flow,
  ForEachAction,
  GroupAction,
  NullAction,
  ScriptAction,
  WorkflowAction,
  WorkflowDefinition,
} from './model.js';
import { parseName } from './namespace.js';
import { verify } from './verify.js';

/** Everything about a workflow but its name, actions and flows. */
export type WorkflowOptions = Omit<WorkflowDefinition, 'name' | 'actions' | 'flows'>;

type Properties<Kind extends Action> = Omit<Kind, 'name' | 'type'>;

/** Of a for-each; its body as the model has it, or built. */
export type ForEachProperties = Omit<Properties<ForEachAction>, 'body'> & {
  body?: Body | ((body: BodyBuilder) => BodyBuilder);
};

/**
 * Begin a definition.
 *
 * @param name full name, `/branch/name`
 * @param options `module` may be a path or a `file:` URL, such as `import.meta.url`
 */
export function workflow(name: string, options: WorkflowOptions = {}): WorkflowBuilder {
  return new WorkflowBuilder(name, options);
}

/** Actions, and the flows among them: of a workflow, or of the body of a for-each. */
class StepsBuilder {
  readonly #actions: Action[] = [];
  readonly #flows: Flow[] = [];

  /** Runs a function exported from a module. */
  call(name: string, properties: Properties<CallAction>): this {
    return this.action({ name, type: 'call', ...properties });
  }

  /** Does nothing; always a transaction break. */
  null(name: string, properties: Properties<NullAction> = {}): this {
    return this.action({ name, type: 'null', ...properties });
  }

  /** Prints a message. */
  console(name: string, properties: Properties<ConsoleAction>): this {
    return this.action({ name, type: 'console', ...properties });
  }

  /** Runs a script, whose value is RESULT. That it is one is seen when the workflow is deployed. */
  script(name: string, properties: Properties<ScriptAction>): this {
    return this.action({ name, type: 'script', ...properties });
  }

  /**
   * Runs a body, or another workflow, for each item of a list or number of a range.
   *
   * @param properties `{ items: '${RESULT}', parallel: 5, body: each => each.call('check', { function: 'check' }) }`
   */
  forEach(name: string, properties: ForEachProperties): this {
    const { body, ...rest } = properties;
    const built = typeof body === 'function' ? body(new BodyBuilder()).body() : body;
    return this.action({ name, type: 'forEach', ...rest, ...(built === undefined ? {} : { body: built }) });
  }

  /** Runs another workflow as part of this instance. */
  workflow(name: string, properties: Properties<WorkflowAction>): this {
    return this.action({ name, type: 'workflow', ...properties });
  }

  /** Ends the instance at once. */
  end(name: string, properties: Properties<EndAction> = {}): this {
    return this.action({ name, type: 'end', ...properties });
  }

  /** Withdraws the flow contexts that stand at some actions. */
  cancel(name: string, properties: Properties<CancelAction>): this {
    return this.action({ name, type: 'cancel', ...properties });
  }

  /** Changes a group of a for-each while it runs. */
  group(name: string, properties: Properties<GroupAction>): this {
    return this.action({ name, type: 'group', ...properties });
  }

  /** Ends in failure. */
  error(name: string, properties: Properties<ErrorAction> = {}): this {
    return this.action({ name, type: 'error', ...properties });
  }

  /** Any action as the model has it. */
  action(action: Action): this {
    this.#actions.push(action);
    return this;
  }

  /**
   * When `from` has finished, go on with `to`: always, or as `properties` say.
   *
   * @param properties `{ condition: 'RESULT.score >= 50' }`, `{ kind: 'else' }`, `{ kind: 'error', rollback: true }`
   */
  flow(from: string, to: string, properties: Omit<Flow, 'from' | 'to'> = {}): this {
    this.#flows.push({ from, to, ...properties });
    return this;
  }

  protected steps(): Required<Body> {
    return {
      actions: this.#actions.map(cleanAction),
      flows: this.#flows.length > 0 ? this.#flows.map(clean) : this.#sequence(),
    };
  }

  #sequence(): Flow[] {
    return this.#actions.slice(1).map((action, index) => ({ from: this.#actions[index]!.name, to: action.name }));
  }
}

export class BodyBuilder extends StepsBuilder {
  body(): Body {
    return this.steps();
  }
}

export class WorkflowBuilder extends StepsBuilder {
  readonly #name: string;
  readonly #options: WorkflowOptions;

  constructor(name: string, options: WorkflowOptions = {}) {
    super();
    this.#name = name;
    this.#options = options;
  }

  /**
   * The definition, a value of its own each time.
   *
   * @throws {DefinitionError} `WORKFLOW_INVALID` with every fault
   */
  build(): WorkflowDefinition {
    const named = parseName(this.#name);
    const definition = { name: named.ok ? named.value : this.#name, ...clean(this.#options), ...this.steps() };
    const faults = verify(definition);
    if (faults.length > 0) throw new DefinitionError(faults);
    return definition;
  }
}

/** A copy, bodies too. What is no body (in JavaScript) is left for verification to refuse. */
function cleanAction(action: Action): Action {
  const copy = clean(action);
  if (copy.type !== 'forEach' || !Array.isArray(copy.body?.actions)) return copy;
  const { actions, flows = [] } = copy.body;
  return { ...copy, body: { actions: actions.map(cleanAction), flows: flows.map(clean) } };
}

/** A copy without members that are `undefined`, and with a module's `file:` URL as its path. */
function clean<Part extends object>(part: Part): Part {
  const copy = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;
  if (!('module' in copy) || typeof copy.module !== 'string' || !copy.module.startsWith('file:')) return copy;
  return { ...copy, module: pathOfUrl(copy.module) };
}

/** Not `fileURLToPath`: the room is pure. An encoded slash is no path, and is left for verification to refuse. */
function pathOfUrl(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return host === '' && !/%2f/i.test(pathname) ? decodeURIComponent(pathname) : url;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DefinitionError([faultAt('MODULE_INVALID', ['module'], `not a file URL: ${reason}`)]);
  }
}
