/** What goes wrong between agent and controller, sorted by what an operator would do about it. */

import { WeftError } from '../../../core/errors.js';

export const FAILURE_REASONS = [
  'unreachable',
  'tls',
  'timeout',
  'unauthorized',
  'forbidden',
  'not_registered',
  'overloaded',
  'redirect',
  'status',
  'malformed',
  'too_large',
  'bad_list',
  'local',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export class ControllerError extends WeftError {
  readonly reason: FailureReason;
  /** How long the controller wants to be left alone, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: FailureReason, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super('WEFT_CONTROLLER', message, 'cause' in options ? { cause: options.cause } : {});
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}
