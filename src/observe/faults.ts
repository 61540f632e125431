// Named fault points: places where a test may stop the engine, make it throw, or end the process.
//
// In production nothing is armed and a point costs one comparison. A test arms them here; a child process is armed by the
// environment variable MILLRACE_FAULTS, a comma-separated list of `point:what` or `point:what@n` (only the n-th time the
// point is reached):
//
//   engine.block-main:30000     block the thread for 30,000 ms
//   store.before-fsync:throw    throw a FaultError
//   engine.after-commit:kill@3  end the process with SIGKILL, the third time
//   engine.after-commit:pause   for ever (a promise that never resolves)

/** What an armed point does. */
export type Fault =
  /** Stop the whole thread, its event loop too. */
  | { readonly kind: 'block'; readonly ms: number }
  | { readonly kind: 'throw'; readonly error?: Error }
  /** Hold whoever awaits the point until `release`. */
  | { readonly kind: 'pause' }
  | { readonly kind: 'call'; readonly callback: () => void | Promise<void> }
  /** As `kill -9` would. */
  | { readonly kind: 'kill' };

export class FaultError extends Error {
  override name = 'FaultError';
}

export interface ArmedFault {
  readonly point: string;
  /** How often the point has been reached since it was armed. */
  readonly reachedCount: number;
  /** Resolves when the fault has struck for the first time. */
  readonly struck: Promise<void>;
  /** Let go who is paused there, and whoever comes. */
  release(): void;
  /** Release, and make the point a no-op again. */
  disarm(): void;
}

class Armed implements ArmedFault {
  reachedCount = 0;
  readonly struck: Promise<void>;
  #tellStruck!: () => void;
  readonly #released: Promise<void>;
  #tellReleased!: () => void;

  constructor(
    readonly point: string,
    readonly fault: Fault,
    /** The n-th time only; `null`: every time. */
    readonly onlyTime: number | null,
  ) {
    this.struck = new Promise(resolve => (this.#tellStruck = resolve));
    this.#released = new Promise(resolve => (this.#tellReleased = resolve));
  }

  release(): void {
    this.#tellReleased();
  }

  disarm(): void {
    this.release();
    if (armed?.get(this.point) !== this) return;
    armed.delete(this.point);
    if (armed.size === 0) armed = null;
  }

  reached(): void | Promise<void> {
    this.reachedCount++;
    if (this.onlyTime !== null && this.reachedCount !== this.onlyTime) return;
    this.#tellStruck();
    switch (this.fault.kind) {
      case 'block':
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.fault.ms);
        return;
      case 'throw':
        throw this.fault.error ?? new FaultError(`fault at ${this.point}`);
      case 'pause':
        return this.#released;
      case 'call':
        return this.fault.callback();
      case 'kill':
        process.kill(process.pid, 'SIGKILL');
    }
  }
}

/** `null` when nothing is armed, so that a point is one comparison. */
let armed: Map<string, Armed> | null = null;

/** A place where faults can be made to strike. Await it where the code is asynchronous: only there can it pause. */
export function faultPoint(point: string): void | Promise<void> {
  if (armed === null) return;
  return armed.get(point)?.reached();
}

/** Arm a point, in place of what was armed there. `onlyTime`: strike only the n-th time it is reached. */
export function armFault(point: string, fault: Fault, onlyTime: number | null = null): ArmedFault {
  const fresh = new Armed(point, fault, onlyTime);
  armed?.get(point)?.disarm();
  armed ??= new Map();
  armed.set(point, fresh);
  return fresh;
}

/** Release and disarm all points: for the end of a test. */
export function disarmFaults(): void {
  for (const each of [...(armed?.values() ?? [])]) each.disarm();
}

/** Arm what a MILLRACE_FAULTS text names. @throws Error naming the part that cannot be read */
export function armFaultsFrom(text: string): void {
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const match = /^([\w.-]+):(\d+|throw|pause|kill)(?:@(\d+))?$/.exec(part.trim());
    if (match === null) throw new Error(`MILLRACE_FAULTS: "${part}" is not point:what or point:what@n`);
    const [, point, what, time] = match as unknown as [string, string, string, string | undefined];
    const fault: Fault = /^\d/.test(what)
      ? { kind: 'block', ms: Number(what) }
      : { kind: what as 'throw' | 'pause' | 'kill' };
    armFault(point, fault, time === undefined ? null : Number(time));
  }
}

// Each thread has a copy of the environment, so a point strikes in whichever thread reaches it.
if (process.env.MILLRACE_FAULTS !== undefined) armFaultsFrom(process.env.MILLRACE_FAULTS);
