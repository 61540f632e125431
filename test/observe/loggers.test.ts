import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestClock } from '../../src/observe/clock.js';
import { LogEvents } from '../../src/observe/log-events.js';
import { removeOldLogs, sharedLogFile } from '../../src/observe/log-files.js';
import { jsonLine } from '../../src/observe/log-line.js';
import {
  type LogEntry,
  logFileIn,
  loggerNames,
  loggersTo,
  logLevels,
  nullLoggers,
  pinoLoggers,
  standardErrorLoggers,
} from '../../src/observe/loggers.js';
import { RotatingFile } from '../../src/observe/rotating-file.js';

const at8 = '2030-01-02T08:00:00.000Z';
let folder: string;
let clock: TestClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-logs-'));
  clock = new TestClock(Date.parse(at8));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesIn = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);

describe('the interface', () => {
  test('each logger and level arrives as one entry, below the level nothing does', () => {
    const entries: LogEntry[] = [];
    const loggers = loggersTo(entry => entries.push(entry), 'warn');
    for (const name of loggerNames) for (const level of logLevels) loggers[name][level]('text', { name });
    const expected = loggerNames.flatMap(logger =>
      (['warn', 'error'] as const).map(level => ({ logger, level, message: 'text', fields: { name: logger } })),
    );
    expect(entries).toEqual(expected);
  });

  test('null loggers take everything and do nothing', () => {
    for (const name of loggerNames) for (const level of logLevels) nullLoggers[name][level]('text');
  });

  test('each event of the engine has its logger, level and words', () => {
    const entries: LogEntry[] = [];
    const log = new LogEvents(loggersTo(entry => entries.push(entry)));
    log.engineStarted({ engine: 'e', store: 'memory' });
    log.mainBlocked({ engine: 'e', forMs: 5_000 });
    log.userLogged({ level: 'info', message: 'hello', instance: '/f/1' });
    log.heartbeat({ engine: 'e', residentMb: 1, heapUsedMb: 1, heapTotalMb: 1, running: 0 });
    expect(entries.map(({ logger, level, message }) => `${logger} ${level}: ${message}`)).toEqual([
      'system info: engine started',
      "system error: The engine's primary flow of control is alive, but it is blocked or deadlocked and cannot make progress",
      'flowChart info: hello',
      'system info: heartbeat Ok',
      'auditTrail info: Ok',
    ]);
  });
});

describe('standard error loggers', () => {
  test('write errors with their stacks and causes, and nothing below', async () => {
    let text = '';
    const loggers = standardErrorLoggers({ clock, write: more => (text += more) });
    const error = new Error('inner', { cause: new TypeError('root') });
    loggers.system.warn('not this');
    loggers.client.error('call failed', { call: 'submit', count: 2, error });
    await loggers.close?.();
    expect(text.split('\n')[0]).toBe(`${at8} ERROR client: call failed call=submit count=2`);
    expect(text).toContain('Error: inner\n    at ');
    expect(text).toContain('caused by TypeError: root');
    expect(text).not.toContain('not this');
  });
});

