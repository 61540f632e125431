// The clock. No other file reads the time: it is handed in, so that a test runs a year of schedules in a second.
//
// `nowMs` is the time of day and may be stepped by whoever sets the machine's clock; `monotonicMs` only ever grows and
// says how long something took.
//
// Invariants:
//   K1. Nothing fires early: a timer not before its delay has passed, an alarm not before its time of day.
//   K2. A cancelled timer never fires, and cancelling again, or after it has fired, does nothing.
//   K3. Any delay works. Node fires a `setTimeout` of more than 2^31 - 1 ms at once; long waits are made of shorter ones.

export interface Timer {
  cancel(): void;
  /** Do not keep the process alive for this timer alone. Returns the timer. */
  unref(): Timer;
}

export interface Clock {
  /** Time of day, whole milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds since some moment in the past, with fractions; for durations only. */
  monotonicMs(): number;
  /** Call `fire` once, `delayMs` from now. Infinity never fires. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Call `fire` once, when the time of day has reached `atMs`; a clock that is set forward is noticed within a minute. */
  setAlarm(atMs: number, fire: () => void): Timer;
}

/** The longest single wait given to Node: below its limit (K3). */
const waitMsMax = 2 ** 30;
/** The time of day can be set while we wait for it, so look at it this often. */
const alarmWaitMsMax = 60_000;

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const dueMs = performance.now() + delayMs;
    return new SystemTimer(() => Math.min(dueMs - performance.now(), waitMsMax), fire);
  },
  setAlarm(atMs, fire) {
    return new SystemTimer(() => Math.min(atMs - Date.now(), alarmWaitMsMax), fire);
  },
};

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | null = null;
  #keepsAlive = true;
  readonly #nextWaitMs: () => number;
  readonly #fire: () => void;

  /** @param nextWaitMs how long to wait before looking again; 0 or less: it is time */
  constructor(nextWaitMs: () => number, fire: () => void) {
    this.#nextWaitMs = nextWaitMs;
    this.#fire = fire;
    this.#wait(Math.max(0, nextWaitMs()));
  }

  cancel(): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }

  unref(): Timer {
    this.#keepsAlive = false;
    this.#handle?.unref();
    return this;
  }

  #wait(waitMs: number): void {
    this.#handle = setTimeout(() => {
      // Node counts whole milliseconds and may be a fraction early (K1).
      const moreMs = this.#nextWaitMs();
      if (moreMs > 0) return this.#wait(moreMs);
      this.#handle = null;
      this.#fire();
    }, Math.ceil(waitMs));
    if (!this.#keepsAlive) this.#handle.unref();
  }
}

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  /** In the order they were set. */
  readonly #timers = new Set<TestTimer>();

  /** @param nowMs the time of day it starts at; by default noon of 2 January 2030, UTC */
  constructor(nowMs: number = Date.UTC(2030, 0, 2, 12)) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Timers and alarms that have not fired. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const dueMs = this.#monotonicMs + Math.max(0, delayMs);
    return this.#add(() => dueMs - this.#monotonicMs, fire);
  }

  setAlarm(atMs: number, fire: () => void): Timer {
    return this.#add(() => atMs - this.#nowMs, fire);
  }

  /**
   * Let time pass. What becomes due fires in order of time, then in the order it was set, each at its own time; what
   * those set in turn fires too, if it is due within `ms`. Promises they resolve are not waited for.
   */
  advanceMs(ms: number): void {
    let leftMs = ms;
    for (let next = this.#next(leftMs); next !== null; next = this.#next(leftMs)) {
      const waitMs = Math.max(0, next.waitMs());
      leftMs -= waitMs;
      this.#pass(waitMs);
      this.#timers.delete(next);
      next.fire();
    }
    this.#pass(leftMs);
  }

  /** Set the time of day without any time passing, as an administrator does; alarms look at the new time. */
  setNowMs(nowMs: number): void {
    this.#nowMs = nowMs;
    this.advanceMs(0);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }

  #add(waitMs: () => number, fire: () => void): Timer {
    const timer: TestTimer = { waitMs, fire };
    this.#timers.add(timer);
    const handle: Timer = { cancel: () => void this.#timers.delete(timer), unref: () => handle };
    return handle;
  }

  /** The first timer due within `ms`. */
  #next(ms: number): TestTimer | null {
    let next: TestTimer | null = null;
    for (const timer of this.#timers) {
      if (timer.waitMs() > ms) continue;
      if (next === null || timer.waitMs() < next.waitMs()) next = timer;
    }
    return next;
  }
}

interface TestTimer {
  /** Zero or less: due. */
  readonly waitMs: () => number;
  readonly fire: () => void;
}
