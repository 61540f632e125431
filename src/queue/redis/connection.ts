// The connection to Redis: what is answered, what is not, and on which run of the server.
//
// Invariants:
//   R1. A call is sent once. ioredis would run a script again when a reply is lost; here it rejects, and whoever called
//       knows that the outcome is unknown (`QUEUE_UNAVAILABLE`).
//   R2. Nothing waits for a connection that is down: calls reject at once, and it is made again with growing pauses.
//   R3. A call knows on which run of the server it is made: a server that was restarted has another run id, and whatever
//       its disk gave back to it is not what we left there. Nor is what another version of Millrace has left in another
//       form: the form is told with the run.

import { Redis, type RedisOptions } from 'ioredis';
import { EngineError } from '../../observe/errors.js';
import { loadScripts, type ScriptName } from './scripts.js';

export interface ConnectionOptions {
  /** `redis://`, `rediss://` or the path of a unix socket. */
  readonly url: string;
  /** A call that is not answered for so long is given up, and its connection with it. */
  readonly answerWithinMs: number;
  /** Told of every error of a connection, one a try to connect; the calls that suffer from it reject besides. */
  readonly onError: (error: Error) => void;
}

/** Raised when what the scripts keep takes another form: an epoch in the old one is lost, and filled again. */
const dataForm = 2;
const pauseMsMin = 20;
const pauseMsMax = 2_000;

/** Refusals of a server that cannot just now; nothing was done. */
const passing = /^(LOADING|READONLY|MASTERDOWN|BUSY|OOM|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)\b/;
/** Refusals of a server that will not, to this user. */
const forbidding = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

export class RedisConnection {
  readonly #options: ConnectionOptions;
  readonly #redis: Redis;
  readonly #scripts = loadScripts();
  #connecting: Promise<void> | null = null;
  /** Of the server at the other end of the connection that stands, with the form (R3); `null` until it is asked. */
  #run: string | null = null;
  #listener: Redis | null = null;
  #lastError: Error | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#redis = this.#connect({ maxRetriesPerRequest: 0, enableOfflineQueue: false });
    this.#redis.on('close', () => {
      this.#run = null;
    });
    this.#redis.on('ready', () => {
      this.#lastError = null;
    });
  }

  /**
   * Run a script.
   *
   * @param argsOn its arguments, given the run of the server (R3)
   * @throws EngineError `QUEUE_LOST`, `QUEUE_UNAVAILABLE`
   */
  async run(name: ScriptName, keys: readonly string[], argsOn: (run: string) => (string | number)[]): Promise<unknown> {
    return this.#answered(name, async () => {
      const args = [...keys, ...argsOn(await this.#serverRun()), name];
      try {
        return await this.#redis.evalsha(this.#scripts.sha, keys.length, ...args);
      } catch (error) {
        // The server was restarted, or its scripts were flushed: it did nothing.
        if (!isRefusal(error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await this.#redis.eval(this.#scripts.text, keys.length, ...args);
      }
    });
  }

  /** @throws EngineError `QUEUE_UNSUITABLE` when the server may forget what it was given; `QUEUE_UNAVAILABLE` */
  async assertSuitable(): Promise<void> {
    const policy = field(await this.#answered('INFO', () => this.#info('memory')), 'maxmemory_policy');
    if (policy === 'noeviction') return;
    throw new EngineError(
      'QUEUE_UNSUITABLE',
      `Redis at ${this.#place()} has the eviction policy "${policy}"; it must not evict what the queue keeps there: ` +
        'set maxmemory-policy to noeviction',
    );
  }

  /**
   * Tell those who listen on a channel. Whoever does not listen just now is not told.
   *
   * @throws EngineError `QUEUE_UNAVAILABLE`
   */
  async publish(channel: string): Promise<void> {
    await this.#answered('PUBLISH', async () => {
      await this.#connected();
      await this.#redis.publish(channel, '');
    });
  }

  /** Be told of messages on channels, and with an empty one of all whenever listening has begun again: some may have been missed. */
  listen(channels: readonly string[], told: (channel: string, message: string) => void): void {
    const listener = this.#connect({ maxRetriesPerRequest: 0, autoResubscribe: false });
    this.#listener = listener;
    listener.on('message', told);
    listener.on('ready', () => {
      listener.subscribe(...channels).then(
        () => {
          for (const channel of channels) told(channel, '');
        },
        error => this.#failed(error as Error),
      );
    });
    // What fails here is told as an error of the connection, which is made again by itself.
    listener.connect().catch(() => {});
  }

  close(): void {
    this.#redis.disconnect();
    this.#listener?.disconnect();
  }

  #connect(more: Pick<RedisOptions, 'maxRetriesPerRequest' | 'enableOfflineQueue' | 'autoResubscribe'>): Redis {
    const redis = new Redis(this.#options.url, {
      lazyConnect: true,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      connectTimeout: this.#options.answerWithinMs,
      socketTimeout: this.#options.answerWithinMs,
      retryStrategy: tries => Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(tries - 1, 10)),
      ...more,
    });
    redis.on('error', (error: Error) => this.#failed(error));
    return redis;
  }

  #failed(error: Error): void {
    this.#lastError = error;
    this.#options.onError(error);
  }

  /** Connected for the first time, or connected: after a loss it is not waited for (R2). */
  async #connected(): Promise<void> {
    if (this.#redis.status === 'wait') this.#connecting = this.#redis.connect();
    try {
      await this.#connecting;
    } finally {
      this.#connecting = null;
    }
  }

  async #serverRun(): Promise<string> {
    await this.#connected();
    if (this.#run !== null) return this.#run;
    const run = field(await this.#info('server'), 'run_id');
    if (run === null) throw new EngineError('QUEUE_UNSUITABLE', `Redis at ${this.#place()} does not tell its run id`);
    this.#run = `${run}/${dataForm}`;
    return this.#run;
  }

  async #info(section: string): Promise<string> {
    await this.#connected();
    return this.#redis.info(section);
  }

  async #answered<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw this.#faultOf(what, error);
    }
  }

  #faultOf(what: string, error: unknown): unknown {
    const at = `Redis at ${this.#place()}`;
    // Why there is no connection is told by its last error, not by the call that wanted one.
    const cause = isRefusal(error) ? error : (this.#lastError ?? error);
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (forbidding.test(reason))
      return new EngineError('QUEUE_UNSUITABLE', `${at} refuses ${what}: ${reason}`, { cause });
    if (isRefusal(error)) {
      if (reason.includes('QUEUE_LOST')) return new EngineError('QUEUE_LOST', `${at} has another epoch, or none`);
      if (!passing.test(reason)) return error; // a fault of ours
    }
    return new EngineError('QUEUE_UNAVAILABLE', `${at} did not answer ${what}: ${reason}`, { cause });
  }

  /** Without the password a URL may have. */
  #place(): string {
    const { path, host, port } = this.#redis.options;
    return path ?? `${host}:${port}`;
  }
}

/** Whether the server has answered, with an error. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** A field of what INFO answers. */
function field(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}
