/** What becomes of a row that is right in itself: taken, or refused for its window or its source. */

import type { DecodedRow } from '../../common/grid/row-decoder.js';

export const ROW_REFUSALS = { late: 422, future: 422, unknown_src: 403, not_yours: 403 } as const;
export type RowRefusal = keyof typeof ROW_REFUSALS;

export interface Refusal {
  readonly reason: RowRefusal;
  /** For people. */
  readonly message: string;
}

export interface JudgeOptions {
  readonly maxAgeMs: number;
  readonly maxSkewMs: number;
  readonly isAllowed: (src: string) => boolean;
  /** With client certificates: whether the peer is who the row is of. */
  readonly isNamed: ((src: string) => boolean) | undefined;
  /** UTC. */
  readonly nowMs: number;
}

/** Undefined: it may be taken. */
export function refusalOf(row: DecodedRow, options: JudgeOptions): Refusal | undefined {
  const { maxAgeMs, maxSkewMs, isAllowed, isNamed, nowMs } = options;
  const src = JSON.stringify(row.src.slice(0, 100));
  if (isNamed !== undefined && !isNamed(row.src))
    return { reason: 'not_yours', message: `the client certificate names another host than ${src}` };
  if (!isAllowed(row.src)) return { reason: 'unknown_src', message: `no rows of ${src} are taken here: see allow_src` };
  const ageMs = nowMs - windowEndMs(row);
  if (ageMs > maxAgeMs)
    return {
      reason: 'late',
      message: `the window ended ${seconds(ageMs)} ago, more than max_age, ${seconds(maxAgeMs)}`,
    };
  if (-ageMs > maxSkewMs) {
    return {
      reason: 'future',
      message: `the window ends ${seconds(-ageMs)} from now, more than max_skew, ${seconds(maxSkewMs)}: set the clocks`,
    };
  }
  return undefined;
}

/** UTC. */
export function windowEndMs({ startNs, lengthMs }: DecodedRow): number {
  return Number(startNs / 1_000_000n) + lengthMs;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
