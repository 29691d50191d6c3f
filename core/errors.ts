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
  'WEFT_BATCH_REFUSED',
  'WEFT_RETRY_LATER',
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

/**
 * A metric that an output will never accept. `reason` says why in a word, one of a few (`invalid`, `too_old`): it is a tag
 * of the self-metrics. What is worth telling beyond that belongs into the message of the error.
 */
export interface Rejection {
  readonly index: number;
  readonly reason: string;
}

/** The reason of what is rejected without one. */
export const REFUSED = 'refused';

/** An output will never accept anything of this batch: drop it and count it. */
export class PermanentError extends WeftError {
  readonly reason: string;

  constructor(message: string, options: { reason?: string; cause?: unknown } = {}) {
    super('WEFT_PERMANENT', message, options);
    this.reason = options.reason ?? REFUSED;
  }
}

/**
 * An output took a part of the batch. `accepted` and `rejected` have indices into the batch; what is in neither stays
 * in the buffer and is written again if `retry`, otherwise it is dropped and counted as rejected.
 */
export class PartialWriteError extends WeftError {
  readonly accepted: readonly number[];
  readonly rejected: readonly (number | Rejection)[];
  readonly retry: boolean;
  /** With `retry`: the server wants to be left alone for so long. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    outcome: {
      accepted: readonly number[];
      rejected: readonly (number | Rejection)[];
      retry: boolean;
      retryAfterMs?: number | undefined;
    },
    options?: { cause?: unknown },
  ) {
    super('WEFT_PARTIAL_WRITE', message, options);
    this.accepted = outcome.accepted;
    this.rejected = outcome.rejected;
    this.retry = outcome.retry;
    this.retryAfterMs = outcome.retryAfterMs;
  }
}

/**
 * A server refused the batch as a whole, and not because of what it is busy with: the batch is too large, or one of its
 * metrics is wrong and nobody said which. It is written again in halves; a metric that is refused alone is dropped and
 * counted under `reason`. With `tooLarge` the batches that follow are smaller, too.
 */
export class BatchRefusedError extends WeftError {
  readonly reason: string;
  readonly tooLarge: boolean;

  constructor(message: string, options: { reason?: string; tooLarge?: boolean; cause?: unknown } = {}) {
    super('WEFT_BATCH_REFUSED', message, options);
    this.tooLarge = options.tooLarge ?? false;
    this.reason = options.reason ?? (this.tooLarge ? 'too_large' : REFUSED);
  }
}

/** A server took nothing and said when to come back (`Retry-After`): the batch is kept, nothing is written until then. */
export class RetryLaterError extends WeftError {
  readonly retryAfterMs: number;

  constructor(message: string, options: { retryAfterMs: number; cause?: unknown }) {
    super('WEFT_RETRY_LATER', message, options);
    this.retryAfterMs = options.retryAfterMs;
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
