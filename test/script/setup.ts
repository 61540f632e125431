// A language, a flow context that remembers what a script did with it, and runs of both.

import { defaultScriptLimits, type ScriptFlowContext, type ScriptLimits } from '../../src/script/contract.js';
import { JavaScript } from '../../src/script/javascript/javascript.js';

/** A loop in native code that no interrupt ends within hours. */
export const nativeLoop = '[].includes.call({ length: 2 ** 53 - 1 }, 1)';

export class Recorder implements ScriptFlowContext {
  readonly workflow = '/test/scripts';
  readonly instance = 'instance-1';
  readonly user = 'ann';
  readonly action = 'here';
  readonly attempt = 2;
  readonly written: Record<string, unknown> = {};
  readonly shared: Record<string, unknown> = {};
  readonly logged: string[] = [];
  readonly events: [string, string][] = [];

  constructor(readonly variables: object = {}) {}

  variablesText(): string {
    return JSON.stringify(this.variables);
  }
  set(name: string, value: unknown): void {
    if (name === 'RESULT') throw new TypeError('"RESULT" cannot be the name of a variable');
    this.written[name] = value;
  }
  setWorkflow(name: string, value: unknown): void {
    this.shared[name] = value;
  }
  log(message: string): void {
    this.logged.push(message);
  }
  sendToAuditTrail(name: string, message: string): void {
    this.events.push([name, message]);
  }
}

/** One interpreter of a test file's own. */
export class Scripts {
  readonly language: JavaScript;

  constructor(limits: Partial<ScriptLimits> = {}) {
    this.language = new JavaScript({ ...defaultScriptLimits, ...limits });
  }

  async outcome(text: string, flowContext: ScriptFlowContext = new Recorder()) {
    await this.language.ready();
    return this.language.run(text, flowContext);
  }

  /** The value of a script that has one. */
  async value(text: string, flowContext: ScriptFlowContext = new Recorder()): Promise<unknown> {
    const outcome = await this.outcome(text, flowContext);
    if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
    return JSON.parse(outcome.value);
  }

  /** The code of one that fails, and where. */
  async fault(text: string, flowContext: ScriptFlowContext = new Recorder()): Promise<string> {
    const outcome = await this.outcome(text, flowContext);
    if (outcome.ok) throw new Error(`${text.slice(0, 200)} gave ${outcome.value.slice(0, 200)}`);
    const { code, message, place } = outcome;
    return `${code} ${place === null ? '-' : `${place.line}:${place.column}`} ${message}`;
  }
}
