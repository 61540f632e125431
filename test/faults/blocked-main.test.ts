// Health tells the truth when the engine cannot (D16): the main loop is blocked, the watchdog thread answers.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Child } from './child-process.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const blockedMs = 30_000;
const words = "The engine's primary flow of control is alive, but it is blocked or deadlocked and cannot make progress";

test('with the main loop blocked for 30 s the health port says so, and so do log and audit', {
  timeout: 90_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-blocked-'));
  const child = new Child(here('children/blocked-main.mjs'), [folder, here('../fixtures/engine/actions.mjs')], {
    MILLRACE_FAULTS: `engine.claim:${blockedMs}@1`,
  });
  try {
    const port = Number((await child.line(/^health/)).split(' ')[1]);
    const health = async (): Promise<{ status: number; body: { status: string } }> => {
      const response = await fetch(`http://127.0.0.1:${port}/health`);
      return { status: response.status, body: (await response.json()) as { status: string } };
    };
    let answer = await health();
    while (answer.body.status !== 'blocked') {
      // The block begins when the engine starts; nothing in the blocked process could signal it.
      await pause(100);
      answer = await health();
    }
    expect(answer.status).toBe(503);
    expect(child.lines.some(line => line.startsWith('done'))).toBe(false);

    expect(await child.line(/^done/)).toBe('done 42');
    expect(JSON.parse((await child.line(/^audit/)).slice('audit '.length))).toEqual([['EngineMainBlocked', words]]);
    expect(await child.exited).toBe(0);
    expect(readFileSync(join(folder, 'logs', 'millrace.log'), 'utf8')).toContain(words);
    expect(child.errorLines.join('\n')).toContain(words);
  } finally {
    await child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
