// JavaScript as a language of scripts, by QuickJS compiled to WebAssembly. Strict, and to its end at once: nothing is
// awaited. It reaches the language, `Date` and `Math.random` with it, and `flowContext`.
//
// Each run has a runtime of its own, not only a context: promises' jobs and finalizers hang on the runtime and would outlive
// their context. Processor time a run, in a worker thread (Node 20, two busy cores), of `flowContext.get("n") + 1`:
//
//   runtime and context a run     550 us   130 us for the two, the rest compiles and binds `flowContext`
//   context a run, runtime kept   545 us
//   both kept                       4 us   what one script leaves is there for the next
//
// What ends a script, from the inside out: the interrupt handler (its time), QuickJS's own stack limit, the memory of the
// module, a trap. Loops in native code (`indexOf`, `join`, `includes`, a sort of 2^32 holes) ask no handler: they last until
// the thread is ended, for the action's timeout or for being blocked.

import type { QuickJSContext, QuickJSHandle, VmCallResult } from 'quickjs-emscripten';
import { systemClock } from '../../observe/clock.js';
import {
  logLinesMax,
  outputCharactersMax,
  type ScriptErrorCode,
  type ScriptFault,
  type ScriptFlowContext,
  type ScriptLanguage,
  type ScriptLimits,
  type ScriptOutcome,
  type ScriptPlace,
} from '../contract.js';
import { flowContextSource } from './flow-context.js';
import { Interpreter } from './interpreter.js';

/** Twice as much, and QuickJS runs into the end of WebAssembly's stack before it finds its own. */
const stackBytes = 262_144;
/** Kept for telling of a full memory. */
const reserveBytes = 32_768;
const fileName = 'script';

export class JavaScript implements ScriptLanguage {
  readonly #limits: ScriptLimits;
  readonly #interpreter: Interpreter;

  constructor(limits: ScriptLimits) {
    this.#limits = limits;
    this.#interpreter = new Interpreter(limits.memoryMb);
  }

  ready(): Promise<void> | null {
    return this.#interpreter.ready();
  }

  check(text: string): ScriptFault | null {
    const outcome = this.#within(nowhere, run => run.compile(text));
    if (outcome.ok) return null;
    return { message: outcome.message, line: outcome.place?.line ?? 1, column: outcome.place?.column ?? 1 };
  }

  run(text: string, flowContext: ScriptFlowContext): ScriptOutcome {
    return this.#within(flowContext, run => run.execute(text));
  }

  /** A sandbox for one run. What leaves it by a throw, or fills it, has broken it. */
  #within(flowContext: ScriptFlowContext, use: (run: Run) => ScriptOutcome): ScriptOutcome {
    const { module } = this.#interpreter;
    const time = { isUp: false };
    let dueMs = Number.POSITIVE_INFINITY;
    const interruptHandler = (): boolean => {
      if (systemClock.monotonicMs() > dueMs) time.isUp = true;
      return time.isUp;
    };
    try {
      const runtime = module.newRuntime({ interruptHandler, maxStackSizeBytes: stackBytes });
      const context = runtime.newContext();
      const run = new Run(context, flowContext, this.#limits, time);
      dueMs = systemClock.monotonicMs() + this.#limits.timeoutMs;
      const outcome = use(run);
      if (!outcome.ok && outcome.code === 'ScriptOutOfMemory') {
        this.#interpreter.discard();
        return outcome;
      }
      run.dispose();
      context.dispose();
      runtime.dispose();
      return outcome;
    } catch (thrown) {
      this.#interpreter.discard();
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return failure('ScriptAborted', `the script brought its interpreter down: ${why}`, null);
    }
  }
}

/** One script in one context. */
class Run {
  readonly #context: QuickJSContext;
  readonly #flowContext: ScriptFlowContext;
  readonly #limits: ScriptLimits;
  readonly #time: { readonly isUp: boolean };
  readonly #finish: QuickJSHandle;
  readonly #describe: QuickJSHandle;
  readonly #reserve: QuickJSHandle;
  #lines = 0;

