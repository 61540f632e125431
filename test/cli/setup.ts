// The command line as users have it: child processes of the built `millrace`, each in a folder of its own.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { loadDefinition } from '../../src/workflow/load.js';

export const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const execute = promisify(execFile);
const entry = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly folder: string;
  /** Write a file; returns its name. */
  file(name: string, content: string | Uint8Array): string;
  exists(name: string): boolean;
  /** Run a command to its end in the folder. */
  millrace(...args: string[]): Promise<Answer>;
  /** As `millrace`, with standard input. */
  feed(input: string, ...args: string[]): Promise<Answer>;
  /** Run a command in a shell, into what `plumbing` says (`2>err | head -n 1`); its exit code and what the reader prints. */
  pipe(plumbing: string, ...args: string[]): Promise<{ readonly code: number; readonly stdout: string }>;
  /** Run a command and do not wait. */
  begin(...args: string[]): {
    readonly child: ChildProcess;
    readonly answer: Promise<Answer>;
    said(text: string): Promise<void>;
  };
  /** Counts as `list --json` gives them: `/a ready` to 3. */
  counts(): Promise<Record<string, number>>;
  /** An engine of the test's own on `millrace-data`, with a workflow deployed; disposed of afterwards. */
  engine(definition: string, work: (engine: Engine) => Promise<void>, options?: Partial<EngineOptions>): Promise<void>;
}

/** Tests of a file run side by side, so each says by itself when it is over. */
export function world({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): World {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));

  const begin: World['begin'] = (...args) => {
    const child = spawn(process.execPath, [entry, ...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    const listeners = new Set<() => void>();
    const heard = (): void => {
      for (const listener of listeners) listener();
    };
    child.stdout.on('data', chunk => {
      stdout += String(chunk);
      heard();
    });
    child.stderr.on('data', chunk => {
      stderr += String(chunk);
      heard();
    });
    const answer = new Promise<Answer>(resolve => child.on('close', code => resolve({ code, stdout, stderr })));
    const said = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text) || stderr.includes(text)) resolve();
        };
        listeners.add(look);
        void answer.then(({ stderr }) => reject(new Error(`ended without saying "${text}": ${stderr}`)));
        look();
      });
    return { child, answer, said };
  };

  const feed = (input: string, ...args: string[]): Promise<Answer> => {
    const { child, answer } = begin(...args);
    child.stdin!.on('error', () => undefined); // it may end without reading
    child.stdin!.end(input);
    return answer;
  };

  return {
    folder,
    file(name, content) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), content);
      return name;
    },
    exists: name => existsSync(join(folder, name)),
    begin,
    feed,
    millrace: (...args) => feed('', ...args),
    async pipe(plumbing, ...args) {
      const [own, ...reader] = plumbing.split('|');
      const script = `{ "$0" "$@" ${own}; echo $? >code; } |${reader.join('|')}`;
      const { stdout } = await execute('sh', ['-c', script, process.execPath, entry, ...args], { cwd: folder });
      return { code: Number(readFileSync(join(folder, 'code'), 'utf8')), stdout };
    },
    async counts() {
      const { stdout, stderr, code } = await feed('', 'list', '--json');
      if (code !== 0) throw new Error(stderr);
      const counts = JSON.parse(stdout) as { workflow: string; state: string; instances: number }[];
      return Object.fromEntries(counts.map(({ workflow, state, instances }) => [`${workflow} ${state}`, instances]));
    },
    async engine(definition, work, options = {}) {
      const loaded = loadDefinition(definition, 'test.yaml');
      if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
      const engine = await createEngine({ dataFolder: join(folder, 'millrace-data'), threads: 1, ...options });
      try {
        await engine.deploy(loaded.definition, folder);
        await work(engine);
      } finally {
        await engine.dispose();
      }
    },
  };
}

/** A workflow of one call, and the module it calls. */
export function oneCall({ file }: World, body: string, more = ''): string {
  file('actions.mjs', `export async function act(variables, context) {\n${body}\n}\n`);
  return file(
    'flow.yaml',
    `workflow: /test/flow\nmodule: ./actions.mjs\nactions:\n  act:\n    type: call\n    function: act\n${more}`,
  );
}

/** Lines of NDJSON. */
export function lines<Value>(text: string): Value[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Value);
}
