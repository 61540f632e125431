// The four loggers behind one small interface, which an application can supply itself, and the homes that come with it.
//
//   client      calls of the API
//   flowChart   what instances do, and what their actions log
//   system      the engine's own inner workings
//   auditTrail  status events as they are recorded
//
// The engine's own messages are in `log-events.ts`, one function an event; no message is written anywhere else.
//
// Invariants:
//   G1. Logging never throws and never waits: a full disk or a closed pipe costs log lines, not work.
//   G2. The rate is bounded: the same message more than `sameMessagePerSecond` times a second becomes a count. What
//       actions log has a bound of its own and holds back nothing of the engine's.
//   G3. What was logged before `close`, or before the process exits, has been written.

import { join } from 'node:path';
import { type Clock, systemClock } from './clock.js';
import { ownLogFile } from './log-files.js';
import { errorAsData, readableLine } from './log-line.js';
import { LogRate } from './log-rate.js';
import { RotatingFile } from './rotating-file.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What belongs to a message; an `Error` goes under `error`. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const loggerNames = ['client', 'flowChart', 'system', 'auditTrail'] as const;
export type LoggerName = (typeof loggerNames)[number];

/** An application supplies an object of this shape; all four may be the same logger. */
export interface Loggers extends Readonly<Record<LoggerName, Logger>> {
  /** Write what is held back, and accept no more. The engine calls it when it is disposed of. */
  close?(): Promise<void>;
}

/** One line to be. */
export interface LogEntry {
  readonly logger: LoggerName;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

const noFields: LogFields = {};
const ignore = (): void => {};

/** Loggers that hand each entry at or above `level` to one function. */
export function loggersTo(write: (entry: LogEntry) => void, level: LogLevel | 'silent' = 'trace'): Loggers {
  const lowest = level === 'silent' ? logLevels.length : logLevels.indexOf(level);
  const loggerOf = (logger: LoggerName): Logger => {
    const at = (levelOf: LogLevel): Logger[LogLevel] =>
      logLevels.indexOf(levelOf) < lowest
        ? ignore
        : (message, fields = noFields) => write({ logger, level: levelOf, message, fields });
    return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  };
  return {
    client: loggerOf('client'),
    flowChart: loggerOf('flowChart'),
    system: loggerOf('system'),
    auditTrail: loggerOf('auditTrail'),
  };
}

/**
 * An application's loggers, held to G1: what one throws stays here.
 *
 * @param thrown told the first time each of them throws
 */
export function containedLoggers(loggers: Loggers, thrown: (logger: LoggerName, error: unknown) => void): Loggers {
  const told = new Set<LoggerName>();
  const write = ({ logger, level, message, fields }: LogEntry): void => {
    try {
      loggers[logger][level](message, fields);
    } catch (error) {
      if (told.has(logger)) return;
      told.add(logger);
      thrown(logger, error);
    }
  };
  return { ...loggersTo(write), close: async () => loggers.close?.() };
}

/** Log nothing. */
export const nullLoggers: Loggers = loggersTo(ignore, 'silent');

export interface StandardErrorOptions {
  /** The lowest level written. Default `error`: errors and their stack traces only. */
  readonly level?: LogLevel;
  /** The same message at most so often a second. Default 20. */
  readonly sameMessagePerSecond?: number;
  readonly clock?: Clock;
  /** Where the text goes. Default: standard error. */
  readonly write?: (text: string) => void;
}

/** One readable line an entry on standard error, a stack trace below it. */
export function standardErrorLoggers(options: StandardErrorOptions = {}): Loggers {
  const { level = 'error', sameMessagePerSecond = 20, clock = systemClock, write = writeStandardError } = options;
  const rate = new LogRate(entry => write(readableLine(entry, clock.nowMs())), { sameMessagePerSecond, clock });
  return { ...loggersTo(entry => rate.write(entry), level), close: async () => rate.close() };
}

export interface PinoOptions {
  /** Folder of the file; made when absent. */
  readonly folder: string;
  /** Default `millrace.log`. */
  readonly fileName?: string;
  /** Written into every line. */
  readonly engine: string;
  /** The lowest level written. Default `info`. */
  readonly level?: LogLevel | 'silent';
  /** A file that would grow past this is rotated, bytes. Default 10,485,760; at least 1,024. */
  readonly rotationBytes?: number;
  /** Rotated files kept: `<fileName>.1`, the youngest, to this number. Default 6. */
  readonly rotations?: number;
  /** The same message at most so often a second. Default 20. */
  readonly sameMessagePerSecond?: number;
  /** Errors go to standard error too. Default true. */
  readonly errorsToStandardError?: boolean;
  readonly clock?: Clock;
  /** Where errors go besides the file. Default: standard error. */
  readonly write?: (text: string) => void;
}

/** The file that `pinoLoggers` writes and the watchdog adds to. */
export function logFileIn(folder: string, fileName = ownLogFile): string {
  return join(folder, fileName);
}

/**
 * The default: one JSON object a line in `<folder>/<fileName>`, rotated by size; errors on standard error too.
 * Lines are written together, at the latest after 50 ms, an error at once.
 *
 * @throws the operating system's error when the folder cannot be made or the file not opened
 */
export async function pinoLoggers(options: PinoOptions): Promise<Loggers> {
  const { level = 'info', clock = systemClock, write = writeStandardError } = options;
  // Imported only here: an application with its own loggers never loads it.
  const { pino } = await import('pino');
  const path = logFileIn(options.folder, options.fileName);
  const file = new RotatingFile({
    path,
    rotationBytes: options.rotationBytes ?? 10 * 1_024 * 1_024,
    rotations: options.rotations ?? 6,
    clock,
    failed: error => {
      const fields = { file: path, error };
      write(
        readableLine(
          { logger: 'system', level: 'error', message: 'the log file cannot be written', fields },
          clock.nowMs(),
        ),
      );
    },
  });
  const root = pino(
    {
      level: 'trace', // `loggersTo` has sifted already
      base: { engine: options.engine },
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: errorAsData },
    },
    file,
  );
  const children = {
    client: root.child({ logger: 'client' }),
    flowChart: root.child({ logger: 'flowChart' }),
    system: root.child({ logger: 'system' }),
    auditTrail: root.child({ logger: 'auditTrail' }),
  };
  const rate = new LogRate(
    entry => {
      children[entry.logger][entry.level](entry.fields, entry.message);
      if (entry.level !== 'error') return;
      file.flush();
      if (options.errorsToStandardError ?? true) write(readableLine(entry, clock.nowMs()));
    },
    { sameMessagePerSecond: options.sameMessagePerSecond ?? 20, clock },
  );
  const finish = (): void => {
    rate.close();
    file.close();
  };
  process.once('exit', finish);
  return {
    ...loggersTo(entry => rate.write(entry), level),
    close: async () => {
      process.off('exit', finish);
      finish();
    },
  };
}

function writeStandardError(text: string): void {
  process.stderr.write(text);
}
