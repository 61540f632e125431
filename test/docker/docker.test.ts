// The image and the compose file, as far as they can be held true without Docker: against the files, the command line and
// each other, and by running what the image would run.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultPort } from '../../src/api/schema/protocol.js';
import { copyOf, type Instruction, instructionsOf, wordsOf } from './dockerfile.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);
const read = (file: string): string => readFileSync(path.join(project, file), 'utf8');

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const dockerfile = instructionsOf(read('docker/Dockerfile'));
const { services, networks, volumes } = parse(read('docker/compose.yaml'), { merge: true }) as Compose;
const engines = Object.entries(services).filter(([name]) => name.startsWith('engine-'));
const manifest = JSON.parse(read('package.json')) as { version: string; bin: { millrace: string }; files: string[] };
let startHelp = '';

beforeAll(async () => {
  const answer = await execute(process.execPath, [path.join(project, manifest.bin.millrace), 'start', '--help']);
  startHelp = answer.stdout;
});

/** The one instruction of that name in the image itself. */
function only(name: string): Instruction {
  const found = dockerfile.filter(each => each.name === name && each.stage === 1);
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** Options of a command line: `--port` to `7433`. */
function optionsOf(words: readonly string[]): Map<string, string> {
  expect(words[0]).toBe('start');
  return new Map(Array.from({ length: (words.length - 1) / 2 }, (_, at) => [words[1 + 2 * at]!, words[2 + 2 * at]!]));
}

function environmentOf(name: string): string | undefined {
  return dockerfile.find(each => each.name === 'ENV' && each.text.startsWith(`${name}=`))?.text.split('=')[1];
}

describe('the Dockerfile', () => {
  test('copies files that exist and that the build may see, and all that is seen', () => {
    const ignore = read('docker/Dockerfile.dockerignore').split('\n');
    expect(ignore.filter(line => line !== '' && !line.startsWith('#'))[0]).toBe('*');
    const seen = ignore.filter(line => line.startsWith('!')).map(line => line.slice(1));
    const copies = dockerfile.filter(each => each.name === 'COPY').map(copyOf);
    const copied = copies.filter(({ from }) => from === null).flatMap(({ sources }) => sources);
    for (const source of copied) expect(existsSync(path.join(project, source)), source).toBe(true);
    expect([...copied].sort()).toEqual([...seen].sort());
  });

  test('compiles with all that tsconfig.json includes, and ships what the package does', () => {
    const { include } = JSON.parse(read('tsconfig.json')) as { include: string[] };
    const copies = dockerfile.filter(each => each.name === 'COPY').map(copyOf);
    const built = copies.filter(({ from }) => from === null).flatMap(({ sources }) => sources);
    for (const pattern of include) expect(built).toContain(pattern.split('/')[0]);
    const shipped = copies.filter(({ from }) => from === 'build').map(({ target }) => target);
    expect(shipped).toEqual(expect.arrayContaining(manifest.files.filter(file => file.startsWith('dist/'))));
  });

  test('has pinned versions of a Node that the package allows, the same in both stages', () => {
    const images = dockerfile.filter(each => each.name === 'FROM').map(each => each.text.split(' ')[0]!);
    expect(images).toHaveLength(2);
    expect(new Set(images).size).toBe(1);
    expect(images[0]).toMatch(/^node:20\.\d+\.\d+-\w+-slim$/);
  });

  test('runs the command as a user without rights who may write to its volume alone', () => {
    expect(only('USER').text).toBe('node');
    expect(dockerfile.at(-1)!.name).toBe('CMD');
    expect(only('RUN').text).toContain('chown node:node /data');
    expect(only('RUN').text).toContain(`ln -s /opt/millrace/${manifest.bin.millrace} /usr/local/bin/millrace`);
    expect(wordsOf(only('ENTRYPOINT'))).toEqual(['millrace']);
    const options = optionsOf(wordsOf(only('CMD')));
    expect(options.get('--data')).toBe(only('VOLUME').text);
    for (const option of options.keys()) expect(startHelp).toContain(option);
  });

  test('asks for health where `millrace start` has it, and exposes no port: none can be reached', () => {
    expect(environmentOf('HEALTH_PORT')).toBe(String(defaultPort + 1));
    expect(wordsOf(only('HEALTHCHECK'))).toEqual(['node', '/opt/millrace/docker/health.mjs']);
    expect(dockerfile.some(each => each.name === 'EXPOSE')).toBe(false);
  });
});

describe('what the image runs', () => {
  const image = mkdtempSync(path.join(tmpdir(), 'millrace-image-'));
  let engine: ChildProcess | undefined;

  afterAll(() => {
    engine?.kill('SIGKILL');
    rmSync(image, { recursive: true, force: true });
  });

  /** The exit code of the health check. */
  async function health(port: number): Promise<number> {
    const script = path.join(image, 'docker/health.mjs');
    const env = { ...process.env, HEALTH_PORT: String(port) };
    const found = execute(process.execPath, [script], { env });
    return found.then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  }

  test('is all there: the engine starts from the copied files, is found healthy, and stops with 0', async () => {
    for (const { from, sources, target } of dockerfile
      .filter(each => each.stage === 1 && each.name === 'COPY')
      .map(copyOf)) {
      const source = from === null ? sources[0]! : sources[0]!.replace('/build/', '');
      const place = path.join(image, target === './' ? source : target);
      mkdirSync(path.dirname(place), { recursive: true });
      if (source === 'node_modules') symlinkSync(path.join(project, source), place);
      else cpSync(path.join(project, source), place, { recursive: true });
    }
    const command = path.join(image, 'millrace');
    symlinkSync(path.join(image, manifest.bin.millrace), command);
    const words = wordsOf(only('CMD')).map(word => (word === '/data' ? path.join(image, 'data') : word));
    const ports = ['--port', '0', '--health-port', '0', '--threads', '1', '--json'];
    const child = spawn(process.execPath, [command, ...words, ...ports], { stdio: ['ignore', 'pipe', 'inherit'] });
    engine = child;
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve));
    const ready = await new Promise<{ health: string }>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', chunk => {
        text += String(chunk);
        if (text.includes('\n')) resolve(JSON.parse(text) as { health: string });
      });
      child.once('exit', code => reject(new Error(`it ended with ${code}`)));
    });
    expect(await health(Number(new URL(ready.health).port))).toBe(0);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('is found unhealthy when nobody answers', async () => {
    const free = createServer();
    await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise(resolve => free.close(resolve));
    expect(await health(port)).toBe(1);
  });
});

