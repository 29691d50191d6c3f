/** The figures by which outputs without histograms show a distribution. */

import type { Distribution } from '../../core/distribution.js';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
export type QuantileName = keyof typeof QUANTILES;

/** Whole ns by name, in ascending order; a distribution without values has none. */
export function quantilesNs(distribution: Distribution): ReadonlyMap<QuantileName, number> {
  const quantiles = new Map<QuantileName, number>();
  if (distribution.count === 0) return quantiles;
  for (const [name, q] of Object.entries(QUANTILES) as [QuantileName, number][]) {
    quantiles.set(name, Math.round(distribution.quantile(q)));
  }
  return quantiles;
}
