// A process of the bench's own that serves a round: an engine, or an HTTP server. It lives as long as the channel to us.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { EndedGroup } from '../ended-group.js';

export type FromForked =
  /** `url`: where it serves HTTP; `null`: it does not. */
  | { readonly kind: 'ready'; readonly url: string | null }
  | { readonly kind: 'ended'; readonly group: EndedGroup }
  | { readonly kind: 'failed'; readonly message: string };

export interface ForkedListeners {
  readonly onEnded: (group: EndedGroup) => void;
  /** It cannot go on, or has died. */
  readonly onFailed: (error: Error) => void;
}

export class Forked {
  readonly #child: ChildProcess;
  readonly url: string | null;

  private constructor(child: ChildProcess, url: string | null) {
    this.#child = child;
    this.url = url;
  }

  /** Resolves when it is ready. @param job what the script finds as JSON in its first argument */
  static async start(script: URL, job: unknown, listeners: ForkedListeners): Promise<Forked> {
    const child = fork(script, [JSON.stringify(job)]);
    const url = await new Promise<string | null>((resolve, reject) => {
      const fail = (error: Error) => {
        reject(error);
        listeners.onFailed(error);
      };
      child.on('message', (message: FromForked) => {
        switch (message.kind) {
          case 'ready':
            return resolve(message.url);
          case 'ended':
            return listeners.onEnded(message.group);
          case 'failed':
            return fail(new Error(message.message));
        }
      });
      child.on('error', fail);
      child.on('exit', (code, signal) => {
        if (code !== 0) fail(new Error(`${script.pathname} ended with ${signal ?? code}`));
      });
    });
    return new Forked(child, url);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(kill);
  }
}

/** In the forked process: serve until the channel closes. @param open returns where it serves, and what ends it */
export async function serveParent(
  open: (job: never) => Promise<{ readonly url: string | null; readonly close: () => Promise<void> }>,
): Promise<void> {
  const closed = once(process, 'disconnect');
  try {
    const { url, close } = await open(JSON.parse(process.argv[2] ?? '{}') as never);
    tellParent({ kind: 'ready', url });
    await closed;
    await close();
    process.exit(0);
  } catch (error) {
    tellParent({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
    process.disconnect?.();
  }
}

export function tellParent(message: FromForked): void {
  if (process.connected) process.send?.(message);
}
