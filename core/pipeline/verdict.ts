/** What one write came to: the contract of `Output.write`, read once, from whatever it threw. */

import { BatchRefusedError, PartialWriteError, PermanentError, type Rejection, RetryLaterError } from '../errors.js';
import { isA, messageOf } from './calls.js';

export type Verdict =
  /** Nothing of it will ever be accepted. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly message: string }
  /** The lists count; `rest` is a reason to reject what neither names, or undefined: it is kept. */
  | {
      readonly kind: 'partial';
      readonly accepted: readonly number[];
      readonly rejected: readonly (number | Rejection)[];
      readonly rest: string | undefined;
      readonly retryAfterMs: number;
      readonly message: string;
    }
  /** To be written again in halves. */
  | { readonly kind: 'split'; readonly reason: string; readonly tooLarge: boolean; readonly message: string }
  /** To be written again. */
  | { readonly kind: 'kept'; readonly retryAfterMs: number; readonly message: string };

/** Never throws. */
export function verdictOf(error: unknown): Verdict {
  const message = messageOf(error);
  if (isA(PermanentError, error)) return { kind: 'rejected', reason: error.reason, message };
  if (isA(BatchRefusedError, error)) return { kind: 'split', reason: error.reason, tooLarge: error.tooLarge, message };
  if (isA(RetryLaterError, error)) return { kind: 'kept', retryAfterMs: error.retryAfterMs, message };
  if (isA(PartialWriteError, error) && Array.isArray(error.accepted) && Array.isArray(error.rejected)) {
    const { accepted, rejected, retry, retryAfterMs = 0 } = error;
    return { kind: 'partial', accepted, rejected, rest: retry ? undefined : 'refused', retryAfterMs, message };
  }
  return { kind: 'kept', retryAfterMs: 0, message };
}
