/**
 * The agent's log: JSON lines by pino, or text for people on a terminal. It is written synchronously to stderr (stdout
 * belongs to commands and to outputs/file), so that the last line before an exit is there.
 */

import { isatty } from 'node:tty';
import pino from 'pino';
import type { Logger } from './plugin.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger that others are derived from. */
export interface RootLogger extends Logger {
  /** A logger that adds `bindings` to every line and follows the level of this one. */
  child(bindings: object): RootLogger;
  /** Sets the level of this logger and of all that derive from it. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto` is text on a terminal and JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'text';
  /** Where the lines go instead of to stderr. `write` has to be synchronous. */
  readonly destination?: { write(line: string): unknown };
}

const STDERR = 2;

export async function createLogger(options: LogOptions): Promise<RootLogger> {
  const terminal = options.destination === undefined && isatty(STDERR);
  const sink = options.destination ?? pino.destination({ dest: STDERR, sync: true });
  const text = options.format === 'text' || (options.format === 'auto' && terminal);
  const stream = text ? await prettyStream(sink, terminal) : sink;
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: levelName },
    },
    stream,
  );
  return derive(root, {});
}

/** A log that goes nowhere. */
export const silentLogger: RootLogger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
  setLevel() {},
};

const levelName = (level: string): object => ({ level });

/** pino-pretty is loaded only when it is needed: it costs megabytes. Its formatter alone runs in this thread, at once. */
async function prettyStream(
  sink: { write(line: string): unknown },
  colorize: boolean,
): Promise<pino.DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    // `error` is a message here, not an object to be unfolded.
    errorLikeObjectKeys: [],
  });
  return { write: (line) => void sink.write(format(line) ?? '') };
}

/** pino's own children keep the level they were made with; these follow the root, so that a reload can change it. */
function derive(root: pino.Logger, bindings: object): RootLogger {
  const at = (level: LogLevel) => (fields: object, message: string) => {
    if (root.isLevelEnabled(level)) root[level]({ ...bindings, ...fields }, message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => derive(root, { ...bindings, ...more }),
    setLevel: (level) => {
      root.level = level;
    },
  };
}
