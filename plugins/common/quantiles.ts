/** The figures by which outputs without histograms show a distribution. */

import type { Distribution } from '../../core/distribution.js';

const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;
export type QuantileName = (typeof QUANTILES)[number][0];

/** Name and whole ns of each, in ascending order; a distribution without values has none. */
export function quantilesNs(distribution: Distribution): readonly (readonly [QuantileName, number])[] {
  if (distribution.count === 0) return [];
  return QUANTILES.map(([name, q]) => [name, Math.round(distribution.quantile(q))]);
}
