// A stand-in for the service, written from `api/schema/`, that fails on command: what no real one can be made to do at a
// given moment. It knows keys, streams of instances, long polls and followers.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ProblemCode } from '../../src/api/schema/problem.js';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Act = (request: Request, response: ServerResponse, usual: () => void) => void;

interface Line {
  readonly workflow?: string;
  readonly name?: string;
  readonly batch?: string;
  readonly count?: number;
}

/** What several servers have in common. */
export class Stored {
  /** First id and number of the instances, by key; those without one by their first id. */
  readonly batches = new Map<string, { readonly first: string; readonly count: number }>();
  #made = 0;

  get instances(): number {
    return [...this.batches.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Stores it once. */
  batch(key: string | null, count: number): { readonly first: string; readonly count: number } {
    const id = key ?? `0000${String(++this.#made).padStart(4, '0')}-0000-7000-8000-000000000000`;
    const batch = this.batches.get(id) ?? { first: id, count };
    this.batches.set(id, batch);
    return batch;
  }
}

export class StandIn {
  readonly requests: Request[] = [];
  /** What the next requests meet, one each; afterwards all is as usual. */
  readonly next: Act[] = [];
  /** What requests meet when `next` is empty. */
  always: Act | null = null;
  connections = 0;
  readonly #server;

  private constructor(readonly stored: Stored) {
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async open(stored = new Stored(), port = 0): Promise<StandIn> {
    const standIn = new StandIn(stored);
    await new Promise<void>(resolve => standIn.#server.listen(port, '127.0.0.1', () => resolve()));
    onTestFinished(() => standIn.close());
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get submits(): Request[] {
    return this.requests.filter(({ path }) => path === '/v1/instances');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise(resolve => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    try {
      for await (const chunk of incoming) body += String(chunk);
    } catch {
      return; // the client has left
    }
    const { method = '', url = '', headers } = incoming;
    const request: Request = { method, path: url, headers, body };
    this.requests.push(request);
    const usual = (): void => this.#usual(request, response);
    const act = this.next.shift() ?? this.always;
    if (act === null) usual();
    else act(request, response, usual);
  }

  #usual({ path, body }: Request, response: ServerResponse): void {
    if (path === '/v1/instances') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(answerTo(body, this.stored));
    } else if (path.includes('/result')) {
      json(response, 200, { instance: 'x', state: 'finished', result: path.split('/')[3], error: null });
    } else problem(response, 404, 'ROUTE_UNKNOWN');
  }
}

/** The answer to a stream; workflows below /bad/ are not known. */
export function answerTo(body: string, stored: Stored): string {
  const answers: string[] = [];
  let key: string | null = null;
  let index = 0;
  let open: number[] = [];
  const close = (): void => {
    if (open.length === 0) return;
    answers.push(JSON.stringify({ index: open[0], ...stored.batch(key, open.length) }));
    open = [];
  };
  for (const [at, text] of body.split('\n').entries()) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if (line.batch !== undefined) {
      close();
      key = line.batch;
      continue;
    }
    if (line.workflow?.startsWith('/bad/')) {
      const place = { line: at + 1, index };
      const detail = `line ${at + 1}: no workflow is named "${line.workflow}"`;
      answers.push(JSON.stringify({ problem: { ...problemOf(404, 'WORKFLOW_UNKNOWN'), detail, ...place } }));
      return `${answers.join('\n')}\n`;
    }
    open.push(index);
    index += 1;
  }
  close();
  answers.push(JSON.stringify({ done: index }));
  return `${answers.join('\n')}\n`;
}

export function problemOf(status: number, code: ProblemCode): object {
  return { type: `urn:millrace:problem:${code}`, title: code, status, code, detail: 'as the test wants it' };
}

export function problem(response: ServerResponse, status: number, code: ProblemCode, more: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ ...problemOf(status, code), ...more }));
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** A promise and what resolves it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}
