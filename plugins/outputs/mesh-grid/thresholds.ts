/** Where values turn from good to bad: the steps of the colour scale, and what the patterns take for trouble. */

import type { PatternLimits } from '../../common/grid/store/patterns.js';

export interface Thresholds {
  /** Of a delay, ns, ascending: fair, bad and worst from there on. */
  readonly latencyNs: readonly [number, number, number];
  /** `timeout / sent`, ascending. */
  readonly loss: readonly [number, number, number];
  /** Of the cells that a pattern is about, how many have to agree. */
  readonly patternShare: number;
}

/** A cell is bad from the second step of latency and the first of loss on. */
export function patternLimits({ latencyNs, loss, patternShare }: Thresholds): PatternLimits {
  return { badNs: latencyNs[1], badLoss: loss[0], share: patternShare };
}
