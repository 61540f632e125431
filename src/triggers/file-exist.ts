// The trigger that waits for files: it looks, and looks again some time later, until there are enough.

import { basename } from 'node:path';
import { ActionFault, type BuiltInAction, type Polled } from '../dispatch/action.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { type FilePattern, partsOf, pathMatches, patternFault } from '../workflow/file-pattern.js';
import type { FileExistTrigger, Json } from '../workflow/model.js';
import { calendarOf } from './calendars.js';
import { type Budget, searchFiles, statsOf } from './file-search.js';
import { FirstFiles, type FoundFile } from './first-files.js';
import { momentAfter } from './moment.js';
import { timed } from './timed.js';

const defaultPoll = '+1m';
const pollMsMin = 100;
const filesMax = 1_000;
const entriesMax = 1_000_000;
/** Of RESULT, with room for what is around it. */
const resultBytesMax = 900_000;

export const fileExistTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'fileExist') throw new Error(`a fileExist trigger was expected, not ${action.type}`);
    const { minimum = 1, maximum = filesMax } = action;
    const pollAfter = momentAfter(action.pollEvery ?? defaultPoll, undefined);
    const stableAt = stableMoment(action.stable);
    const files = valueFor(action.files);
    const excludes = valueFor(action.excludes ?? []);
    return timed(planAction, async ({ nowMs }, member): Promise<Polled> => {
      const opensMs = opening(calendarOf(planAction, 'calendar'), nowMs);
      if (opensMs > nowMs) return { kind: 'waits', untilMs: opensMs, event: 'files' };
      const wanted = {
        patterns: patternsOf('files', files(member)),
        excludes: patternsOf('excludes', excludes(member)),
        isStableAt: stableAt,
        isOrderedByStats: (action.orderBy ?? 'name') !== 'name',
        nowMs,
      };
      const found = new FirstFiles(maximum, action.orderBy ?? 'name', action.descending ?? false);
      const looked = await look(wanted, found, member.context.signal);
      const firing = found.count >= minimum ? await resultOf(found, looked.isComplete) : null;
      if (firing !== null && firing.count >= minimum) return { kind: 'fired', result: firing.result };
      if (!looked.isComplete) throw tooMany(action);
      const againMs = Math.max(pollAfter(nowMs), nowMs + pollMsMin);
      return { kind: 'waits', untilMs: Math.min(againMs, looked.stableMs), event: 'files' };
    });
  },
};

/** When business is done next, or is now; at no time if it never is again. */
function opening(calendar: BusinessInterval | undefined, nowMs: number): number {
  if (calendar === undefined || calendar.includes(nowMs)) return nowMs;
  return calendar.nextEdge(nowMs) ?? Number.POSITIVE_INFINITY;
}

interface Wanted {
  readonly patterns: readonly FilePattern[];
  readonly excludes: readonly FilePattern[];
  /** From when a file that was changed then is stable; `null`: at once. */
  readonly isStableAt: ((changedMs: number) => number) | null;
  readonly isOrderedByStats: boolean;
  readonly nowMs: number;
}

interface Looked {
  readonly isComplete: boolean;
  /** When the first of the files that are not stable yet is. */
  readonly stableMs: number;
}

async function look(wanted: Wanted, found: FirstFiles, signal: AbortSignal): Promise<Looked> {
  const { patterns, excludes, isStableAt, isOrderedByStats, nowMs } = wanted;
  const budget: Budget = { entries: entriesMax };
  let stableMs = Number.POSITIVE_INFINITY;
  for (const [at, pattern] of patterns.entries()) {
    const before = patterns.slice(0, at);
    const take = async (path: string): Promise<void> => {
      // What an earlier pattern has matched is there.
      if (before.some(each => pathMatches(each, path)) || isExcluded(path, excludes)) return;
      if (isStableAt === null && !isOrderedByStats) {
        found.add({ path, size: null, modifiedMs: null });
        return;
      }
      const stats = await statsOf(path);
      if (stats === null) return;
      const dueMs = isStableAt === null ? nowMs : isStableAt(stats.ctimeMs);
      if (dueMs <= nowMs) found.add({ path, size: stats.size, modifiedMs: stats.mtimeMs });
      else stableMs = Math.min(stableMs, Math.ceil(dueMs));
    };
    await searchFiles(pattern, budget, take, signal);
    if (budget.entries < 0) break;
  }
  return { isComplete: budget.entries >= 0, stableMs };
}

/** A pattern without a slash is one of names. */
function isExcluded(path: string, excludes: readonly FilePattern[]): boolean {
  return excludes.some(each => pathMatches(each, path) || (each.length === 1 && pathMatches(each, basename(path))));
}

/** What it fires with; files that have gone since are left out. */
async function resultOf(
  found: FirstFiles,
  isWhole: boolean,
): Promise<{ readonly count: number; readonly result: Json }> {
  const files: string[] = [];
  const names: string[] = [];
  const infos: Json[] = [];
  let bytes = 0;
  let isComplete = isWhole && found.files().length === found.count;
  for (const file of found.files()) {
    const info = await infoOf(file);
    if (info === null) continue;
    const name = basename(file.path);
    bytes += Buffer.byteLength(JSON.stringify([file.path, name, info]));
    if (bytes > resultBytesMax) {
      isComplete = false;
      break;
    }
    files.push(file.path);
    names.push(name);
    infos.push(info);
  }
  return { count: files.length, result: { files, names, infos, complete: isComplete } };
}

async function infoOf({ path, size, modifiedMs }: FoundFile): Promise<Json> {
  if (size !== null && modifiedMs !== null) return { path, size, modifiedAt: dateOf(modifiedMs) };
  const stats = await statsOf(path);
  if (stats === null || !stats.isFile()) return null;
  return { path, size: stats.size, modifiedAt: dateOf(stats.mtimeMs) };
}

/** Disks count finer than milliseconds. */
function dateOf(atMs: number): string {
  return new Date(Math.round(atMs)).toISOString();
}

function patternsOf(key: 'files' | 'excludes', patterns: Json): FilePattern[] {
  return (patterns as Json[]).map(pattern => {
    const fault =
      typeof pattern === 'string'
        ? patternFault(pattern, key === 'excludes')
        : 'it has become something else than a text';
    if (fault !== null)
      throw new ActionFault('FilesInvalid', `a pattern of ${key} is ${JSON.stringify(pattern)}: ${fault}`);
    return partsOf(pattern as string);
  });
}

/** `null`: no time need pass. */
function stableMoment(stable: string | undefined): ((changedMs: number) => number) | null {
  if (stable === undefined) return null;
  const moment = momentAfter(stable, undefined);
  return moment(0) === 0 ? null : moment;
}

function tooMany({ name }: FileExistTrigger): ActionFault {
  const message = `trigger "${name}" has looked at ${entriesMax.toLocaleString('en-US')} files and folders, and has not seen all`;
  return new ActionFault('TooManyFiles', message);
}
