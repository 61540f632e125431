// How often a file is looked at again: a relative time expression, applied to each look.

import { EngineError } from '../observe/errors.js';
import { TimeExpressionError } from '../time/errors.js';
import { applyRelative, parseRelative, type RelativeExpression } from '../time/relative/index.js';
import { type Zone, zoneNamed } from '../time/zone.js';

/** Looks are at least this far apart, whatever the expression says. */
export const refreshMsMin = 1_000;
/** Looks are at most this far apart: an expression that has come to its end must not be the end of looking. */
const refreshMsMax = 366 * 86_400_000;

export class Refresh {
  readonly #expression: RelativeExpression;
  readonly #zone: Zone;

  /** @throws EngineError `OPTION_INVALID` when it is no relative expression, or none that leads on by a second */
  constructor(text: string, nowMs: number) {
    // Of an expression that counts days the time zone does not matter much; the same everywhere is simpler.
    this.#zone = zoneNamed('UTC');
    try {
      this.#expression = parseRelative(text);
      const applied = applyRelative(this.#expression, nowMs, { zone: this.#zone });
      if (applied.kind === 'at' && applied.atMs - nowMs >= refreshMsMin) return;
    } catch (error) {
      if (!(error instanceof TimeExpressionError)) throw error;
      throw new EngineError('OPTION_INVALID', `runtimeConfigurationRefresh: ${error.message}`);
    }
    const accepted = 'a relative time expression that leads on by a second or more, such as "+m"';
    throw new EngineError('OPTION_INVALID', `runtimeConfigurationRefresh: "${text}" must be ${accepted}`);
  }

  /** Milliseconds until the next look. */
  waitMs(nowMs: number): number {
    const applied = applyRelative(this.#expression, nowMs, { zone: this.#zone });
    const waitMs = applied.kind === 'at' ? applied.atMs - nowMs : refreshMsMax;
    return Math.min(refreshMsMax, Math.max(refreshMsMin, waitMs));
  }
}
