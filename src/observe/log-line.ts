// What a log entry looks like: a JSON object for files, a readable line for standard error.

import type { LogEntry } from './loggers.js';

/** The same object pino writes, for the threads that have no pino. */
export function jsonLine(entry: LogEntry, at: { engine: string; nowMs: number }): string {
  const { logger, level, message, fields } = entry;
  const time = new Date(at.nowMs).toISOString();
  const error = 'error' in fields ? { error: errorAsData(fields.error) } : null;
  return `${jsonText({ level, time, engine: at.engine, logger, ...fields, ...error, message })}\n`;
}

/** `2026-11-21T17:57:32.000Z ERROR system: message field=value`, and the error's stack below. */
export function readableLine(entry: LogEntry, nowMs: number): string {
  const { logger, level, message, fields } = entry;
  const words = [new Date(nowMs).toISOString(), level.toUpperCase().padEnd(5), `${logger}:`, message];
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error' && value instanceof Error) continue;
    words.push(`${name}=${typeof value === 'string' ? value : jsonText(value)}`);
  }
  const { error } = fields;
  return `${words.join(' ')}\n${error instanceof Error ? `${stackOf(error)}\n` : ''}`;
}

/** An error as plain data: JSON would make `{}` of it. */
export function errorAsData(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : null),
    stack: stackOf(error),
  };
}

/** The stack with those of its causes. */
function stackOf(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  // A chain that bites its tail would never end; nobody reads past the fourth cause.
  const stacks = [own];
  for (let cause = error.cause; cause instanceof Error && stacks.length < 5; cause = cause.cause) {
    stacks.push(`caused by ${cause.stack ?? cause.message}`);
  }
  return stacks.join('\n');
}

/** JSON text of anything; what has none (a cycle, a bigint) is named instead of thrown (G1). */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch (error) {
    return JSON.stringify(`not JSON: ${String(error)}`);
  }
}
