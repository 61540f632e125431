// Real processes for fault tests: started, listened to line by line, killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { optimizeLater } from '../optimize-later.js';

export class Child {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly errorLines: string[] = [];
  readonly exited: Promise<number | null>;
  #waiting: { pattern: RegExp; resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  constructor(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [optimizeLater, script, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.process.stdout! }).on('line', line => this.#arrived(line));
    createInterface({ input: this.process.stderr! }).on('line', line => this.errorLines.push(line));
    this.exited = new Promise(resolve => {
      this.process.on('close', code => {
        resolve(code);
        for (const { pattern, reject } of this.#waiting.splice(0)) {
          reject(new Error(`ended (${code}) before a line like ${pattern}\n${this.errorLines.join('\n')}`));
        }
      });
    });
  }

  /** The first line of standard output that matches, already printed or still to come. */
  line(pattern: RegExp): Promise<string> {
    const printed = this.lines.find(line => pattern.test(line));
    if (printed !== undefined) return Promise.resolve(printed);
    return new Promise((resolve, reject) => this.#waiting.push({ pattern, resolve, reject }));
  }

  /** Kill it and wait until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.exited;
  }

  #arrived(line: string): void {
    this.lines.push(line);
    for (const waiting of this.#waiting.filter(({ pattern }) => pattern.test(line))) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(line);
    }
  }
}
