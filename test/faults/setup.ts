// Engines, folders and records of the fault tests.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { StoreInternals } from '../../src/engine/homes.js';
import type { Engine, EngineOptions } from '../../src/engine/index.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import '../store/postgres-module.js';
import { Child } from './child-process.js';

/** Module of the actions. */
export const module = fileURLToPath(new URL('../fixtures/engine/actions.mjs', import.meta.url));

/** An empty folder that goes when the test has ended. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Opened {
  readonly engine: Engine;
  readonly driver: ThreadedDriver;
}

/** A stopped engine that is disposed of, at the latest, when the test has ended. */
export async function open(
  dataFolder: string,
  options: EngineOptions = {},
  internal: StoreInternals = {},
): Promise<Opened> {
  let driver: ThreadedDriver | null = null;
  const onDriver = (made: ThreadedDriver): void => {
    driver = made;
  };
  const engine = await createEngine(
    { dataFolder, threads: 2, loggers: nullLoggers, actionGraceMs: 200, ...options },
    { ...internal, onDriver },
  );
  onTestFinished(() => engine.dispose(0));
  return { engine, driver: driver! };
}

/** A workflow of one `call` action; its name. */
export async function deploy(
  engine: Engine,
  called: string,
  more: { retries?: number; of?: string } = {},
): Promise<string> {
  const name = `/faults/${called}`;
  const retry = { retries: more.retries ?? 0 };
  await engine.deploy({
    name,
    module: more.of ?? module,
    actions: [{ name: 'act', type: 'call', function: called, retry }],
    flows: [],
  });
  return name;
}

/** A program of `children/` that dies with the test. */
export function child(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const started = new Child(fileURLToPath(new URL(`children/${script}`, import.meta.url)), args, env);
  onTestFinished(() => started.kill());
  return started;
}

/** Instances below the root branch by state. */
export async function states(engine: Engine): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { state, instances } of await engine.count()) found[state] = (found[state] ?? 0) + instances;
  return found;
}
