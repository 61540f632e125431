// Turns every `src/**/x.peggy` into the ES module `x-grammar.js` beside it, and beside what tsc compiled. Part of
// `npm run build`, and run by vitest before its tests, which read the source. What a grammar returns is declared by hand
// in `x-grammar.d.ts`: tsc needs no generated file, and the parser's types are the room's own.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import peggy from 'peggy';

const here = fileURLToPath(new URL('.', import.meta.url));
const isCompiled = path.basename(path.dirname(here)) === 'dist';
const project = path.join(here, isCompiled ? '../..' : '..');

/** Writes only what changed: a file that is touched makes watchers run again. */
export function buildGrammars(): void {
  const source = path.join(project, 'src');
  const built = path.join(project, 'dist', 'src');
  const grammars = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.peggy'));
  for (const grammar of grammars) {
    const module = grammar.replace(/\.peggy$/, '-grammar.js');
    const code = moduleOf(path.join(source, grammar));
    writeChanged(path.join(source, module), code);
    if (isCompiled) writeChanged(path.join(built, module), code);
  }
}

function moduleOf(grammar: string): string {
  const code = peggy.generate(readFileSync(grammar, 'utf8'), {
    grammarSource: grammar,
    output: 'source',
    format: 'es',
  });
  return `// Generated from ${path.basename(grammar)} by scripts/build-grammars.ts; not to be edited.\n${code}`;
}

function writeChanged(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(path.dirname(file), { recursive: true });
  // Renamed into place: tests in other processes may be reading it.
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** Vitest's `globalSetup` calls it. */
export { buildGrammars as setup };

if (isCompiled) buildGrammars();