describe('pino loggers', () => {
  test('write one JSON object a line, errors as data and on standard error too', async () => {
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const loggers = await pinoLoggers({ folder: join(folder, 'made', 'here'), engine: 'engine-1', clock, write });
    const error = Object.assign(new Error('no'), { code: 'E_NO' });
    loggers.system.info('engine started', { store: 'memory' });
    loggers.flowChart.debug('below the level');
    loggers.auditTrail.error('failed', { error });
    await loggers.close?.();
    expect(linesIn(logFileIn(join(folder, 'made', 'here')))).toEqual([
      { level: 'info', time: at8, engine: 'engine-1', logger: 'system', store: 'memory', message: 'engine started' },
      {
        level: 'error',
        time: at8,
        engine: 'engine-1',
        logger: 'auditTrail',
        error: { type: 'Error', message: 'no', code: 'E_NO', stack: error.stack },
        message: 'failed',
      },
    ]);
    expect(written).toHaveLength(1);
    expect(written[0]).toContain(`${at8} ERROR auditTrail: failed`);
  });

  test('write the same object as threads that have no pino', async () => {
    const loggers = await pinoLoggers({ folder, engine: 'e', clock, write: () => {} });
    const entry: LogEntry = { logger: 'system', level: 'error', message: 'm', fields: { a: 1, error: new Error('x') } };
    loggers.system.error(entry.message, entry.fields);
    await loggers.close?.();
    expect(linesIn(logFileIn(folder))).toEqual([JSON.parse(jsonLine(entry, { engine: 'e', nowMs: clock.nowMs() }))]);
  });

  test('gather lines for 50 ms, an error is written at once', async () => {
    const loggers = await pinoLoggers({ folder, engine: 'e', clock, write: () => {} });
    loggers.system.info('first');
    expect(linesIn(logFileIn(folder))).toHaveLength(0);
    clock.advanceMs(50);
    expect(linesIn(logFileIn(folder))).toHaveLength(1);
    loggers.system.info('second');
    loggers.system.error('third');
    expect(linesIn(logFileIn(folder)).map(line => line.message)).toEqual(['first', 'second', 'third']);
    await loggers.close?.();
  });

  test('after closing nothing is written and nothing throws', async () => {
    const loggers = await pinoLoggers({ folder, engine: 'e', clock, write: () => {} });
    await loggers.close?.();
    await loggers.close?.();
    loggers.system.error('late');
    expect(linesIn(logFileIn(folder))).toEqual([]);
  });
});

describe('log rate', () => {
  const burst = async (act: (loggers: Awaited<ReturnType<typeof pinoLoggers>>) => void): Promise<unknown[]> => {
    const loggers = await pinoLoggers({ folder, engine: 'e', clock, sameMessagePerSecond: 3, write: () => {} });
    act(loggers);
    await loggers.close?.();
    return linesIn(logFileIn(folder)).map(({ message, n, repeated, count }) =>
      [message, n ?? count, repeated].filter(part => part !== undefined).join(' '),
    );
  };

  test('the same message more than so often a second becomes a count, with the last of its fields', async () => {
    const lines = await burst(loggers => {
      for (let n = 1; n <= 1_000; n++) loggers.system.warn('again', { n });
      loggers.client.warn('other', { n: 1 });
    });
    expect(lines).toEqual(['again 1', 'again 2', 'again 3', 'other 1', 'again 1000 997']);
  });

  test('the count is written when the second ends, though nothing else is logged', async () => {
    const lines = await burst(loggers => {
      for (let n = 1; n <= 5; n++) loggers.system.warn('again', { n });
      clock.advanceMs(1_000);
      loggers.system.warn('again', { n: 6 });
    });
    expect(lines).toEqual(['again 1', 'again 2', 'again 3', 'again 5 2', 'again 6']);
  });

  test('data put into messages does not get around it', async () => {
    const lines = await burst(loggers => {
      for (let n = 1; n <= 5_000; n++) loggers.flowChart.info(`message ${n}`);
    });
    expect(lines).toHaveLength(1_001);
    expect(lines.at(-1)).toBe('too many different log messages in a second 4000');
  });

  test('whatever actions log, the words of the engine are written', async () => {
    const lines = await burst(loggers => {
      const log = new LogEvents(loggers);
      const logged = (message: string) => log.userLogged({ level: 'info', message, instance: '/f/1' });
      for (let n = 1; n <= 2_000; n++) logged(`line ${n}`);
      for (let n = 1; n <= 10; n++) logged('store command failed');
      log.instanceFailed({ workflow: '/f', action: 'a', code: 'E', error: 'no', members: 1 });
      log.storeFailed({ error: 'EIO' });
    });
    expect(lines).toHaveLength(1_003);
    expect(lines.slice(-3)).toEqual([
      'instance failed, it waits to be recovered',
      'store command failed',
      'too many different log messages in a second 1010',
    ]);
  });
});