  constructor(
    context: QuickJSContext,
    flowContext: ScriptFlowContext,
    limits: ScriptLimits,
    time: { readonly isUp: boolean },
  ) {
    this.#context = context;
    this.#flowContext = flowContext;
    this.#limits = limits;
    this.#time = time;
    const { workflow, instance, user, action, attempt } = flowContext;
    const bind = context.unwrapResult(
      context.evalCode(flowContextSource, 'flowContext', { type: 'global', strict: true }),
    );
    const outside = context.newFunction('outside', (what, message) =>
      context.newString(this.#outside(context.getString(what), context.getString(message))),
    );
    const about = context.newString(JSON.stringify({ workflow, instance, user, action, attempt }));
    const outputMax = context.newNumber(outputCharactersMax);
    const bound = context.unwrapResult(context.callFunction(bind, context.undefined, outside, about, outputMax));
    this.#finish = context.getProp(bound, 'finish');
    this.#describe = context.getProp(bound, 'describe');
    for (const handle of [bind, outside, about, outputMax, bound]) handle.dispose();
    this.#reserve = context.newArrayBuffer(new ArrayBuffer(reserveBytes));
  }

  compile(text: string): ScriptOutcome {
    const compiled = this.#context.evalCode(text, fileName, { type: 'global', strict: true, compileOnly: true });
    return this.#outcomeOf(compiled, 'ScriptFailed', () => ({ ok: true, value: 'null' }));
  }

  execute(text: string): ScriptOutcome {
    const context = this.#context;
    const evaluated = context.evalCode(text, fileName, { type: 'global', strict: true });
    const outcome = this.#outcomeOf(evaluated, 'ScriptFailed', value =>
      this.#outcomeOf(context.callFunction(this.#finish, context.undefined, value), 'ScriptResultNotJson', finished => {
        const value = context.getString(finished);
        if (value !== '') return { ok: true, value };
        const message = `with what the script wrote its value has more than ${outputCharactersMax} characters of JSON`;
        return failure('ScriptResultTooLarge', message, null);
      }),
    );
    if (this.#lines > logLinesMax) {
      this.#flowContext.log(`${this.#lines - logLinesMax} more lines of the script were not logged`);
    }
    return outcome;
  }

  dispose(): void {
    this.#finish.dispose();
    this.#describe.dispose();
    if (this.#reserve.alive) this.#reserve.dispose();
  }

  /** @param code of what is thrown, unless it is time or memory */
  #outcomeOf(
    result: VmCallResult<QuickJSHandle>,
    code: ScriptErrorCode,
    use: (value: QuickJSHandle) => ScriptOutcome,
  ): ScriptOutcome {
    if (result.error === undefined) {
      const outcome = use(result.value);
      result.value.dispose();
      return outcome;
    }
    const outcome = this.#failed(result.error, code);
    result.error.dispose();
    return outcome;
  }

  #failed(error: QuickJSHandle, code: ScriptErrorCode): ScriptOutcome {
    const { timeoutMs, memoryMb } = this.#limits;
    const timeout = (): ScriptOutcome =>
      failure('ScriptTimeout', `the script did not end within ${timeoutMs} ms`, null);
    if (this.#time.isUp) return timeout();
    this.#reserve.dispose();
    const { name, message, stack, isFull } = this.#description(error);
    if (this.#time.isUp) return timeout();
    if (isFull || (name === 'InternalError' && message === 'out of memory')) {
      return failure('ScriptOutOfMemory', `the script filled its memory of ${memoryMb} MB`, null);
    }
    return failure(code, name === '' ? message : `${name}: ${message}`, placeIn(stack));
  }

  #description(error: QuickJSHandle): { name: string; message: string; stack: string; isFull: boolean } {
    const context = this.#context;
    const probe = context.newNumber((this.#limits.memoryMb * 1_048_576) / 16);
    const described = context.callFunction(this.#describe, context.undefined, error, probe);
    probe.dispose();
    if (described.error !== undefined) {
      // Its own getters ran out of time, or there is no memory left even for this.
      described.error.dispose();
      return { name: '', message: 'an object that cannot be read was thrown', stack: '', isFull: !this.#time.isUp };
    }
    const text = context.getString(described.value);
    described.value.dispose();
    return JSON.parse(text) as { name: string; message: string; stack: string; isFull: boolean };
  }

  /** Text that comes out of the sandbox. @returns what was asked for, or why it is refused; empty: done */
  #outside(what: string, message: string): string {
    try {
      switch (what) {
        case 'variables':
          return this.#flowContext.variablesText();
        case 'set':
        case 'setWorkflow': {
          const [name, value] = JSON.parse(message) as [string, unknown];
          this.#flowContext[what](name, value);
          return '';
        }
        case 'log':
          this.#lines += 1;
          if (this.#lines <= logLinesMax) this.#flowContext.log(JSON.parse(message) as string);
          return '';
        case 'event': {
          const [name, told] = JSON.parse(message) as [string, string];
          this.#flowContext.sendToAuditTrail(name, told);
          return '';
        }
      }
      return `there is no "${what}"`;
    } catch (thrown) {
      return (thrown instanceof Error && thrown.message) || 'refused';
    }
  }
}

function failure(code: ScriptErrorCode, message: string, place: ScriptPlace | null): ScriptOutcome {
  return { ok: false, code, message, place };
}

/** The innermost frame of the script itself. */
function placeIn(stack: string): ScriptPlace | null {
  const found = /\bscript:(\d+):(\d+)/.exec(stack);
  return found === null ? null : { line: Number(found[1]), column: Number(found[2]) };
}

const nothing = (): void => undefined;
/** Of a check, which runs nothing. */
const nowhere: ScriptFlowContext = {
  workflow: '',
  instance: '',
  user: null,
  action: '',
  attempt: 1,
  variablesText: () => '{}',
  set: nothing,
  setWorkflow: nothing,
  log: nothing,
  sendToAuditTrail: nothing,
};
