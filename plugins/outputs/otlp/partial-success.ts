/** An answer that says "taken", and what became of the batch then, metric by metric. */

import { PartialWriteError, type Rejection } from '../../../core/errors.js';
import { forLog } from '../../common/peer/problem.js';

/** What a receiver says beside "taken". */
export interface PartialSuccess {
  readonly rejectedPoints: number;
  readonly message: string;
}

/**
 * What to reject with when the batch was sent and not all of it was taken; undefined when all was. A receiver tells the
 * number of points it refused, not which: as many metrics as hold that many, from the end, stand for them.
 */
export function settle(
  pointsOf: readonly number[],
  unsendable: readonly Rejection[],
  partial: PartialSuccess | undefined,
): PartialWriteError | undefined {
  const rejected = new Map<number, Rejection>(unsendable.map((rejection) => [rejection.index, rejection]));
  let left = partial?.rejectedPoints ?? 0;
  const refused = left;
  for (let index = pointsOf.length - 1; index >= 0 && left > 0; index -= 1) {
    const points = pointsOf[index] ?? 0;
    if (points === 0) continue;
    rejected.set(index, { index, reason: 'partial_success' });
    left -= points;
  }
  if (rejected.size === 0) return undefined;
  const said = refused > 0 ? `the receiver rejected ${refused} points: ${forLog(partial?.message ?? '')}` : '';
  const unsent = unsendable.length > 0 ? `${unsendable.length} metrics have nothing that OTLP can hold` : '';
  const accepted = [...pointsOf.keys()].filter((index) => !rejected.has(index));
  return new PartialWriteError([said, unsent].filter(Boolean).join('; '), {
    accepted,
    rejected: [...rejected.values()],
    retry: false,
  });
}
