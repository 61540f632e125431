// Each pattern's workflow on a real engine with real threads, against its trace.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { openEngine, temporaryFolder } from '../engine/setup.js';
import { patterns } from './patterns.js';
import { Runs } from './runs.js';
import { faultsIn, readTrace, type Trace } from './trace.js';

const here = fileURLToPath(new URL('.', import.meta.url));
/** An engine opens in a second; on a machine under load in many. */
const openingMs = 60_000;
const runs = new Runs();
const played: { readonly name: string; readonly instance: string; readonly trace: Trace }[] = [];
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine('memory', temporaryFolder(), { threads: 2 });
  await engine.start();
}, openingMs);
afterAll(() => engine.dispose(0), openingMs);

for (const { number, name, how } of patterns) {
  const title = `${number} ${name}`;
  if (how.kind === 'direct') test(title, () => play(title, how.file));
  else test.todo(`${title}: waits for ${how.waitsFor}`);
}

test('nothing went on that was withdrawn', { timeout: openingMs }, async () => {
  // What executes ends, and is committed or dropped.
  await engine.stop();
  await runs.heard();
  for (const { name, instance, trace } of played)
    expect({ name, faults: faultsOf(trace, instance) }).toEqual({ name, faults: [] });
});

describe('the patterns', () => {
  test('are 43, and each file is of one', () => {
    expect(patterns.map(({ number }) => number)).toEqual(Array.from({ length: 43 }, (_, at) => at + 1));
    const files = patterns.flatMap(({ how }) => (how.kind === 'direct' ? [how.file, traceOf(how.file)] : []));
    expect(readdirSync(here).filter(file => /^\d/.test(file))).toEqual(files.sort());
  });
});

function traceOf(file: string): string {
  return file.replace('.yaml', '.trace.yaml');
}

async function play(name: string, file: string): Promise<void> {
  expect(existsSync(here + file)).toBe(true);
  const loaded = loadDefinition(readFileSync(here + file, 'utf8'), file);
  if (!('definition' in loaded)) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  const trace = readTrace(here + traceOf(file));
  const workflow = loaded.definition.name;
  await engine.deploy(loaded.definition, here);
  const instance = await engine.submit({ workflow, input: trace.input });
  const over = engine.result(instance);
  for (const step of trace.steps) {
    switch (step.kind) {
      case 'began':
      case 'ended':
        await runs.until(instance, step.names, step.kind);
        break;
      case 'opens':
        for (const each of step.names) await runs.open(instance, each);
        break;
      case 'over':
        await over;
        break;
      case 'remove':
        await engine.remove(instance);
        break;
    }
  }
  const { state, result, error } = await over;
  await runs.heard();
  played.push({ name, instance, trace });
  expect({ state, error, faults: faultsOf(trace, instance) }).toEqual({ state: trace.state, error: null, faults: [] });
  if (trace.result !== undefined) expect(result).toEqual(trace.result);
}

function faultsOf(trace: Trace, instance: string): string[] {
  return faultsIn(trace, runs.of(instance));
}
