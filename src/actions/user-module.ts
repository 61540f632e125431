// A module of the user's, loaded by path and version, so that code can be replaced without a restart.
//
// The version is what `stat` says of the file. It is looked at when a member needs the module and a second has passed
// since the last look: a long quiet thread asks the disk nothing, a busy one once a second.
//
// Invariants:
//   U1. A member runs code that was on disk at most `staleMs` before it began, unless the newest version does not load:
//       then it fails with that reason.
//   U2. One load at a time; everybody who needs the module waits for the same one, and a load that failed is not tried
//       again within `staleMs`.
//
// Known limits: only the module itself is loaded anew, not what it imports; ESM versions that were replaced stay in
// memory until the thread ends, as Node cannot forget them.

import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ActionFault } from '../dispatch/action.js';
import type { CallContext } from '../workflow/context.js';
import type { JsonObject } from '../workflow/model.js';

export type ExportedFunction = (variables: JsonObject, context: CallContext) => unknown;

/** How old a look at the disk may be. */
export const staleMs = 1_000;
/** A load that takes longer (a top-level `await` that never ends) fails; it does not count for the action's timeout. */
const loadMs = 30_000;
const { cache: commonJsCache } = createRequire(import.meta.url);

export class UserModule {
  readonly #path: string;
  readonly #functions = new Map<string, ExportedFunction>();
  #exports: Readonly<Record<string, unknown>> | null = null;
  #fingerprint = '';
  /** The last look found another version; told to whoever asks until that is loaded. */
  #isOutdated = false;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;
  #failure: ActionFault | null = null;
  #loads = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Grows with each load. */
  get version(): number {
    return this.#loads;
  }

  /** Whether what is loaded may be run now, without waiting. */
  isCurrent(nowMs: number): boolean {
    if (this.#exports === null || this.#loading !== null) return false;
    if (nowMs - this.#checkedAtMs >= staleMs) {
      this.#checkedAtMs = nowMs;
      this.#isOutdated = this.#fingerprint !== fingerprintOf(this.#path);
    }
    return !this.#isOutdated;
  }

  /** Load the version on disk. */
  load(): Promise<void> {
    // While a load is under way the last failure is history: who needs the module now waits for the new one (U2).
    const hasFailedLately = this.#failure !== null && performance.now() - this.#checkedAtMs < staleMs;
    if (this.#loading === null && hasFailedLately) return Promise.reject(this.#failure);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** The function exported under `name`. */
  find(name: string): ExportedFunction {
    const found = this.lookUp(name);
    if (found !== null) return found;
    throw new ActionFault('ActionFunctionNotFound', `module ${this.#path} exports no function "${name}"`);
  }

  /** The function exported under `name`; `null`: there is none. */
  lookUp(name: string): ExportedFunction | null {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const found = exportedFunction(this.#exports, name);
    if (found !== null) this.#functions.set(name, found);
    return found;
  }

  async #load(): Promise<void> {
    this.#checkedAtMs = performance.now();
    // Taken before the load: a file replaced meanwhile is then seen as stale a second later, never missed.
    const fingerprint = fingerprintOf(this.#path);
    if (fingerprint === null) {
      throw this.#fail(new ActionFault('ActionModuleNotFound', `module ${this.#path} does not exist`));
    }
    const url = pathToFileURL(this.#path);
    // The first load has the plain address, so that other modules importing this one share its state; the later ones
    // need one of their own, also after a failure, as Node remembers both.
    if (this.#loads > 0) url.searchParams.set('version', `${fingerprint}-${this.#loads}`);
    this.#loads += 1;
    delete commonJsCache[this.#path];
    try {
      this.#exports = await within(loadMs, import(url.href) as Promise<Readonly<Record<string, unknown>>>);
    } catch (cause) {
      const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      const message = `module ${this.#path} does not load: ${why.slice(0, 2_000)}`;
      throw this.#fail(new ActionFault('ActionModuleFailed', message, { cause }));
    }
    this.#functions.clear();
    this.#fingerprint = fingerprint;
    this.#isOutdated = false;
    this.#failure = null;
  }

  #fail(failure: ActionFault): ActionFault {
    this.#exports = null;
    this.#functions.clear();
    this.#failure = failure;
    return failure;
  }
}

const modules = new Map<string, UserModule>();

/** One `UserModule` a path, so that a thousand places naming it look at the file once a second together. */
export function userModule(path: string): UserModule {
  let module = modules.get(path);
  if (module === undefined) {
    module = new UserModule(path);
    modules.set(path, module);
  }
  return module;
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it takes longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function fingerprintOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.mtimeMs}-${stat.ctimeMs}-${stat.size}-${stat.ino}`;
}

/** An export by name; of a CommonJS module also one that Node could not see without running it. */
function exportedFunction(exports: Readonly<Record<string, unknown>> | null, name: string): ExportedFunction | null {
  if (exports === null) return null;
  const direct = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof direct === 'function') return direct as ExportedFunction;
  const whole = exports.default;
  if ((typeof whole !== 'object' && typeof whole !== 'function') || whole === null || !Object.hasOwn(whole, name))
    return null;
  const inner: unknown = Reflect.get(whole, name);
  return typeof inner === 'function' ? (inner as ExportedFunction) : null;
}
