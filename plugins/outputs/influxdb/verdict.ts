/**
 * What an answer says of the points that were written. The rules of the three versions:
 * https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint,
 * https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/,
 * https://docs.influxdata.com/influxdb3/core/write-data/troubleshoot/
 */

import { BatchRefusedError, RetryLaterError } from '../../../core/errors.js';
import { type FailureReason, PeerError } from '../../common/peer/failure.js';
import { forLog } from '../../common/peer/problem.js';
import { retryAfterMs } from '../../common/peer/retry-after.js';
import type { Point } from './batch.js';
import { type Problem, problemOf } from './problem.js';
import { refusedPoints } from './refused-points.js';
import type { ServerAnswer } from './server.js';

/** Some points are refused for good. */
export interface Refusal {
  readonly points: readonly Point[];
  /**
   * Whether the others are stored for certain. Versions 1 and 2 store what they can, but tell of one cause alone, and of the
   * shard that failed first.
   */
  readonly areOthersStored: boolean;
  /** One word, for a tag. */
  readonly reason: string;
  readonly message: string;
}

/**
 * Undefined when all points are stored. Throws BatchRefusedError when some are wrong, or it is too many of them, and the
 * answer does not say which; RetryLaterError or PeerError when the points are to be kept.
 */
export function verdictOf(answer: ServerAnswer, points: readonly Point[], nowNs: bigint): Refusal | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const problem = problemOf(answer.body);
  const said = problem === undefined || problem.message === '' ? '' : `: ${forLog(problem.message)}`;
  const message = `the answer has the status ${status}${said}`;
  if (status === 413) throw new BatchRefusedError(message, { tooLarge: true });
  // Without a word of InfluxDB's it is a proxy or the wrong port that finds fault, and not with the points.
  if ((status === 400 || status === 422) && problem !== undefined) return refusalOf(problem, points, message);
  const waitMs = retryAfterMs(answer.retryAfter, nowNs);
  if ((status === 429 || status === 503) && waitMs !== undefined)
    throw new RetryLaterError(message, { retryAfterMs: waitMs });
  throw new PeerError(REASONS[status] ?? 'status', `${message}${REMEDIES[status] ?? ''}`);
}

function refusalOf(problem: Problem, points: readonly Point[], message: string): Refusal {
  const reason = wordFor(problem.message);
  const refused = refusedPoints(problem, points);
  if (refused === undefined) throw new BatchRefusedError(message, { reason });
  return { points: refused, areOthersStored: problem.lines.length > 0, reason, message };
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/type conflict|column type|already exists as type/i, 'type_conflict'],
  [/retention polic/i, 'too_old'],
  [/limit exceeded|limit reached/i, 'limit'],
  [/pars/i, 'invalid'],
];

function wordFor(message: string): string {
  return WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'refused';
}

const REASONS: Readonly<Record<number, FailureReason>> = {
  401: 'unauthorized',
  403: 'forbidden',
  429: 'overloaded',
  503: 'overloaded',
};
const REMEDIES: Readonly<Record<number, string>> = {
  401: '; set the token, or username and password',
  403: '; grant the right to write',
  404: '; create the database or bucket, or correct its name, the organization or the url',
};