describe('rotating file', () => {
  const fileOf = (rotationBytes: number, rotations = 3, failures: unknown[] = []) =>
    new RotatingFile({
      path: join(folder, 'log'),
      rotationBytes,
      rotations,
      clock,
      failed: error => failures.push(error),
    });
  const contents = (): Record<string, string> =>
    Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]));

  test('keeps so many files, the youngest first, no line cut', () => {
    const file = fileOf(10);
    for (let n = 1; n <= 9; n++) file.write(`line${n}\n`);
    file.close();
    expect(contents()).toEqual({ log: 'line9\n', 'log.1': 'line8\n', 'log.2': 'line7\n', 'log.3': 'line6\n' });
  });

  test('fills a file to its last byte, and gives a line that is too long one of its own', () => {
    const file = fileOf(10);
    for (const line of ['1234\n', '6789\n', 'a\n', 'far too long for it\n', 'b\n']) file.write(line);
    file.close();
    expect(contents()).toEqual({
      log: 'b\n',
      'log.1': 'far too long for it\n',
      'log.2': 'a\n',
      'log.3': '1234\n6789\n',
    });
  });

  test('goes on with the file it finds', () => {
    for (const line of ['one\n', 'two\n', 'three\n']) {
      const file = fileOf(10);
      file.write(line);
      file.close();
    }
    expect(contents()).toEqual({ log: 'three\n', 'log.1': 'one\ntwo\n' });
  });

  test('of two writers only one rotates, and no line is lost', () => {
    const files = [fileOf(14, 9), fileOf(14, 9)];
    for (let n = 0; n < 8; n++) {
      files[n % 2]!.write(`line ${n}\n`);
      files[n % 2]!.flush();
    }
    for (const file of files) file.close();
    expect(contents()).toEqual({
      log: 'line 6\nline 7\n',
      'log.1': 'line 4\nline 5\n',
      'log.2': 'line 2\nline 3\n',
      'log.3': 'line 0\nline 1\n',
    });
  });

  test('a file that cannot be written costs its lines, is told once, and is taken up again', () => {
    const failures: unknown[] = [];
    const file = fileOf(10, 3, failures);
    file.write('12345678\n');
    file.flush();
    rmSync(folder, { recursive: true });
    for (let n = 0; n < 3; n++) {
      file.write('12345678\n');
      file.flush();
    }
    expect(failures).toHaveLength(1);
    mkdirSync(folder);
    file.write('again\n');
    file.close();
    expect(contents()).toEqual({ log: 'again\n' });
  });
});

describe('files of engines that share a folder', () => {
  test('have bounded names of harmless characters, one an engine', () => {
    expect(sharedLogFile('engine-1.b_2')).toBe('millrace-engine-1.b_2.log');
    const odd = [
      '../../etc/passwd',
      '..',
      'a/b',
      'a\\b',
      'a:b',
      '~'.repeat(200),
      `${'x'.repeat(64)}1`,
      `${'x'.repeat(64)}2`,
    ];
    const names = odd.map(sharedLogFile);
    for (const name of names) expect(name).toMatch(/^millrace-[A-Za-z0-9._-]{1,77}\.log$/);
    expect(new Set(names).size).toBe(odd.length);
  });

  test('of those that have long been silent only so many are kept, rotated ones too', () => {
    const nowMs = Date.parse(at8);
    const hourMs = 3_600_000;
    const write = (file: string, agoMs: number): void => {
      writeFileSync(join(folder, file), '');
      utimesSync(join(folder, file), (nowMs - agoMs) / 1_000, (nowMs - agoMs) / 1_000);
    };
    // Each an hour older than the one before; the oldest has written again.
    for (let at = 1; at <= 131; at++) write(sharedLogFile(`e${at}`), at * hourMs);
    write(`${sharedLogFile('e131')}.1`, 0);
    write(`${sharedLogFile('e130')}.1`, 200 * hourMs);
    write('millrace.log', 999 * hourMs);
    write('of-somebody-else', 999 * hourMs);
    removeOldLogs(folder, nowMs);
    const left = new Set(readdirSync(folder));
    expect([...left].filter(file => file.startsWith('millrace-e'))).toHaveLength(128 + 1);
    for (const gone of ['e128', 'e129', 'e130']) expect(left).not.toContain(sharedLogFile(gone));
    expect(left).not.toContain(`${sharedLogFile('e130')}.1`);
    for (const kept of ['e127', 'e131']) expect(left).toContain(sharedLogFile(kept));
    expect(left).toContain('millrace.log');
    expect(left).toContain('of-somebody-else');
    // As many as may live all stay.
    for (let at = 1; at <= 300; at++) write(sharedLogFile(`young${at}`), hourMs);
    removeOldLogs(folder, nowMs);
    expect(readdirSync(folder).filter(file => file.startsWith('millrace-young'))).toHaveLength(300);
  });
});
