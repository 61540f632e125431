// The watchdog with real threads, and real processes whose main loop is really blocked.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mainBlockedMessage, mainStoppedMessage } from '../../src/observe/log-events.js';
import { Watchdog, type WatchdogOptions } from '../../src/observe/watchdog.js';
import type { StatusEvent } from '../../src/observe/watchdog-protocol.js';

interface Answer {
  readonly code: number;
  readonly status: string;
  readonly message: string | undefined;
}

async function get(port: number | null, path = '/health'): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as { status: string; message?: string });
  return { code: response.status, status: '', message: undefined, ...body };
}

/** The codes of the three paths, and the status. */
async function health(port: number | null): Promise<string> {
  const [all, live, ready] = [await get(port), await get(port, '/health/live'), await get(port, '/health/ready')];
  return `${all.status}: health ${all.code}, live ${live.code}, ready ${ready.code}`;
}

describe('watchdog thread', () => {
  let watchdog: Watchdog;
  afterEach(() => watchdog.stop());

  const start = async (options: Partial<WatchdogOptions> = {}): Promise<StatusEvent[]> => {
    const { port1, port2 } = new MessageChannel();
    const events: StatusEvent[] = [];
    port2.on('message', (event: StatusEvent) => events.push(event)).unref();
    watchdog = await Watchdog.start({ engine: 'e', port: 0, record: port1, errorsToStandardError: false, ...options });
    return events;
  };

  test('answers by the state of the engine', async () => {
    await start();
    expect(await health(watchdog.port)).toBe('starting: health 503, live 200, ready 503');
    watchdog.setState('running');
    watchdog.setRunning(12);
    expect(await health(watchdog.port)).toBe('ok: health 200, live 200, ready 200');
    expect(await get(watchdog.port)).toMatchObject({ engine: 'e', running: 12, message: undefined });
    watchdog.setDatabaseFailing(true);
    expect(await health(watchdog.port)).toBe('database-failing: health 503, live 200, ready 503');
    watchdog.setDatabaseFailing(false);
    watchdog.setState('stopped');
    expect(await health(watchdog.port)).toBe('stopped: health 503, live 200, ready 503');
  });

  test('says what main has to remark, and is well all the same', async () => {
    await start();
    watchdog.setState('running');
    watchdog.setRemarks(['the file has a fault']);
    await expect.poll(async () => get(watchdog.port)).toMatchObject({ code: 200, remarks: ['the file has a fault'] });
    watchdog.setRemarks([]);
    await expect.poll(async () => Object.keys(await get(watchdog.port))).not.toContain('remarks');
    await watchdog.stop();
  });

  test('tells that main stopped by an error, to the log and to the record', async () => {
    const events = await start();
    watchdog.setState('running');
    watchdog.mainFailed('claim loop: no');
    expect(await health(watchdog.port)).toBe('stopped: health 503, live 503, ready 503');
    expect((await get(watchdog.port)).message).toBe(mainStoppedMessage);
    await watchdog.stop();
    expect(events).toEqual([
      {
        kind: 'status-event',
        name: 'EngineMainStopped',
        engine: 'e',
        atMs: expect.any(Number),
        message: `${mainStoppedMessage}: claim loop: no`,
      },
    ]);
  });

  test('beats with the memory and what is running, and only on GET and HEAD of known paths', async () => {
    const { port1, port2 } = new MessageChannel();
    watchdog = await Watchdog.start({ engine: 'e', port: 0, heartbeatMs: 100, record: port1 });
    watchdog.setState('running');
    watchdog.setRunning(3);
    const [event] = (await once(port2, 'message')) as [StatusEvent];
    expect(event.name).toBe('Ok');
    expect(event.message).toMatch(
      /^Engine Name: e\nResident Memory: [1-9]\d* MB\nUsed Heap: [1-9]\d* MB\nTotal Heap: [1-9]\d* MB\nRunning Workflows: 3$/,
    );
    expect((await get(watchdog.port, '/')).code).toBe(404);
    const url = `http://127.0.0.1:${watchdog.port}/health`;
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  });

  test('a claim loop that does not turn is blocked though the event loop turns', async () => {
    let turns = true;
    const { port1, port2 } = new MessageChannel();
    watchdog = await Watchdog.start({
      engine: 'e',
      port: 0,
      blockedAfterMs: 300,
      errorsToStandardError: false,
      record: port1,
      isProgressing: () => turns,
    });
    watchdog.setState('running');
    turns = false;
    const [event] = (await once(port2, 'message')) as [StatusEvent];
    expect([event.name, event.message]).toEqual(['EngineMainBlocked', mainBlockedMessage]);
    expect(await health(watchdog.port)).toBe('blocked: health 503, live 503, ready 503');
    watchdog.progressed();
    expect(await health(watchdog.port)).toBe('ok: health 200, live 200, ready 200');
  });

  test('works without a port, and refuses one that is taken', async () => {
    await start();
    await expect(Watchdog.start({ engine: 'f', port: watchdog.port })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(`healthPort: ${watchdog.port} cannot be opened`),
    });
    const portless = await Watchdog.start({ engine: 'g' });
    expect(portless.port).toBeNull();
    await portless.stop();
  });

  test('gives its port up when it stops, twice if need be', async () => {
    await start();
    const { port } = watchdog;
    await watchdog.stop();
    await watchdog.stop();
    const heir = await Watchdog.start({ engine: 'e', port });
    expect(heir.port).toBe(port);
    await heir.stop();
  });
});

