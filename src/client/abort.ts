// Waiting that a signal can end.

import type { ClientClock } from './client-clock.js';

/** What to call when a signal is aborted. One listener a signal: callers use one for hundreds of calls. */
const acts = new WeakMap<AbortSignal, Set<() => void>>();

/** Call once the signal is aborted, at once if it is; what is returned takes that back. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    act();
    return () => undefined;
  }
  const own = acts.get(signal) ?? listen(signal);
  own.add(act);
  return () => own.delete(act);
}

function listen(signal: AbortSignal): Set<() => void> {
  const own = new Set<() => void>();
  acts.set(signal, own);
  signal.addEventListener(
    'abort',
    () => {
      for (const act of own) act();
    },
    { once: true },
  );
  return own;
}

/** As `promise`, unless the signal is aborted before. @throws the signal's reason */
export function abortable<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error));
    promise.then(resolve, reject).finally(forget);
  });
}

/** Resolves after so long. @throws the signal's reason when it is aborted before */
export function sleep(clock: ClientClock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, delayMs), () => {
      forget();
      resolve();
    });
    const forget = onAbort(signal, () => {
      cancel();
      reject(signal!.reason as Error);
    });
  });
}
