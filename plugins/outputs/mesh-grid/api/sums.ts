/** What is known of some probes, as answers have it. */

import { type CellSums, COUNTS, DELAYS } from '../../../common/grid/store/cell.js';
import { DELAY_STATS, figuresOf } from '../../../common/grid/store/view.js';

const figures = new Float64Array(DELAY_STATS.length);

/** Durations are whole ns. */
export function describeSums(sums: CellSums): object {
  const delays = DELAYS.map((name, i) => {
    const delay = sums.delays[i];
    if (delay === undefined || delay.count === 0) return [name, null];
    figuresOf(delay, figures);
    return [name, Object.fromEntries(DELAY_STATS.map((stat, j) => [stat, Math.round(figures[j] ?? 0)]))];
  });
  return {
    loss: Number.isNaN(sums.loss) ? null : sums.loss,
    counts: Object.fromEntries(COUNTS.map((name, i) => [name, sums.counts[i]])),
    ...Object.fromEntries(delays),
  };
}
