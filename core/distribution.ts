/**
 * A mergeable base-2 exponential histogram of durations with fixed scale 5: 32 buckets an octave, relative error at most
 * 2^(1/64) - 1 = 1.09 %. Buckets follow the OpenTelemetry rule (upper-inclusive, bucket i = (2^(i/32), 2^((i+1)/32)]) and
 * are bounds in *seconds*, so that a Distribution is an OTLP exponential histogram of unit `s`, and with index + 1 a
 * Prometheus native one, without touching a count. Values, sum, min and max are integer nanoseconds; merging adds
 * integers, so any order and grouping of merges ends in identical content.
 */

export const SCALE = 5;
const BUCKETS_PER_OCTAVE = 32;
const NS_PER_S = 1e9;
/** Durations are clamped to this: the largest integer a double holds, 104 days. */
const MAX_NS = Number.MAX_SAFE_INTEGER;

/** 2^(j/32) for j = 0…31, correctly rounded: Math.pow may differ between engines, these bounds must not. */
const OCTAVE = [
  1,
  1.0218971486541166,
  1.0442737824274138,
  1.0671404006768237,
  1.0905077326652577,
  1.1143867425958924,
  1.1387886347566916,
  1.1637248587775775,
  1.189207115002721,
  1.215247359980469,
  1.241857812073484,
  1.2690509571917332,
  1.2968395546510096,
  1.3252366431597413,
  1.3542555469368927,
  1.383909881963832,
  Math.SQRT2,
  1.4451808069770467,
  1.4768261459394993,
  1.5091644275934228,
  1.5422108254079407,
  1.5759808451078865,
  1.6104903319492543,
  1.645755478153965,
  1.681792830507429,
  1.718619298122478,
  1.7562521603732995,
  1.7947090750031072,
  1.8340080864093424,
  1.8741676341103,
  1.9152065613971474,
  1.9571441241754002,
] as const;

const INDEX_OF_ONE_SECOND = -1;
const MIN_INDEX = -957;
const MAX_INDEX = 739;
const INDEX_SHIFT = Math.log2(NS_PER_S) * BUCKETS_PER_OCTAVE;

/** Upper bound of bucket `index` in seconds. */
export function upperBoundSeconds(index: number): number {
  const exponent = Math.floor((index + 1) / BUCKETS_PER_OCTAVE);
  const step = index + 1 - exponent * BUCKETS_PER_OCTAVE;
  return (OCTAVE[step] ?? 1) * 2 ** exponent;
}

/** Below this a double tells neighbouring nanoseconds from a bound well enough; above, integers have to decide. */
const EXACT_BELOW_NS = 2 ** 48;
const TEN_TO_288 = 10n ** 288n;

/** Largest whole number of nanoseconds in bucket MIN_INDEX + i. */
const UPPER_NS = Float64Array.from({ length: MAX_INDEX - MIN_INDEX + 1 }, (_, i) => {
  let ns = Math.floor(upperBoundSeconds(MIN_INDEX + i) * NS_PER_S);
  if (ns < EXACT_BELOW_NS || ns >= MAX_NS) return ns;
  while (!isWithin(ns, MIN_INDEX + i)) ns -= 1;
  while (isWithin(ns + 1, MIN_INDEX + i)) ns += 1;
  return ns;
});

/** Whether ns * 10^-9 <= 2^((index + 1) / 32), in integers: ns^32 <= 10^288 * 2^(index + 1). For index >= -1. */
function isWithin(ns: number, index: number): boolean {
  return BigInt(ns) ** 32n <= TEN_TO_288 << BigInt(index + 1);
}

/** Bucket of a duration of at least 1 ns. The logarithm may be off by one at a bound; the table decides. */
export function bucketIndex(ns: number): number {
  const guess = Math.ceil(Math.log2(ns) * BUCKETS_PER_OCTAVE - INDEX_SHIFT) + INDEX_OF_ONE_SECOND;
  const slot = guess - MIN_INDEX;
  if (ns > (UPPER_NS[slot] ?? Number.POSITIVE_INFINITY)) return guess + 1;
  if (ns <= (UPPER_NS[slot - 1] ?? 0)) return guess - 1;
  return guess;
}