describe('compose.yaml', () => {
  test('pins every image, and its own is this version', () => {
    for (const [name, { image }] of Object.entries(services)) expect(image, name).toMatch(/^[a-z]+:\d+\.\d+/);
    for (const { image, build } of [services.net!, ...engines.map(([, service]) => service)]) {
      expect(image).toBe(`millrace:${manifest.version}`);
      expect(path.join('docker', build!.context)).toBe('.');
      expect(existsSync(path.join(project, build!.dockerfile))).toBe(true);
    }
  });

  test('names only services, networks, volumes and folders that are there', () => {
    const used = Object.values(services).flatMap(each => each.volumes ?? []);
    for (const volume of used) {
      const [source] = volume.split(':') as [string];
      if (source.startsWith('.')) expect(statSync(path.join(project, 'docker', source)).isDirectory()).toBe(true);
      else expect(Object.keys(volumes)).toContain(source);
    }
    for (const { networks: own = [], depends_on: needed = {} } of Object.values(services)) {
      expect(Object.keys(networks)).toEqual(expect.arrayContaining([...own]));
      for (const [name, { condition }] of Object.entries(needed)) {
        const checks = services[name]!.healthcheck;
        if (condition === 'service_healthy') expect(checks?.test?.[0]).toBe('CMD');
      }
    }
  });

  test('starts three coordinators with options and variables that the command has, on ports of their own', () => {
    expect(engines).toHaveLength(3);
    const ports: number[] = [];
    for (const [name, { command = [], environment = {}, stop_grace_period: grace }] of engines) {
      const options = optionsOf(command);
      for (const option of options.keys()) expect(startHelp).toContain(option);
      for (const variable of ['MILLRACE_REDIS', 'MILLRACE_POSTGRES']) {
        expect(environment[variable]).toBeTruthy();
        expect(startHelp).toContain(variable);
      }
      expect(options.get('--name')).toBe(name);
      expect(options.get('--data')).toBe(only('VOLUME').text);
      expect(environment.HEALTH_PORT).toBe(options.get('--health-port'));
      expect(environment.MILLRACE_URL).toBe(`http://127.0.0.1:${options.get('--port')}`);
      expect(Number.parseInt(grace!, 10)).toBeGreaterThan(Number(options.get('--grace')));
      ports.push(Number(options.get('--port')), Number(options.get('--health-port')));
    }
    // As `millrace start --processes 3` has them.
    expect(ports.sort()).toEqual(Array.from({ length: 6 }, (_, at) => defaultPort + at));
  });

  test('holds the rule: loopback only, nothing published, no way in', () => {
    for (const [name, service] of Object.entries(services)) expect(service.ports, name).toBeUndefined();
    for (const [, { network_mode: mode, command = [], networks: own }] of engines) {
      expect(mode).toBe('service:net');
      expect(own).toBeUndefined();
      expect(command).not.toContain('--host');
    }
    expect(networks.stores!.internal).toBe(true);
    for (const store of ['redis', 'postgres']) expect(services[store]!.networks).toEqual(['stores']);
  });

  test('has a Redis that evicts and keeps nothing, a PostgreSQL that is durable, and their addresses right', () => {
    const redis = services.redis!.command!;
    expect(redis[redis.indexOf('--maxmemory-policy') + 1]).toBe('noeviction');
    expect(redis[redis.indexOf('--save') + 1]).toBe('');
    expect(redis[redis.indexOf('--appendonly') + 1]).toBe('no');
    const { POSTGRES_USER: user, POSTGRES_DB: database, POSTGRES_PASSWORD: secret } = services.postgres!.environment!;
    expect(secret).toMatch(/^\$\{MILLRACE_DB_PASSWORD:\?/);
    for (const [, { environment = {} }] of engines) {
      expect(environment.MILLRACE_REDIS).toBe('redis://redis:6379');
      expect(environment.MILLRACE_POSTGRES).toBe(`postgres://${user}:${secret}@postgres:5432/${database}`);
    }
    expect(JSON.stringify(services.postgres)).not.toMatch(/fsync|synchronous_commit/);
  });

  test('is what README.md tells', () => {
    const readme = read('docker/README.md');
    for (const [, { environment = {} }] of engines) expect(readme).toContain(environment.MILLRACE_URL);
    for (const name of readme.match(/engine-\d/g) ?? []) expect(Object.keys(services)).toContain(name);
  });
});
