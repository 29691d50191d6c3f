/**
 * What a receiver's answer means for a batch, as the specification of OTLP has it: what may be sent again and when, what
 * never. Where it says "never", a request that may hold one bad point among good ones is written again in halves, which are
 * other requests, so that the good ones arrive.
 */

import { BatchRefusedError, PermanentError, RetryLaterError } from '../../../core/errors.js';
import type { ExchangeAnswer } from '../../common/peer/exchange.js';
import { type FailureReason, PeerError } from '../../common/peer/failure.js';
import { forLog } from '../../common/peer/problem.js';
import { retryAfterMs } from '../../common/peer/retry-after.js';
import { readStatus, retryDelayMs } from './rpc-status.js';

/** The error for an HTTP answer that is not 2xx; `nowNs` is UTC, for a `Retry-After` that is a date. */
export function httpError({ status, headers, body }: ExchangeAnswer, receiver: string, nowNs: bigint): Error {
  const message = `${receiver} answered ${status}${saidBy(body)}`;
  switch (status) {
    case 429:
    case 502:
    case 503:
    case 504: {
      const waitMs = retryAfterMs(headers['retry-after'], nowNs);
      if (waitMs !== undefined) return new RetryLaterError(message, { retryAfterMs: waitMs });
      return new PeerError(status === 429 || status === 503 ? 'overloaded' : 'status', message);
    }
    case 413:
      return new BatchRefusedError(message, { tooLarge: true });
    case 400:
    case 422:
      return new BatchRefusedError(message, { reason: 'invalid' });
    case 401:
    case 403:
      return new PermanentError(`${message}: check headers and certificates`, { reason: 'unauthorized' });
    case 404:
    case 405:
      return new PermanentError(`${message}: check the path of endpoint, and protocol`, { reason: 'not_found' });
    default:
      return new PermanentError(message, { reason: status >= 500 ? 'server_error' : 'refused' });
  }
}

/** A failed call, as @grpc/grpc-js gives it. */
export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata?: { get(key: string): readonly (string | Uint8Array)[] };
}

/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const RETRYABLE = new Map<number, FailureReason>([
  [1, 'status'],
  [4, 'timeout'],
  [10, 'status'],
  [11, 'status'],
  [14, 'unreachable'],
  [15, 'status'],
]);
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;
/** How gRPC servers, whatever they are written in, say that a message passes their limit. */
const TOO_LARGE = /larger than (max|limit)|message.*(too large|size exceeds)|max.*message size/i;

/** The error for a call that did not end with OK. */
export function grpcError(failure: GrpcFailure, receiver: string): Error {
  const message = `${receiver} answered gRPC status ${failure.code}: ${forLog(failure.details)}`;
  const waitMs = retryInfoOf(failure);
  const passing = RETRYABLE.get(failure.code);
  if ((passing !== undefined || failure.code === RESOURCE_EXHAUSTED) && waitMs !== undefined)
    return new RetryLaterError(message, { retryAfterMs: waitMs });
  if (passing !== undefined) return new PeerError(passing, message);
  switch (failure.code) {
    case RESOURCE_EXHAUSTED:
      if (TOO_LARGE.test(failure.details)) return new BatchRefusedError(message, { tooLarge: true });
      return new PermanentError(message, { reason: 'exhausted' });
    case INVALID_ARGUMENT:
      return new BatchRefusedError(message, { reason: 'invalid' });
    case UNAUTHENTICATED:
    case PERMISSION_DENIED:
      return new PermanentError(`${message}: check headers and certificates`, { reason: 'unauthorized' });
    case UNIMPLEMENTED:
      return new PermanentError(`${message}: check endpoint and protocol`, { reason: 'not_found' });
    default:
      return new PermanentError(message, { reason: 'server_error' });
  }
}

function retryInfoOf({ metadata }: GrpcFailure): number | undefined {
  const [details] = metadata?.get('grpc-status-details-bin') ?? [];
  return details instanceof Uint8Array ? retryDelayMs(details) : undefined;
}

/** A body is a google.rpc.Status, in protobuf or JSON, or what a proxy has to say. */
function saidBy(body: Buffer): string {
  const message = forLog(readStatus(body)?.message ?? body.toString()).trim();
  return message === '' ? '' : `: ${message}`;
}
