// Progress of an operation on many, on standard error: what has been changed so far.

import { systemClock } from '../observe/clock.js';
import { counted } from './output.js';
import { Progress } from './progress.js';

/** It is shown once an operation takes longer than a moment, and taken away by `clear`. */
export function operationProgress(): {
  readonly show: (done: { readonly contexts: number }) => void;
  readonly clear: () => void;
} {
  const progress = new Progress(process.stderr, systemClock, false, ({ ended }) => counted(ended, 'flow context'));
  return {
    show: ({ contexts }) => progress.show({ total: null, submitted: 0, ended: contexts, failed: 0, retrying: 0 }),
    clear: () => progress.clear(),
  };
}
