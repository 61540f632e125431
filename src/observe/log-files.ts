// Which file an engine logs into. Alone in its folder: `millrace.log`. Engines that share a folder have one each, named
// after them, so that each file tells one story; those of engines that are no more are removed in time, for a default
// name has the process id in it, and every start makes a new one.

import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The file of an engine that has its folder for itself. */
export const ownLogFile = 'millrace.log';

/** Engines whose files are kept, the last ones to write. */
const enginesKept = 128;
/** Whoever has written within this time may live, and its files stay: 2 hours, twice the time between heartbeats. */
const mayLiveMs = 7_200_000;
const nameMax = 64;

/** `millrace-<engine>.log`, and rotated `millrace-<engine>.log.<n>`. */
const ofEngine = /^(millrace-.+\.log)(\.\d+)?$/;

/**
 * Name of the file of an engine that shares its folder: letters, digits, `.`, `_` and `-`, 90 at most. A name that must
 * be changed for that gets a part of its hash, so that two stay two.
 */
export function sharedLogFile(engine: string): string {
  const safe = engine.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, nameMax);
  const hash = safe === engine ? '' : `-${createHash('sha256').update(engine).digest('hex').slice(0, 12)}`;
  return `millrace-${safe}${hash}.log`;
}

/**
 * Remove the files of engines that have not written for long, beyond the 128 that wrote last.
 *
 * @throws the operating system's error when a file cannot be removed; one that is gone already is none
 */
export function removeOldLogs(folder: string, nowMs: number): void {
  const writtenAtMs = new Map<string, number>();
  const filesOf = new Map<string, string[]>();
  for (const file of readdirSync(folder)) {
    const engine = ofEngine.exec(file)?.[1];
    const stats = engine === undefined ? undefined : statSync(join(folder, file), { throwIfNoEntry: false });
    if (engine === undefined || stats === undefined) continue;
    writtenAtMs.set(engine, Math.max(writtenAtMs.get(engine) ?? 0, stats.mtimeMs));
    filesOf.set(engine, [...(filesOf.get(engine) ?? []), file]);
  }
  const beyond = [...writtenAtMs].sort(([, a], [, b]) => b - a).slice(enginesKept);
  for (const [engine, atMs] of beyond) {
    if (nowMs - atMs < mayLiveMs) continue;
    for (const file of filesOf.get(engine) ?? []) rmSync(join(folder, file), { force: true });
  }
}
