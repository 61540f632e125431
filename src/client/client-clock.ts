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

/** In a later turn of the event loop, as soon as that can be had. */
export function nextTurn(act: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(act);
  else setTimeout(act, 0);
}
