// Messages that are published from outside, by no workflow.

import { EngineError } from '../../observe/errors.js';
import { SqlError } from '../../store/driver.js';
import { emptyCommit } from '../../store/empty-commit.js';
import { isFull, otherStyle } from '../../store/sql/messages.js';
import { TimeExpressionError } from '../../time/errors.js';
import { momentAfter } from '../../time/relative/moment-after.js';
import { messageBytesMax, messagePriority } from '../../workflow/message-limits.js';
import type { Json } from '../../workflow/model.js';
import { parseName } from '../../workflow/namespace.js';
import type { EngineParts } from '../parts.js';
import { withPatience } from '../store-trouble.js';

export interface OutsideMessage {
  /** Full name, `/branch/name`. A publisher is made by its first message. */
  readonly publisher: string;
  /** At most 256 kB as JSON; selectors read its members. */
  readonly data: Json;
  /** Default: what the publisher has, of a new one `queue`. */
  readonly style?: 'queue' | 'topic';
  /** 1 (highest) to 10,000. Default 10. */
  readonly priority?: number;
  /** So long it can be taken, a relative time expression. Default: for ever, of a topic a day. */
  readonly expires?: string;
}

/** @throws EngineError `INPUT_INVALID`, `NAMESPACE_INVALID`, `PUBLISHER_STYLE`, `PUBLISHER_FULL` */
export async function publish(message: OutsideMessage, { store, ids, clock, health, committed }: EngineParts) {
  const { style = null, priority = messagePriority, expires } = message;
  const name = parseName(message.publisher);
  if (!name.ok) throw new EngineError('NAMESPACE_INVALID', name.fault.message);
  if (!Number.isInteger(priority) || priority < 1 || priority > 10_000) {
    throw new EngineError('INPUT_INVALID', `priority: must be a whole number from 1 to 10,000, found ${priority}`);
  }
  const atMs = clock.nowMs();
  const expiresAtMs = expires === undefined ? null : expiryOf(expires, atMs);
  const published = { publisher: name.value, style, priority, data: textOf(message.data), expiresAtMs };
  const commit = { ...emptyCommit(ids.next(), atMs), messages: [published] };
  try {
    await withPatience(() => store.commit(commit), clock, health);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.code === otherStyle) throw new EngineError('PUBLISHER_STYLE', error.message, { cause: error });
    if (error.code === isFull) throw new EngineError('PUBLISHER_FULL', error.message, { cause: error });
    throw error;
  }
  committed(commit);
}

function textOf(data: Json): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw new EngineError('INPUT_INVALID', `data: cannot be written as JSON: ${String(cause)}`, { cause });
  }
  if (text === undefined) throw new EngineError('INPUT_INVALID', 'data: is missing, or no JSON');
  const bytes = Buffer.byteLength(text);
  if (bytes <= messageBytesMax) return text;
  throw new EngineError('INPUT_INVALID', `data: has ${bytes} bytes as JSON; ${messageBytesMax} are accepted`);
}

function expiryOf(expression: string, atMs: number): number {
  try {
    const applied = momentAfter(expression)(atMs);
    if (applied.kind === 'at') return applied.atMs;
    throw new EngineError('INPUT_INVALID', `expires: ${applied.message}`);
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    throw new EngineError('INPUT_INVALID', `expires: ${error.message}`, { cause: error });
  }
}