describe('watchdog in a process of its own', () => {
  let folder: string;
  let child: ChildProcessWithoutNullStreams;
  let standardError: string;
  let lines: AsyncIterator<string>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-watchdog-'));
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const startChild = (options: object): void => {
    const script = fileURLToPath(new URL('./watchdog-child.mjs', import.meta.url));
    const given = { engine: 'child', logFile: join(folder, 'log'), port: 0, ...options };
    child = spawn(process.execPath, [script, JSON.stringify(given)]);
    standardError = '';
    child.stderr.on('data', (text: Buffer) => (standardError += text.toString()));
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  };
  const said = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
  const order = (line: string): void => void child.stdin.write(`${line}\n`);
  const logged = (): string[] =>
    readFileSync(join(folder, 'log'), 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => {
        const { level, engine, logger, message } = JSON.parse(line) as Record<string, string>;
        return `${engine} ${logger} ${level}: ${message}`;
      });
  const onStandardError = async (words: string): Promise<void> => {
    while (!standardError.includes(words)) await once(child.stderr, 'data');
  };

  test('answers, logs and records while the main loop is blocked, and tells when it is not any more', async () => {
    startChild({ blockedAfterMs: 500 });
    const { port } = (await said()) as { port: number };
    order('state running');
    expect(await said()).toBe('state done');
    expect(await health(port)).toBe('ok: health 200, live 200, ready 200');

    const release = join(folder, 'release');
    order(`block ${release}`);
    await onStandardError(mainBlockedMessage);
    expect(await health(port)).toBe('blocked: health 503, live 503, ready 503');
    expect((await get(port)).message).toBe(mainBlockedMessage);
    expect(logged()).toEqual([`child system error: ${mainBlockedMessage}`]);

    writeFileSync(release, '');
    expect(await said()).toBe('block done');
    expect(await health(port)).toBe('ok: health 200, live 200, ready 200');
    expect(await said()).toMatchObject({
      kind: 'status-event',
      name: 'EngineMainBlocked',
      message: mainBlockedMessage,
    });
    expect(logged()).toEqual([
      `child system error: ${mainBlockedMessage}`,
      "child system warn: The engine's primary flow of control makes progress again",
    ]);
  });

  test('has the last word when the process dies of an uncaught error', async () => {
    startChild({});
    await said();
    order('state running');
    await said();
    order('throw');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(standardError).toContain(mainStoppedMessage);
    expect(standardError).toContain('the loop is broken');
    expect(logged()).toEqual([`child system error: ${mainStoppedMessage}`]);
  });

  test('does not keep a process alive that has nothing else to do', async () => {
    startChild({ idle: true });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
  });
});
