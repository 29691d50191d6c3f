/** What goes wrong between an agent and what it asks, a controller, a listener or a database, sorted by what an operator would do about it. */

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

export interface PeerErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly answer?: PeerError['answer'];
}

export class PeerError extends WeftError {
  readonly reason: FailureReason;
  /** How long the peer wants to be left alone, ms. */
  readonly retryAfterMs: number | undefined;
  /** Of an answer that says no, with its code for programs ('' when it has none). */
  readonly answer: { readonly status: number; readonly code: string } | undefined;

  constructor(reason: FailureReason, message: string, { cause, retryAfterMs, answer }: PeerErrorOptions = {}) {
    super('WEFT_PEER', message, cause === undefined ? {} : { cause });
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.answer = answer;
  }
}
