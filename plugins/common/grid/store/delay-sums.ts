/**
 * Adds up distributions of one delay. It holds what a Distribution (core/distribution.ts) holds, in an array with a place for
 * every bucket, which makes adding thousands of them quick; one object serves one sum after the other. Its figures are
 * those of Distribution, bit for bit.
 *
 * In a cell a distribution is written so (numbers as in bytes.ts):
 *
 *   head            2 × values of 0 ns, + 1 when the last three are plain
 *   buckets         number of populated buckets
 *   first           index of the first one, counted from MIN_INDEX (when there is one)
 *   one a bucket    a byte 8 × gap + (count - 1): gap is how many empty ones lie before it, up to 30, count up to 8; or
 *                   ESCAPE, gap and count - 1
 *   min, max, sum   as differences (signed) from what the buckets let expect: the nominal value of the first and of the last
 *                   bucket, and the sum of all nominal values; min and max only when there are buckets, min only without values
 *                   of 0 ns. Plain: min, max, sum modulo 2^48, sum div 2^48
 */

import { type Distribution, upperBoundSeconds } from '../../../../core/distribution.js';
import type { ByteReader, ByteWriter } from './bytes.js';

const MIN_INDEX = -957;
const MAX_INDEX = 739;
const SLOTS = MAX_INDEX - MIN_INDEX + 1;
/** Of one distribution: no bucket takes more than an escape, a gap of two bytes and a count of eight. */
export const MAX_DELAY_BYTES = SLOTS * 11 + 64;

const DAMAGED = 'a distribution of a cell is damaged';
const ESCAPE = 0xff;
const MAX_GAP = 30;
const MAX_SHORT_COUNT = 8;
/** The sum is kept in two parts, so that it stays exact beyond 2^53 ns. */
const SUM_PART = 2 ** 48;
/** Differences are written up to here. */
const MAX_DIFFERENCE = 2 ** 52;

/** What Distribution.quantile gives for a bucket, before it is kept within min and max. */
const MIDDLE_NS = Float64Array.from({ length: SLOTS }, (_, slot) => {
  const index = slot + MIN_INDEX;
  return Math.sqrt(upperBoundSeconds(index - 1) * upperBoundSeconds(index)) * 1e9;
});
const NOMINAL_NS = MIDDLE_NS.map(Math.round);

export class DelaySums {
  #count = 0;
  #zeroCount = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #sumLow = 0;
  #sumHigh = 0;
  readonly #counts = new Float64Array(SLOTS);
  /** The populated slots lie from `#low` to `#high`. */
  #low = SLOTS;
  #high = -1;

  get count(): number {
    return this.#count;
  }

