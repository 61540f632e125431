// Help, version, and what they do not load.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { world } from './setup.js';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const commands = [
  'run',
  'submit',
  'verify',
  'schedule',
  'eval',
  'audit',
  'list',
  'show',
  'why',
  'export',
  'workflows',
  'pause',
  'resume',
  'remove',
  'recover',
  'forecast',
  'interrupt',
  'restart',
  'publish',
  'runs',
  'config',
];

test('help lists every command; the help of each has examples', async context => {
  const own = world(context);
  const { code, stdout, stderr } = await own.millrace('--help');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  for (const command of commands) {
    const { code, stdout } = await own.millrace('help', command);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  millrace ${command} ?`));
    expect(stdout).not.toMatch(/^.{121}/m);
  }
});

test('no command is bad input, and shows the help', async context => {
  const { code, stdout, stderr } = await world(context).millrace();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Usage: millrace');
});

test('the version is that of the package', async context => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await world(context).millrace('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('help loads no engine: only commander and files of the command line', () => {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, from] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms,
    )) {
      if (from!.startsWith('.')) walk(resolve(dirname(file), from!.replace(/\.js$/, '.ts')));
      else if (!from!.startsWith('node:')) foreign.add(from!);
    }
  };
  walk(main);
  expect([...foreign]).toEqual(['commander']);
  const rooms = new Set([...seen].map(file => file.slice(dirname(dirname(main)).length + 1).split('/')[0]));
  expect([...rooms].sort()).toEqual(['cli', 'observe']);
});
