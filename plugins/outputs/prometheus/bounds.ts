/** Classic histogram buckets, counted from the finer buckets of a distribution. */

import { bucketIndex, type Distribution, upperBoundSeconds } from '../../../core/distribution.js';

const NS_PER_S = 1e9;

export class Bounds {
  /** Ascending, in seconds. */
  readonly seconds: readonly number[];
  /** The values of the `le` label. */
  readonly labels: readonly string[];
  /** The last bucket of a distribution that lies wholly at or below each bound. */
  readonly #lastIndex: Int32Array;
  readonly #counts: number[];

  constructor(seconds: readonly number[]) {
    this.seconds = seconds;
    this.labels = seconds.map(formatBound);
    this.#lastIndex = Int32Array.from(seconds, lastIndexBelow);
    this.#counts = new Array<number>(seconds.length).fill(0);
  }

  /**
   * Cumulative counts, one per bound. Exact for bounds that a distribution has as well; otherwise the values of the
   * one bucket that straddles the bound count as above it. The array is used again by the next call.
   */
  cumulate(distribution: Distribution): readonly number[] {
    const counts = this.#counts;
    const lastIndex = this.#lastIndex;
    let total = distribution.zeroCount;
    let bound = 0;
    distribution.forEachBucket((index, count) => {
      while (bound < counts.length && index > (lastIndex[bound] ?? 0)) counts[bound++] = total;
      total += count;
    });
    while (bound < counts.length) counts[bound++] = total;
    return counts;
  }
}

function lastIndexBelow(seconds: number): number {
  const index = bucketIndex(Math.max(1, seconds * NS_PER_S));
  for (const candidate of [index + 1, index]) if (upperBoundSeconds(candidate) <= seconds) return candidate;
  return index - 1;
}

/** As Go prints it, which is how Prometheus labels a bound that came in protobuf: `1e-06`, not `1e-6`. */
export function formatBound(seconds: number): string {
  const exponent = seconds === 0 ? 0 : Math.floor(Math.log10(seconds));
  const text = exponent < -4 || exponent >= 21 ? seconds.toExponential() : String(seconds);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
