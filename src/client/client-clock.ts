// The client's time, handed in: the engine's clock is not for browsers.

export interface ClientClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds from any beginning; never goes back. */
  monotonicMs(): number;
  /** Call once, after so long; what is returned cancels. */
  after(delayMs: number, act: () => void): () => void;
}

export const clientClock: ClientClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after so long. @throws the signal's reason when it is aborted before */
export function sleep(clock: ClientClock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return abortable(new Promise<void>(resolve => void clock.after(Math.max(0, delayMs), resolve)), signal);
}

/** As `promise`, unless the signal is aborted before. @throws the signal's reason */
export function abortable<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** In a later turn of the event loop, as soon as that can be had. */
export function nextTurn(act: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(act);
  else setTimeout(act, 0);
}
