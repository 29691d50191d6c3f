import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketIndex, Distribution, SCALE, upperBoundSeconds } from '../../core/distribution.js';

const MAX_NS = Number.MAX_SAFE_INTEGER;
const MIN_INDEX = bucketIndex(1);
const MAX_INDEX = bucketIndex(MAX_NS);
const RELATIVE_ERROR = 2 ** (1 / 64) - 1;

/** ns * 10^-9 <= 2^((index + 1) / 32), decided in integers: ns^32 <= 10^288 * 2^(index + 1). */
function isAtMostUpperBound(ns: number, index: number): boolean {
  const left = BigInt(ns) ** 32n;
  const exponent = BigInt(index + 1);
  return exponent >= 0n ? left <= (10n ** 288n) << exponent : left << -exponent <= 10n ** 288n;
}

/** The OTel rule: bucket i = (2^(i/32), 2^((i+1)/32)] seconds. */
function assertBucket(ns: number): void {
  const index = bucketIndex(ns);
  assert.ok(isAtMostUpperBound(ns, index), `${ns} ns is above bucket ${index}`);
  assert.ok(!isAtMostUpperBound(ns, index - 1), `${ns} ns is below bucket ${index}`);
}

const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 1e9 }),
    fc.maxSafeNat(),
    fc.double({ min: 0, max: 53, noNaN: true }).map((bits) => Math.min(Math.floor(2 ** bits), MAX_NS)),
  ),
  { maxLength: 60 },
);

function of(values: readonly number[]): Distribution {
  const result = new Distribution();
  for (const value of values) result.record(value);
  return result;
}

function merged(...parts: Distribution[]): Distribution {
  const result = new Distribution();
  for (const part of parts) result.merge(part);
  return result;
}

function contentOf(value: Distribution): unknown {
  const { count, zeroCount, sumNs, minNs, maxNs } = value;
  return { count, zeroCount, sumNs, minNs, maxNs, buckets: value.denseBuckets() };
}

test('every duration up to 20 µs stands in the bucket that exact arithmetic says', () => {
  for (let ns = 1; ns <= 20_000; ns += 1) assertBucket(ns);
});

test('the buckets are exact on both sides of every bound', () => {
  for (let index = MIN_INDEX; index <= MAX_INDEX; index += 1) {
    const bound = Math.floor(upperBoundSeconds(index) * 1e9);
    for (const ns of [bound - 1, bound, bound + 1]) if (ns >= 1 && ns <= MAX_NS) assertBucket(ns);
  }
});

test('random durations stand in the bucket that exact arithmetic says', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 53, noNaN: true }), (bits) => {
      assertBucket(Math.min(Math.max(1, Math.floor(2 ** bits)), MAX_NS));
    }),
    { numRuns: 5000 },
  );
});

test('one second and its powers of two are upper bounds', () => {
  assert.equal(SCALE, 5);
  assert.equal(bucketIndex(1e9), -1);
  assert.equal(bucketIndex(1e9 + 1), 0);
  assert.equal(bucketIndex(2e9), 31);
  assert.equal(upperBoundSeconds(-1), 1);
  assert.equal(upperBoundSeconds(31), 2);
  assert.equal(upperBoundSeconds(-33), 0.5);
});

test('merging is associative and commutative: any order and grouping gives identical content', () => {
  fc.assert(
    fc.property(durations, durations, durations, (a, b, c) => {
      const all = contentOf(of([...a, ...b, ...c]));
      assert.deepEqual(contentOf(merged(of(a), of(b), of(c))), all);
      assert.deepEqual(contentOf(merged(of(c), merged(of(b), of(a)))), all);
      assert.deepEqual(contentOf(merged(merged(of(a), of(c)), of(b))), all);
    }),
  );
});

test('count, sum, minimum and maximum are exact', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const value = of(values);
      assert.equal(value.count, values.length);
      assert.equal(value.zeroCount, values.filter((ns) => ns === 0).length);
      assert.equal(
        value.sumNs,
        values.reduce((sum, ns) => sum + BigInt(ns), 0n),
      );
      assert.equal(value.minNs, values.length === 0 ? 0 : Math.min(...values));
      assert.equal(value.maxNs, values.length === 0 ? 0 : Math.max(...values));
      const inBuckets = value.denseBuckets().counts.reduce((sum, count) => sum + count, 0);
      assert.equal(inBuckets + value.zeroCount, value.count);
    }),
  );
});

test('a quantile is within 1.09 % of the value of its rank', () => {
  fc.assert(
    fc.property(
      durations.filter((values) => values.length > 0),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
        const quantile = of(values).quantile(q);
        assert.ok(Math.abs(quantile - exact) <= exact * RELATIVE_ERROR * (1 + 1e-9), `${quantile} for ${exact}`);
      },
    ),
  );
});

test('an empty distribution has no quantile, and zeros are zero', () => {
  assert.ok(Number.isNaN(new Distribution().quantile(0.5)));
  assert.equal(new Distribution().meanNs, 0);
  assert.deepEqual(new Distribution().denseBuckets(), { offset: 0, counts: [] });
  assert.equal(of([0, 0, 0, 9]).quantile(0.5), 0);
  assert.equal(of([0, 0, 0, 9]).quantile(1), 9);
});

test('what is no duration is refused and changes nothing', () => {
  const value = of([5]);
  const before = contentOf(value);
  for (const ns of [-1, -0.6, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    assert.throws(() => value.record(ns), RangeError);
  assert.deepEqual(contentOf(value), before);
});

test('fractions are rounded, and what is beyond 104 days is clamped', () => {
  assert.equal(of([1.4]).maxNs, 1);
  assert.equal(of([0.4]).zeroCount, 1);
  assert.equal(of([1e300]).maxNs, MAX_NS);
});

test('the sum stays exact beyond 2^53', () => {
  const value = of([MAX_NS, MAX_NS, 1]);
  const doubled = merged(value, value);
  assert.equal(doubled.sumNs, 4n * BigInt(MAX_NS) + 2n);
  assert.equal(doubled.sumNsNumber, Number(doubled.sumNs));
});

test('a bucket holds up to 2^40 - 1 values', () => {
  const cells: [number, number][] = [];
  for (const [ns, count] of [
    [1, 2 ** 40 - 1],
    [5, 2 ** 39 + 1],
    [2 ** 53 - 1, 1],
  ] as const) {
    const buckets = [bucketIndex(ns), count];
    const parts = { count, sumNs: BigInt(ns) * BigInt(count), minNs: ns, maxNs: ns, buckets };
    Distribution.fromSparseParts(parts).forEachBucket((index, held) => cells.push([index, held]));
  }
  assert.deepEqual(cells, [
    [bucketIndex(1), 2 ** 40 - 1],
    [bucketIndex(5), 2 ** 39 + 1],
    [bucketIndex(2 ** 53 - 1), 1],
  ]);
});

test('a clone is independent, and merging a distribution with itself doubles it', () => {
  const value = of([0, 10, 20_000]);
  const copy = value.clone();
  value.merge(value);
  assert.equal(value.count, 6);
  assert.deepEqual(contentOf(value), contentOf(merged(copy, copy)));
  assert.equal(copy.count, 3);
});
