// Questions about one instance by itself: does a wide split with its join cost linear time, and does a long loop keep
// memory and rows as they were? An engine of its own in this process, its store in a folder, every commit fsynced.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEngine, type Engine } from '../src/engine/index.js';
import type { WorkflowDefinition } from '../src/workflow/model.js';
import { loop, splitAndJoin } from './definitions.js';
import { keptNow } from './heap.js';
import { actionPath, loadActions, loadFilms } from './records.js';
import { median } from './report.js';

export interface SplitFigure {
  readonly branches: number;
  /** From submit to the end, median of the rounds. */
  readonly seconds: number;
  readonly microsPerBranch: number;
}

export interface LoopFigure {
  readonly turns: number;
  readonly seconds: number;
  readonly turnsPerSecond: number;
  /** Ten times on the way, after a collection of garbage: the heap of this process, which has engine and threads. */
  readonly heapMb: readonly number[];
  /** Ten times on the way: rows of the instance that stands (segments and what contexts share). */
  readonly rows: readonly number[];
  /** Ten times on the way: bodies, which are history from the next turn on. */
  readonly bodies: readonly number[];
}

export async function wideSplits(widths: readonly number[], rounds: number): Promise<SplitFigure[]> {
  return withEngine(async engine => {
    // Compiled code is measured, and not the compiler.
    await secondsOf(engine, { name: '/bench/flows/warm', ...splitAndJoin(50) });
    const figures: SplitFigure[] = [];
    for (const branches of widths) {
      const definition = { name: `/bench/flows/split-${branches}`, ...splitAndJoin(branches) };
      const all: number[] = [];
      for (let round = 0; round < rounds; round++) all.push(await secondsOf(engine, definition));
      const seconds = median(all);
      figures.push({ branches, seconds, microsPerBranch: (seconds * 1e6) / branches });
    }
    return figures;
  });
}

export async function longLoop(turns: number): Promise<LoopFigure> {
  return withEngine(async engine => {
    const heapMb: number[] = [];
    const rows: number[] = [];
    const bodies: number[] = [];
    const count = async (what: string): Promise<number> => Number((await engine.query(`select ${what}`, []))[0]![0]);
    const look = async (): Promise<void> => {
      const turn = await count('max(transaction) from millrace_segment');
      if (turn < (turns * (rows.length + 1)) / 11) return;
      heapMb.push(keptNow().heapMb);
      rows.push(await count('(select count(*) from millrace_segment) + (select count(*) from millrace_shared)'));
      bodies.push(await count('count(*) from millrace_body'));
    };
    let isOver = false;
    const ended = secondsOf(engine, { name: '/bench/flows/loop', ...loop(turns) }).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await look();
      await new Promise(resolve => setTimeout(resolve, lookMs));
    }
    const seconds = await ended;
    return { turns, seconds, turnsPerSecond: turns / seconds, heapMb, rows, bodies };
  });
}

const lookMs = 20;

async function withEngine<T>(ask: (engine: Engine) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-bench-'));
  const engine = await createEngine({ dataFolder: path.join(folder, 'millrace') });
  try {
    await engine.start();
    return await ask(engine);
  } finally {
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs one instance to its end, and looks whether it is the right one. */
async function secondsOf(engine: Engine, definition: Omit<WorkflowDefinition, 'module'>): Promise<number> {
  await engine.deploy({ ...definition, module: actionPath });
  const record = loadFilms()[0]!;
  const startedAtMs = performance.now();
  const id = await engine.submit({ workflow: definition.name, input: { record } });
  const { state, result } = await engine.result(id);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const expected = (await loadActions()).score(record);
  if (state !== 'finished' || result !== expected) {
    throw new Error(`wrong work: ${definition.name} is ${state} with ${JSON.stringify(result)}, not ${expected}`);
  }
  return seconds;
}
