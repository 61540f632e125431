// Copies the Lua scripts beside the compiled files that read them: tsc carries TypeScript alone. Part of `npm run build`;
// scripts that are gone from the source go from the build, and so are not packed.

import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));

function scriptsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.lua'));
}

const source = path.join(project, 'src');
const built = path.join(project, 'dist', 'src');
for (const file of scriptsBelow(built)) rmSync(path.join(built, file));
for (const file of scriptsBelow(source)) cpSync(path.join(source, file), path.join(built, file));
