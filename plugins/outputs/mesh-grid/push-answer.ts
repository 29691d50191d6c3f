/** What a listener answers, checked as if it came from an enemy; `rows-route.ts` of inputs/mesh-listener is what gives it. */

import { REFUSED } from '../../../core/errors.js';
import type { ExchangeAnswer } from '../../common/peer/exchange.js';
import { PeerError } from '../../common/peer/failure.js';

export interface RefusedRow {
  /** Of the document that was pushed. */
  readonly row: number;
  /** As rejections are counted. */
  readonly reason: string;
  readonly message: string;
}

const MAX_MESSAGE_CHARS = 300;
/** Why a listener refuses a row. Other words are not counted by: they would be the listener's choice. */
const REASONS: readonly unknown[] = ['late', 'future', 'unknown_src', 'not_yours'];

/** The rows that were not taken. Throws PeerError. */
export function refusedRows({ body }: ExchangeAnswer): RefusedRow[] {
  const { refused } = parsed(body);
  if (!Array.isArray(refused)) throw new PeerError('malformed', 'the answer does not say what was refused');
  return refused.map((entry: unknown) => {
    const { row, error, message } = (entry ?? {}) as Partial<Record<string, unknown>>;
    if (!Number.isInteger(row)) throw new PeerError('malformed', 'the answer refuses a row and does not say which');
    return { row: Number(row), reason: reasonOf(error), message: String(message).slice(0, MAX_MESSAGE_CHARS) };
  });
}

/** Of the code that a listener gives. */
export function reasonOf(code: unknown): string {
  return REASONS.includes(code) ? String(code) : REFUSED;
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Below.
  }
  throw new PeerError('malformed', 'the answer is not JSON');
}