/** The populated range as OTLP and weft's JSON write it: `counts[i]` belongs to bucket `offset + i`. */
export interface DenseBuckets {
  readonly offset: number;
  readonly counts: number[];
}

/** What a distribution is written as (weft's JSON, an OTLP point). The zero bucket is what `buckets` leave of `count`. */
export interface DistributionParts {
  readonly count: number;
  /** A number loses digits above 2^53. */
  readonly sumNs: bigint | number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly buckets: { readonly offset: number; readonly counts: readonly number[] };
}

/** The same with populated buckets only, which is smaller where values lie far apart. */
export interface SparseParts extends Omit<DistributionParts, 'buckets'> {
  /** Index, count, index, count, … in ascending order of the indices; every count is at least 1. */
  readonly buckets: readonly number[];
}

/**
 * A bucket is one double, (index + BIAS) * 2^40 + count, in an array sorted by it: 8 bytes a populated bucket, and an
 * agent holds tens of thousands of distributions with a few populated buckets each. Counts stay below 2^40.
 */
const COUNT_RANGE = 2 ** 40;
const BIAS = 1024;
/** The sum is kept in two parts, so that it stays exact beyond 2^53 ns. */
const SUM_PART = 2 ** 48;

export class Distribution {
  #cells: number[] = [];
  #zeroCount = 0;
  #count = 0;
  #sumLow = 0;
  #sumHigh = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** Reads back what was written. Throws RangeError on parts that no distribution has. */
  static fromParts(parts: DistributionParts): Distribution {
    const { count, minNs, maxNs, buckets } = parts;
    const read = new Distribution();
    let inBuckets = 0;
    for (const [i, bucketCount] of buckets.counts.entries()) {
      if (!isCount(bucketCount)) throw new RangeError(`a bucket holds a whole number of values, not ${bucketCount}`);
      if (bucketCount > 0) read.#addToBucket(buckets.offset + i, bucketCount);
      inBuckets += bucketCount;
    }
    const whole = [count, minNs, maxNs, Number(parts.sumNs)].every(isCount) && Number.isInteger(buckets.offset);
    if (!whole || inBuckets > count || minNs > maxNs) throw new RangeError('these parts belong to no distribution');
    if (count === 0) return read;
    const sum = BigInt(parts.sumNs);
    read.#addSum(Number(sum % BigInt(SUM_PART)), Number(sum / BigInt(SUM_PART)));
    read.#count = count;
    read.#zeroCount = count - inBuckets;
    read.#min = minNs;
    read.#max = maxNs;
    return read;
  }

  /**
   * Reads back what was written; `forEachBucket` gives the buckets. Throws RangeError on parts that no distribution has,
   * with what is wrong: smallest, largest value and sum have to agree with the buckets.
   */
  static fromSparseParts({ count, sumNs, minNs, maxNs, buckets }: SparseParts): Distribution {
    const sum = Number(sumNs);
    if (!isCount(count) || !isCount(minNs) || !isCount(maxNs) || !isCount(sum))
      throw new RangeError('count, sum, min and max are whole numbers >= 0');
    const read = new Distribution();
    const inBuckets = read.#takeBuckets(buckets);
    const zeros = count - inBuckets;
    if (zeros < 0) throw new RangeError(`the buckets hold ${inBuckets} values, more than count, ${count}`);
    if (minNs !== 0 && zeros > 0)
      throw new RangeError(`the buckets hold ${inBuckets} of ${count} values, and min is not 0`);
    read.#checkEnds(count, zeros, minNs, maxNs);
    if (!isSumOf(sumNs, count, minNs, maxNs))
      throw new RangeError(`${count} values from ${minNs} to ${maxNs} have not the sum ${sumNs}`);
    if (count === 0) return read;
    if (sum <= MAX_NS) read.#addSum(sum, 0);
    else read.#addSum(Number(BigInt(sumNs) % BigInt(SUM_PART)), Number(BigInt(sumNs) / BigInt(SUM_PART)));
    read.#count = count;
    read.#zeroCount = zeros;
    read.#min = minNs;
    read.#max = maxNs;
    return read;
  }

