// A service of a test file's own, over an engine in memory, and ways to ask it.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type RunningService, type ServiceOptions, serve } from '../../src/api/service.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { definitionOf, type Step } from '../engine/setup.js';

export interface Asked {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly body: any;
}

const folder = fileURLToPath(new URL('../engine/', import.meta.url));
let branches = 0;

export class ServiceWorld {
  readonly faults: unknown[] = [];

  private constructor(
    readonly engine: Engine,
    readonly service: RunningService,
  ) {}

  /** Open; whoever opens it closes it. @param engine a stand-in for what no engine can be made to do */
  static async open(
    options: ServiceOptions = {},
    engineOptions: Partial<EngineOptions> = {},
    standIn: Partial<Engine> | null = null,
  ): Promise<ServiceWorld> {
    const engine =
      standIn === null
        ? await createEngine({ dataFolder: 'memory', threads: 1, loggers: nullLoggers, ...engineOptions })
        : (standIn as Engine);
    const faults: unknown[] = [];
    const service = await serve(engine, { port: 0, failed: error => faults.push(error), ...options });
    const world = new ServiceWorld(engine, service);
    world.faults.push = (...more) => faults.push(...more);
    return Object.assign(world, { faults });
  }

  /** For a test of its own; closed when it is over. */
  static async own(...options: Parameters<typeof ServiceWorld.open>): Promise<ServiceWorld> {
    const world = await ServiceWorld.open(...options);
    onTestFinished(() => world.close());
    return world;
  }

  async close(): Promise<void> {
    await this.service.close(1_000);
    await this.engine.dispose?.(0);
  }

  get url(): string {
    return this.service.url;
  }

  /** A branch of a test's own, with slashes at both ends. */
  branch(): string {
    branches += 1;
    return `/api${branches}/`;
  }

  async deploy(steps: readonly (Step | string)[], name = `${this.branch()}flow`): Promise<string> {
    await this.engine.deploy(definitionOf(name, steps), folder);
    return name;
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Asked> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = (response.headers.get('content-type') ?? '').split(';')[0]!;
    const isJson = type.endsWith('json') && !type.endsWith('ndjson');
    return {
      status: response.status,
      type,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : linesOf(text),
    };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Asked> {
    return this.ask('GET', path, undefined, headers);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Asked> {
    return this.ask('POST', path, body, headers);
  }

  /** Lines of a stream, all at once. */
  stream(lines: readonly unknown[], headers: Record<string, string> = {}): Promise<Asked> {
    const text = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    return this.post('/v1/instances', text, { 'content-type': 'application/x-ndjson', ...headers });
  }

  /** A stream that the test writes and reads by hand. */
  openStream(): OpenStream {
    return new OpenStream(this.url);
  }
}

export class OpenStream {
  readonly request;
  readonly response: Promise<IncomingMessage>;
  #answers: AsyncIterator<string> | null = null;

  constructor(url: string) {
    this.request = httpRequest(`${url}/v1/instances`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' },
      agent: false,
    });
    this.response = new Promise((resolve, reject) => {
      this.request.on('response', resolve).on('error', reject);
    });
    this.response.catch(() => undefined);
  }

  /** True: more may be written. */
  write(text: string): boolean {
    return this.request.write(text);
  }

  drained(): Promise<void> {
    return new Promise(resolve => this.request.once('drain', () => resolve()));
  }

  end(): void {
    this.request.end();
  }

  /** The next answer line; `null` behind the last. */
  async answer(): Promise<Record<string, unknown> | null> {
    this.#answers ??= lines((await this.response) as AsyncIterable<Buffer>);
    const next = await this.#answers.next();
    return next.done === true ? null : (JSON.parse(next.value) as Record<string, unknown>);
  }
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop()!;
    yield* parts;
  }
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line));
}
