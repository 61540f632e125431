// A server that lives as long as this process at most: started in the foreground, stopped by signal.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ServerStart {
  readonly command: string;
  readonly args: readonly string[];
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** User to run as, when that is not the present one. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Asked every 10 ms until it answers true. */
  readonly isReady: () => Promise<boolean>;
  readonly stopSignal: NodeJS.Signals;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #killAtExit: () => void;
  #log = '';

  private constructor(start: ServerStart) {
    this.#stopSignal = start.stopSignal;
    this.#child = spawn(start.command, [...start.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: start.env ?? process.env,
      ...start.user,
    });
    const keep = (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-4_000);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#child.on('error', error => {
      this.#log += error.message;
    });
    this.#killAtExit = () => this.#child.kill('SIGKILL');
    process.once('exit', this.#killAtExit);
  }

  /** Resolves when the server answers. */
  static async start(start: ServerStart): Promise<ServerProcess> {
    const server = new ServerProcess(start);
    const giveUpAtMs = performance.now() + 30_000;
    while (!(await start.isReady())) {
      if (server.#child.pid === undefined || server.#child.exitCode !== null || performance.now() > giveUpAtMs) {
        await server.stop();
        throw new Error(`${start.command} did not start: ${server.#log.trim()}`);
      }
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    return server;
  }

  /** @param signal default: the one it was started with */
  async stop(signal: NodeJS.Signals = this.#stopSignal): Promise<void> {
    process.off('exit', this.#killAtExit);
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(kill);
  }
}
