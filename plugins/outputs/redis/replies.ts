/** What an error of a command says of the metrics it was for. */

import { describeError, WeftError } from '../../../core/errors.js';
import { isErrorReply } from '../../../core/redis/error-reply.js';
import { type FailureReason, PeerError } from '../../common/peer/failure.js';
import { forLog } from '../../common/peer/problem.js';

/** Redis will never take this metric. `isCertain`: it was the metric's fault beyond doubt. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
  readonly message: string;
  readonly isCertain: boolean;
}
/** It did not take it now. `isConnectionSpent`: the next write is to look for Redis anew. */
export interface Failure {
  readonly kind: 'failed';
  readonly error: PeerError;
  readonly isConnectionSpent: boolean;
}
export type Mishap = Refusal | Failure;

interface Rule {
  readonly reason: FailureReason;
  readonly remedy: string;
  readonly isConnectionSpent?: boolean;
}

const RIGHTS = 'grant what the README names under Permissions';

/** By the first word of the error, https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const RULES: Readonly<Record<string, Rule>> = {
  NOAUTH: { reason: 'unauthorized', remedy: 'set username and password', isConnectionSpent: true },
  WRONGPASS: { reason: 'unauthorized', remedy: 'correct username and password', isConnectionSpent: true },
  NOPERM: { reason: 'forbidden', remedy: RIGHTS },
  OOM: { reason: 'overloaded', remedy: 'raise maxmemory, or lower expire_after and stream_length' },
  LOADING: { reason: 'overloaded', remedy: 'Redis reads its data; wait' },
  BUSY: { reason: 'overloaded', remedy: 'somebody’s script runs; SCRIPT KILL ends it' },
  TRYAGAIN: { reason: 'overloaded', remedy: 'slots are moving; wait' },
  MISCONF: { reason: 'overloaded', remedy: 'Redis cannot save its data: look at its disk' },
  NOREPLICAS: { reason: 'overloaded', remedy: 'replicas are away that min-replicas-to-write asks for' },
  CLUSTERDOWN: { reason: 'overloaded', remedy: 'slots of the cluster have no master', isConnectionSpent: true },
  MASTERDOWN: { reason: 'overloaded', remedy: 'the replica has lost its master', isConnectionSpent: true },
  READONLY: {
    reason: 'overloaded',
    remedy: 'this is a replica: name the master, the cluster or the sentinels',
    isConnectionSpent: true,
  },
  MOVED: {
    reason: 'redirect',
    remedy: 'this is a node of a cluster: use cluster in place of url',
    isConnectionSpent: true,
  },
  ASK: {
    reason: 'redirect',
    remedy: 'this is a node of a cluster: use cluster in place of url',
    isConnectionSpent: true,
  },
};

/** Errors without a word of their own that are about Redis and not about a metric. */
const TROUBLES: readonly (readonly [RegExp, Rule])[] = [
  [
    /unknown command '?`?ts\./i,
    { reason: 'status', remedy: 'this Redis has no time series: load the module, or remove time_series' },
  ],
  [/unknown command/i, { reason: 'status', remedy: 'Redis 5 or Valkey is needed, with EVALSHA, XADD and PUBLISH' }],
  [/user executing the script/, { reason: 'forbidden', remedy: RIGHTS }],
  [/not permitted|invalid password|auth/i, { reason: 'unauthorized', remedy: 'set username and password' }],
  [/killed/i, { reason: 'overloaded', remedy: 'somebody ended the script' }],
];

const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^WRONGTYPE|is not a TSDB key/, 'wrong_type'],
  [/older than retention/, 'too_old'],
];

/** `error`: whatever a command rejected with. */
export function mishapOf(error: unknown): Mishap {
  if (error instanceof PeerError) return { kind: 'failed', error, isConnectionSpent: false };
  if (!isErrorReply(error)) {
    const reason = error instanceof WeftError && error.code === 'WEFT_TIMEOUT' ? 'timeout' : 'unreachable';
    return { kind: 'failed', error: new PeerError(reason, describeError(error)), isConnectionSpent: true };
  }
  return mishapOfReply(error.message);
}

/** `reply`: an error as Redis words it. */
export function mishapOfReply(reply: string): Mishap {
  const text = plainReply(reply);
  const refusal = REFUSALS.find(([pattern]) => pattern.test(text));
  if (refusal !== undefined) return { kind: 'refused', reason: refusal[1], message: forLog(text), isCertain: true };
  const [word = ''] = text.split(' ', 1);
  const rule = RULES[word] ?? TROUBLES.find(([pattern]) => pattern.test(text))?.[1];
  if (rule === undefined && word === 'ERR')
    return { kind: 'refused', reason: 'refused', message: forLog(text), isCertain: false };
  const { reason = 'status', remedy, isConnectionSpent = false } = rule ?? {};
  const said = `Redis says ${forLog(text)}`;
  const message = remedy === undefined ? said : `${said}; ${remedy}`;
  return { kind: 'failed', error: new PeerError(reason, message), isConnectionSpent };
}

/** Without what Redis before 7 puts around an error of a command in a script. */
function plainReply(message: string): string {
  return message.replace(/^ERR Error running script \(.*?\): @user_script: ?\d+: (?:@user_script: ?\d+: )?-?/, '');
}
