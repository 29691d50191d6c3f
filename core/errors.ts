/**
 * The catalogue of errors. The *type* of an error decides what the agent does with it, its message is for people:
 * what was expected, what was found, where, and what to do. docs/errors.md lists every code; a test keeps both in step.
 */

export const ERROR_CODES = [
  'WEFT_CONFIG',
  'WEFT_PLUGIN_LOAD',
  'WEFT_STARTUP',
  'WEFT_PERMANENT',
  'WEFT_PARTIAL_WRITE',
  'WEFT_NATIVE',
  'WEFT_TIMEOUT',
  'WEFT_PINGLIST',
  'WEFT_REGISTRY',
  'WEFT_PEER',
  'WEFT_ROW',
  'WEFT_USAGE',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export class WeftError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** One mistake in a configuration file or pinglist. `line` and `column` count from 1. */
export interface ConfigIssue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document, dotted: `inputs.udp[0].listen`. */
  readonly path: string;
  /** What is wrong, what was expected and, if one is near, the valid key or value. */
  readonly message: string;
}

/** The configuration is wrong: nothing starts (or, on a reload, nothing changes). Carries every mistake found. */
export class ConfigError extends WeftError {
  readonly issues: readonly ConfigIssue[];

  constructor(message: string, issues: readonly ConfigIssue[] = [], options?: { cause?: unknown }) {
    super('WEFT_CONFIG', message, options);
    this.issues = issues;
  }
}

/**
 * A plugin could not start. `retryable` says whether trying again may help; the plugin's
 * `startup_error_behavior` (error, retry, ignore) decides what the agent does.
 */
export class StartupError extends WeftError {
  readonly retryable: boolean;

  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super('WEFT_STARTUP', message, options);
    this.retryable = options.retryable;
  }
}

/** An output will never accept this batch: drop it and count it. */
export class PermanentError extends WeftError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('WEFT_PERMANENT', message, options);
  }
}

/**
 * An output took a part of the batch. `accepted` and `rejected` are indices into the batch; what is in neither stays
 * in the buffer and is written again if `retry`, otherwise it is dropped and counted as rejected.
 */
export class PartialWriteError extends WeftError {
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  readonly retry: boolean;

  constructor(
    message: string,
    outcome: { accepted: readonly number[]; rejected: readonly number[]; retry: boolean },
    options?: { cause?: unknown },
  ) {
    super('WEFT_PARTIAL_WRITE', message, options);
    this.accepted = outcome.accepted;
    this.rejected = outcome.rejected;
    this.retry = outcome.retry;
  }
}

/** A system call or verb failed in native code. `errno` is positive, `syscall` the call's name. */
export class NativeError extends WeftError {
  readonly errno: number;
  readonly syscall: string;
  readonly device: string | undefined;

  constructor(message: string, details: { errno: number; syscall: string; device?: string; cause?: unknown }) {
    super('WEFT_NATIVE', message, { cause: details.cause });
    this.errno = details.errno;
    this.syscall = details.syscall;
    this.device = details.device;
  }
}

/** The message of anything that was thrown, with its causes, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return `${error.message}${cause}`;
}
