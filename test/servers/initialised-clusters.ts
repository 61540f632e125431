// One initdb for a whole run: most of what a PostgreSQL of a test's own costs. Vitest's `globalSetup` names the folder; who
// first starts a server fills it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { initialisedVariable } from '../../bench/servers/postgres.js';

export function setup(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-clusters-'));
  process.env[initialisedVariable] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
