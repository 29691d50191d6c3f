/**
 * How many paths it takes to see every one of N equal-cost ways between two ToRs, when each path is hashed to one of them
 * at random, and how they are shared out and exchanged over time (R-Pingmesh, SIGCOMM 2024, equation 1).
 */

import { MAX_PATHS } from './policy.js';

/** Of the paths between two ToRs, one in so many is exchanged each hour. */
const ROTATION_SHARE = 5;

/**
 * Smallest number of paths that sees all `ways` with probability ≥ `coverage`, by the union bound
 * N (1−1/N)^k ≤ 1−P. The exact sum alternates and cancels in doubles; up to 128 ways both agree at P = 0.99, at 256 they
 * differ by one.
 */
export function requiredPaths(ways: number, coverage: number): number {
  if (ways <= 1) return 1;
  const bound = Math.log(ways / (1 - coverage)) / -Math.log1p(-1 / ways);
  return Math.max(ways, Math.ceil(bound));
}

/**
 * Probability that `paths` random paths see all `ways`, exactly: the distribution of the number of ways seen, path by
 * path. Sums of positive terms only, so nothing cancels.
 */
export function coverageOf(ways: number, paths: number): number {
  if (paths < ways) return 0;
  let seen = new Float64Array(ways + 1);
  seen[0] = 1;
  for (let path = 0; path < paths; path++) {
    const next = new Float64Array(ways + 1);
    for (let n = 1; n <= ways; n++) {
      next[n] = ((seen[n] ?? 0) * n + (seen[n - 1] ?? 0) * (ways - n + 1)) / ways;
    }
    seen = next;
  }
  return Math.min(1, seen[ways] ?? 0);
}

/** Paths of each of the `pairs` hosts pairs that share the `required` paths between two ToRs. */
export function pathsPerPair(required: number, pairs: number): number {
  return Math.min(MAX_PATHS, Math.ceil(required / pairs));
}

/**
 * How far the first path of one host pair has moved on after `hours`. Of the `pairs` × `perPair` paths between two ToRs
 * a fifth moves each hour, dealt to the pairs in turn, so that never more than a fifth is exchanged at once.
 */
export function rotation(pairs: number, perPair: number, position: number, hours: number): number {
  const all = pairs * perPair;
  // Fewer than five: one of them every now and then.
  const moved =
    all < ROTATION_SHARE ? Math.floor((all * hours) / ROTATION_SHARE) : Math.floor(all / ROTATION_SHARE) * hours;
  return Math.floor(moved / pairs) + (position < moved % pairs ? 1 : 0);
}