  /** 0 when empty, as all of these. */
  get minNs(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  get maxNs(): number {
    return this.#max;
  }

  get meanNs(): number {
    return this.#count === 0 ? 0 : (this.#sumHigh * SUM_PART + this.#sumLow) / this.#count;
  }

  clear(): void {
    if (this.#high >= 0) this.#counts.fill(0, this.#low, this.#high + 1);
    this.#low = SLOTS;
    this.#high = -1;
    this.#count = this.#zeroCount = this.#max = this.#sumLow = this.#sumHigh = 0;
    this.#min = Number.POSITIVE_INFINITY;
  }

  add(distribution: Distribution): void {
    if (distribution.count === 0) return;
    distribution.forEachBucket((index, count) => {
      this.#addSlot(Math.min(Math.max(index, MIN_INDEX), MAX_INDEX) - MIN_INDEX, count);
    });
    this.#addZeros(distribution.zeroCount);
    this.#widen(distribution.minNs, distribution.maxNs);
    const sum = distribution.sumNsNumber;
    if (sum <= Number.MAX_SAFE_INTEGER) {
      this.#addSum(sum, 0);
    } else {
      const exact = distribution.sumNs;
      this.#addSum(Number(exact % BigInt(SUM_PART)), Number(exact / BigInt(SUM_PART)));
    }
  }

  /** Adds one that `write` wrote, and leaves `reader` behind it. Throws RangeError where it is none, and may have added a part. */
  addWritten(reader: ByteReader): void {
    const head = reader.whole();
    const buckets = reader.whole();
    if (buckets > SLOTS) throw new RangeError(DAMAGED);
    const zeros = (head - (head % 2)) / 2;
    if (buckets + zeros === 0) return;
    this.#addZeros(zeros);
    const first = buckets === 0 ? 0 : reader.whole();
    let slot = first;
    let nominalSum = 0;
    for (let i = 0; i < buckets; i += 1) {
      const short = reader.byte();
      slot += short === ESCAPE ? reader.whole() : short >> 3;
      const count = short === ESCAPE ? reader.whole() + 1 : (short & 7) + 1;
      if (slot >= SLOTS) throw new RangeError(DAMAGED);
      this.#addSlot(slot, count);
      nominalSum += count * (NOMINAL_NS[slot] ?? 0);
      if (i < buckets - 1) slot += 1;
    }
    if (head % 2 === 1) {
      this.#widen(reader.whole(), reader.whole());
      this.#addSum(reader.whole(), reader.whole());
      return;
    }
    const min = zeros > 0 ? 0 : (NOMINAL_NS[first] ?? 0) + reader.signed();
    const max = buckets === 0 ? 0 : (NOMINAL_NS[slot] ?? 0) + reader.signed();
    this.#widen(min, max);
    this.#addSum(nominalSum + reader.signed(), 0);
  }

  write(writer: ByteWriter): void {
    let buckets = 0;
    let nominalSum = 0;
    for (let slot = this.#low; slot <= this.#high; slot += 1) {
      const count = this.#counts[slot] ?? 0;
      if (count > 0) buckets += 1;
      nominalSum += count * (NOMINAL_NS[slot] ?? 0);
    }
    const least = this.#min - (NOMINAL_NS[this.#low] ?? 0);
    const most = this.#max - (NOMINAL_NS[this.#high] ?? 0);
    const sum = this.#sumHigh * SUM_PART + this.#sumLow;
    const isPlain = this.#count > 0 && !this.#isExpected(buckets, [sum, nominalSum, least, most]);
    writer.whole(2 * this.#zeroCount + (isPlain ? 1 : 0));
    writer.whole(buckets);
    if (this.#count === 0) return;
    if (buckets > 0) this.#writeBuckets(writer);
    if (isPlain) {
      for (const part of [this.#min, this.#max, this.#sumLow, this.#sumHigh]) writer.whole(part);
      return;
    }
    if (this.#zeroCount === 0) writer.signed(least);
    if (buckets > 0) writer.signed(most);
    writer.signed(sum - nominalSum);
  }

  /**
   * The quantiles `qs`, ascending, in ns, as Distribution.quantile gives them: the first places of `into`. Not for empty
   * sums.
   */
  quantiles(qs: readonly number[], into: Float64Array): void {
    let slot = this.#low - 1;
    let seen = this.#zeroCount;
    for (let i = 0; i < qs.length; i += 1) {
      const rank = Math.max(1, Math.ceil((qs[i] ?? 0) * this.#count));
      if (rank <= this.#zeroCount) into[i] = 0;
      else if (rank === this.#count) into[i] = this.#max;
      else {
        while (seen < rank && slot < this.#high) seen += this.#counts[++slot] ?? 0;
        into[i] = Math.min(Math.max(MIDDLE_NS[slot] ?? 0, this.#min), this.#max);
      }
    }
  }

  /** Calls `visit` with upper bounds in ns, ascending, and how many values do not exceed them: a CDF. */
  forEachStep(visit: (upToNs: number, values: number) => void): void {
    let seen = this.#zeroCount;
    if (seen > 0) visit(0, seen);
    for (let slot = this.#low; slot <= this.#high; slot += 1) {
      const count = this.#counts[slot] ?? 0;
      if (count === 0) continue;
      seen += count;
      visit(Math.min(upperBoundSeconds(slot + MIN_INDEX) * 1e9, this.#max), seen);
    }
  }

  /** Whether min, max and sum can be written as differences: what was put together elsewhere may contradict itself. */
  #isExpected(buckets: number, values: readonly number[]): boolean {
    if (this.#zeroCount > 0 && this.#min > 0) return false;
    if (buckets === 0 && this.#max > 0) return false;
    return values.every((value) => Math.abs(value) < MAX_DIFFERENCE);
  }

  #writeBuckets(writer: ByteWriter): void {
    writer.whole(this.#low);
    let next = this.#low;
    for (let slot = this.#low; slot <= this.#high; slot += 1) {
      const count = this.#counts[slot] ?? 0;
      if (count === 0) continue;
      const gap = slot - next;
      next = slot + 1;
      if (gap <= MAX_GAP && count <= MAX_SHORT_COUNT) {
        writer.byte(gap * 8 + count - 1);
      } else {
        writer.byte(ESCAPE);
        writer.whole(gap);
        writer.whole(count - 1);
      }
    }
  }

  #addSlot(slot: number, count: number): void {
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    this.#count += count;
    if (slot < this.#low) this.#low = slot;
    if (slot > this.#high) this.#high = slot;
  }

  #addZeros(count: number): void {
    this.#zeroCount += count;
    this.#count += count;
  }

  #widen(min: number, max: number): void {
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }

  /** `low` is a whole number below 2^53. */
  #addSum(low: number, high: number): void {
    const carry = low < SUM_PART ? 0 : Math.floor(low / SUM_PART);
    this.#sumLow += low - carry * SUM_PART;
    this.#sumHigh += high + carry;
    if (this.#sumLow < SUM_PART) return;
    this.#sumLow -= SUM_PART;
    this.#sumHigh += 1;
  }
}

/** Leaves `reader` behind a distribution that is not wanted. */
export function skipDelay(reader: ByteReader): void {
  const head = reader.whole();
  const buckets = reader.whole();
  const zeros = head >= 2;
  if (buckets === 0 && !zeros) return;
  if (buckets > 0) reader.skip();
  for (let i = 0; i < buckets; i += 1) {
    if (reader.byte() !== ESCAPE) continue;
    reader.skip();
    reader.skip();
  }
  const last = head % 2 === 1 ? 4 : (zeros ? 0 : 1) + (buckets > 0 ? 1 : 0) + 1;
  for (let i = 0; i < last; i += 1) reader.skip();
}