  /** Number of recorded values. */
  get count(): number {
    return this.#count;
  }

  /** Values of exactly 0 ns: the zero bucket, whose threshold is 2^-30 s. */
  get zeroCount(): number {
    return this.#zeroCount;
  }

  /** Exact smallest value, ns; 0 when empty. */
  get minNs(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** Exact largest value, ns; 0 when empty. */
  get maxNs(): number {
    return this.#max;
  }

  /** Exact sum, ns. */
  get sumNs(): bigint {
    return BigInt(this.#sumHigh) * BigInt(SUM_PART) + BigInt(this.#sumLow);
  }

  /** The sum as the nearest double, ns. */
  get sumNsNumber(): number {
    return this.#sumHigh * SUM_PART + this.#sumLow;
  }

  get meanNs(): number {
    return this.#count === 0 ? 0 : this.sumNsNumber / this.#count;
  }

  /**
   * Records a duration in ns; a fraction is rounded. Throws RangeError on a negative or non-finite value: such a
   * measurement is invalid and has to be counted as that by who measured.
   */
  record(ns: number): void {
    if (!(ns >= 0 && ns < Number.POSITIVE_INFINITY))
      throw new RangeError(`a duration is a number >= 0 in ns, not ${ns}`);
    const value = Math.min(Math.round(ns), MAX_NS);
    this.#count += 1;
    this.#addSum(value, 0);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value === 0) this.#zeroCount += 1;
    else this.#addToBucket(bucketIndex(value), 1);
  }

  /** Adds everything `other` holds; `other` is not changed. */
  merge(other: Distribution): void {
    if (other.#count === 0) return;
    this.#count += other.#count;
    this.#zeroCount += other.#zeroCount;
    this.#addSum(other.#sumLow, other.#sumHigh);
    if (other.#min < this.#min) this.#min = other.#min;
    if (other.#max > this.#max) this.#max = other.#max;
    this.#cells = mergeCells(this.#cells, other.#cells);
  }

  /** Gives up the room it keeps for buckets to come. */
  trim(): void {
    this.#cells = this.#cells.slice();
  }

  clone(): Distribution {
    const copy = new Distribution();
    copy.merge(this);
    return copy;
  }

  /** Calls `visit` for each populated bucket in ascending order (the zero bucket is not one of them). */
  forEachBucket(visit: (index: number, count: number) => void): void {
    for (const cell of this.#cells) visit(indexOf(cell), countOf(cell));
  }

  denseBuckets(): DenseBuckets {
    const first = this.#cells[0];
    const last = this.#cells.at(-1);
    if (first === undefined || last === undefined) return { offset: 0, counts: [] };
    const offset = indexOf(first);
    const counts = new Array<number>(indexOf(last) - offset + 1).fill(0);
    this.forEachBucket((index, count) => {
      counts[index - offset] = count;
    });
    return { offset, counts };
  }

  /**
   * The q-quantile in ns by nearest rank: the geometric middle of the bucket that holds it, kept within the exact
   * minimum and maximum. NaN when empty.
   */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    if (rank <= this.#zeroCount) return 0;
    if (rank === this.#count) return this.#max;
    let seen = this.#zeroCount;
    for (const cell of this.#cells) {
      seen += countOf(cell);
      if (seen < rank) continue;
      const index = indexOf(cell);
      const middle = Math.sqrt(upperBoundSeconds(index - 1) * upperBoundSeconds(index)) * NS_PER_S;
      return Math.min(Math.max(middle, this.#min), this.#max);
    }
    return this.#max;
  }

  /** Takes flat pairs as the cells of an empty distribution; returns how many values they hold. */
  #takeBuckets(pairs: readonly number[]): number {
    if (pairs.length % 2 !== 0) throw new RangeError('buckets are pairs of an index and a count');
    let before = MIN_INDEX - 1;
    let held = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const [index = Number.NaN, count = Number.NaN] = [pairs[i], pairs[i + 1]];
      if (!Number.isInteger(index) || index <= before || index > MAX_INDEX)
        throw new RangeError(`bucket indices ascend from ${MIN_INDEX} to ${MAX_INDEX}: found ${index} after ${before}`);
      if (!Number.isInteger(count) || count < 1 || count >= COUNT_RANGE)
        throw new RangeError(`a bucket holds 1 value to 2^40 - 1, not ${count}`);
      this.#cells.push((index + BIAS) * COUNT_RANGE + count);
      held += count;
      before = index;
    }
    return held;
  }

  /** Whether smallest and largest value lie in the first and the last cell that is populated. */
  #checkEnds(count: number, zeros: number, minNs: number, maxNs: number): void {
    const [first, last] = [this.#cells[0], this.#cells.at(-1)];
    const isMin = zeros > 0 || first === undefined ? minNs === 0 : minNs > 0 && bucketIndex(minNs) === indexOf(first);
    const isMax = last === undefined ? maxNs === 0 : maxNs > 0 && bucketIndex(maxNs) === indexOf(last);
    if (!isMin || !isMax)
      throw new RangeError(`min ${minNs} and max ${maxNs} are not in the outer buckets of ${count} values`);
  }

  /** `low` may be any duration: it is split before it is added, as the sum of both could exceed 2^53. */
  #addSum(low: number, high: number): void {
    const carry = low < SUM_PART ? 0 : Math.floor(low / SUM_PART);
    this.#sumLow += low - carry * SUM_PART;
    this.#sumHigh += high + carry;
    if (this.#sumLow >= SUM_PART) {
      this.#sumLow -= SUM_PART;
      this.#sumHigh += 1;
    }
  }

  #addToBucket(index: number, count: number): void {
    const cells = this.#cells;
    const floor = (index + BIAS) * COUNT_RANGE;
    let low = 0;
    let high = cells.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cells[middle] ?? 0) < floor) low = middle + 1;
      else high = middle;
    }
    const found = cells[low];
    if (found !== undefined && found < floor + COUNT_RANGE) cells[low] = found + count;
    else if (low === cells.length) cells.push(floor + count);
    else cells.splice(low, 0, floor + count);
  }
}

/**
 * Adds `added` to `total` and returns the result: `total` itself as long as no bucket is new, else an array that just
 * fits. Totals live long and there are many, so they get no room to grow.
 */
function mergeCells(total: number[], added: readonly number[]): number[] {
  // A clone, and the first of many.
  if (total.length === 0) return added.slice();
  const fresh: number[] = [];
  let at = 0;
  for (const cell of added) {
    const floor = cell - countOf(cell);
    while ((total[at] ?? Number.POSITIVE_INFINITY) < floor) at += 1;
    const found = total[at];
    if (found !== undefined && found < floor + COUNT_RANGE) total[at] = found + countOf(cell);
    else fresh.push(cell);
  }
  if (fresh.length === 0) return total;
  const merged = total.concat(fresh);
  // Both parts are sorted: merge from the end, where the free room is.
  let old = total.length - 1;
  let late = fresh.length - 1;
  for (let place = merged.length - 1; late >= 0; place -= 1) {
    const [a, b] = [total[old] ?? Number.NEGATIVE_INFINITY, fresh[late] ?? 0];
    merged[place] = Math.max(a, b);
    if (a > b) old -= 1;
    else late -= 1;
  }
  return merged;
}

function indexOf(cell: number): number {
  return Math.floor(cell / COUNT_RANGE) - BIAS;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

/** One value is its own sum; more lie between the smallest and the largest. */
function isSumOf(sumNs: bigint | number, count: number, minNs: number, maxNs: number): boolean {
  if (maxNs * count <= MAX_NS) return sumNs >= minNs * count && sumNs <= maxNs * count;
  const [sum, values] = [BigInt(sumNs), BigInt(count)];
  return sum >= BigInt(minNs) * values && sum <= BigInt(maxNs) * values;
}

/** Exact, since the range is a power of two; `%` of such numbers takes three times as long. */
function countOf(cell: number): number {
  return cell - Math.floor(cell / COUNT_RANGE) * COUNT_RANGE;
}
