/** `POST /v1/rows`: from a body to metrics. Nothing of a document is taken before all of it is read and judged. */

import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../../core/clock.js';
import { Type } from '../../../core/config/schema.js';
import { certificateNames } from '../../../core/http/access.js';
import { ApiProblem, unavailable } from '../../../core/http/problem.js';
import type { Route } from '../../../core/http/route.js';
import type { Metric } from '../../../core/metric.js';
import { fingerprint } from '../../common/grid/fingerprint.js';
import { InflatedTooLarge, inflate, parseJson } from '../../common/grid/packing.js';
import { ROWS_PATH, RowError } from '../../common/grid/row.js';
import { type DecodedRow, decodeRows } from '../../common/grid/row-decoder.js';
import { RowsSchema } from '../../common/grid/row-schema.js';
import { type JudgeOptions, type Refusal, ROW_REFUSALS, refusalOf, windowEndMs } from './judge.js';
import type { TargetMemory } from './memory.js';
import type { Tally } from './tally.js';

export interface RowsRouteOptions {
  readonly judge: Pick<JudgeOptions, 'maxAgeMs' | 'maxSkewMs' | 'isAllowed'>;
  /** Whether clients show certificates, so that these say whose rows they may push. */
  readonly mutualTls: boolean;
  readonly maxBodyBytes: number;
  readonly memory: TargetMemory;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly emit: (metric: Metric) => void;
}

/** Of all bodies that are being received; agents whose turn it is not come again. */
const MAX_BYTES_UNDER_WAY = 256 * 1024 * 1024;
const BUSY_RETRY_S = 1;
const FULL_RETRY_S = 10;

const OutcomeForm = Type.Object({
  accepted: Type.Integer({ description: 'Targets that were taken.' }),
  doubled: Type.Integer({ description: 'Targets that were taken before.' }),
  refused: Type.Array(Type.Object({ row: Type.Integer(), error: Type.String(), message: Type.String() })),
});

/** All but what is done. */
export const PUSH_ROWS = {
  method: 'POST',
  url: `/${ROWS_PATH}`,
  operationId: 'pushRows',
  summary: 'Push rows of windows; `Content-Encoding: gzip` or none.',
  roles: ['agent', 'admin'],
  bodyForm: RowsSchema,
  answers: {
    200: { description: 'What became of the rows: of those that are not refused there are some.', schema: OutcomeForm },
    400: { description: 'Not of the form; `issues` has the place of the first mistake. Nothing was taken.' },
    413: { description: 'Larger than `max_body_size`, or than `max_inflated_size` when inflated.' },
    415: { description: 'Not application/json, or neither gzip nor plain.' },
    422: { description: 'All rows are refused: their windows are late, or in the future.' },
    503: {
      description: 'Too much at once.',
      headers: { 'Retry-After': 'Seconds until the next try is worth while.' },
    },
  },
} as const satisfies Omit<Route, 'handle'>;

export function rowsRoute(options: RowsRouteOptions): Route {
  let underWay = 0;
  return {
    ...PUSH_ROWS,
    admit(request, reply) {
      const bytes = bodyBytes(request, options.maxBodyBytes);
      if (underWay + bytes > MAX_BYTES_UNDER_WAY)
        throw unavailable('busy', 'too many rows are being received at once', BUSY_RETRY_S);
      underWay += bytes;
      reply.raw.once('close', () => {
        underWay -= bytes;
      });
    },
    handle: (request) => takeRows(request, options),
  };
}

/** What the body of a request says. Rejects with ApiProblem or RowError. */
export async function readRows(body: Buffer, request: FastifyRequest, maxInflatedBytes: number): Promise<unknown> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new ApiProblem(415, 'unsupported_encoding', 'the content-encoding has to be gzip, or there is none');
  if (encoding === 'identity' && body.length > maxInflatedBytes) throw tooLarge(maxInflatedBytes);
  try {
    return parseJson(encoding === 'gzip' ? await inflate(body, maxInflatedBytes) : body);
  } catch (error) {
    throw error instanceof InflatedTooLarge ? tooLarge(maxInflatedBytes) : error;
  }
}

/** For `createApi`. */
export function rowProblem(error: unknown): ApiProblem | undefined {
  if (!(error instanceof RowError)) return undefined;
  const { message, path, problem } = error;
  return new ApiProblem(400, 'malformed', `these are no rows: ${message}`, { issues: [{ path, message: problem }] });
}

function tooLarge(maxBytes: number): ApiProblem {
  return new ApiProblem(413, 'too_large', `the body is larger than ${maxBytes} bytes when inflated`);
}

/** As far as it is known before it comes: what is sent in chunks may be as long as any. */
function bodyBytes({ headers }: FastifyRequest, maxBytes: number): number {
  const { 'content-length': length } = headers;
  return Math.min(length === undefined ? maxBytes : Number(length), maxBytes);
}

type Outcome = {
  accepted: number;
  doubled: number;
  readonly refused: { readonly row: number; readonly error: string; readonly message: string }[];
};

function takeRows(request: FastifyRequest, options: RowsRouteOptions): Outcome {
  const { tally, clock, memory, judge, mutualTls } = options;
  const rows = decodeRows(request.body);
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const isNamed = mutualTls ? (src: string) => certificateNames(request.socket, src) : undefined;
  const refusals = rows.map((row) => refusalOf(row, { ...judge, isNamed, nowMs }));
  memory.forgetBefore(nowMs - judge.maxAgeMs);
  const fresh = rows.filter((_, i) => refusals[i] === undefined);
  const targets = fresh.reduce((sum, { metrics }) => sum + metrics.length, 0);
  if (!memory.hasRoomFor(targets)) {
    throw unavailable('full', 'too many rows to know them again are remembered: see max_remembered', FULL_RETRY_S);
  }
  const outcome: Outcome = { accepted: 0, doubled: 0, refused: [] };
  for (const row of fresh) takeRow(row, options, outcome);
  tally.add('rows', fresh.length);
  tally.add('targets', outcome.accepted);
  tally.add('doubled', outcome.doubled);
  noteRefusals(refusals, outcome, tally);
  if (fresh.length === 0) throwRefusals(refusals, outcome);
  return outcome;
}

const PRINT = { high: 0, low: 0 };

function takeRow(row: DecodedRow, { memory, emit }: RowsRouteOptions, outcome: Outcome): void {
  const endMs = windowEndMs(row);
  for (const metric of row.metrics) {
    fingerprint(metric, PRINT);
    if (memory.add(endMs, PRINT)) {
      outcome.accepted += 1;
      emit(metric);
    } else {
      outcome.doubled += 1;
    }
  }
}

function noteRefusals(refusals: readonly (Refusal | undefined)[], { refused }: Outcome, tally: Tally): void {
  for (const [row, refusal] of refusals.entries()) {
    if (refusal === undefined) continue;
    tally.refused(refusal.reason);
    refused.push({ row, error: refusal.reason, message: refusal.message });
  }
}

/** When nothing was taken the status says so. */
function throwRefusals(refusals: readonly (Refusal | undefined)[], { refused }: Outcome): void {
  const first = refusals[0];
  if (first === undefined) return;
  const issues = refused.map(({ row, message }) => ({ path: `rows[${row}]`, message }));
  throw new ApiProblem(ROW_REFUSALS[first.reason], first.reason, first.message, { issues });
}
