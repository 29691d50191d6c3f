import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution, type DistributionParts, type SparseParts } from '../../core/distribution.js';

function partsOf(value: Distribution): DistributionParts {
  const { count, sumNs, minNs, maxNs } = value;
  return { count, sumNs, minNs, maxNs, buckets: value.denseBuckets() };
}

test('a distribution reads back what it was written as', () => {
  const original = new Distribution();
  for (const ns of [0, 0, 1, 700, 701, 1_500_000, 9e15, 9e15]) original.record(ns);
  const read = Distribution.fromParts(partsOf(original));
  assert.deepEqual(partsOf(read), partsOf(original));
  assert.equal(read.zeroCount, 2);
  assert.equal(read.quantile(0.5), original.quantile(0.5));
  read.merge(original);
  assert.equal(read.count, 16);
});

test('an empty distribution reads back as empty', () => {
  assert.deepEqual(partsOf(Distribution.fromParts(partsOf(new Distribution()))), partsOf(new Distribution()));
});

test('parts that no distribution has are refused', () => {
  const valid = { count: 2, sumNs: 3, minNs: 1, maxNs: 2, buckets: { offset: -900, counts: [1, 1] } };
  const broken: Partial<DistributionParts>[] = [
    { count: 1 },
    { count: 2.5 },
    { count: Number.NaN },
    { minNs: 3 },
    { minNs: -1 },
    { buckets: { offset: -900, counts: [-1, 3] } },
    { buckets: { offset: 0.5, counts: [1, 1] } },
  ];
  for (const change of broken) {
    assert.throws(() => Distribution.fromParts({ ...valid, ...change }), RangeError, JSON.stringify(change));
  }
});

function sparsePartsOf(value: Distribution): SparseParts {
  const { count, sumNs, minNs, maxNs } = value;
  const buckets: number[] = [];
  value.forEachBucket((index, inBucket) => buckets.push(index, inBucket));
  return { count, sumNs, minNs, maxNs, buckets };
}

test('any distribution, merged ones too, reads back from its populated buckets', () => {
  const durations = fc.array(fc.oneof(fc.nat(5), fc.nat(10_000_000), fc.maxSafeNat()));
  fc.assert(
    fc.property(durations, durations, (some, others) => {
      const [original, more] = [new Distribution(), new Distribution()];
      for (const ns of some) original.record(ns);
      for (const ns of others) more.record(ns);
      original.merge(more);
      const read = Distribution.fromSparseParts(sparsePartsOf(original));
      assert.deepEqual(partsOf(read), partsOf(original));
      assert.equal(read.zeroCount, original.zeroCount);
    }),
  );
});

test('sparse parts that do not agree with each other are refused', () => {
  const whole = new Distribution();
  for (const ns of [1, 700, 1_500_000]) whole.record(ns);
  const valid = sparsePartsOf(whole);
  const [first = 0, second = 0, third = 0] = [valid.buckets[0], valid.buckets[2], valid.buckets[4]];
  const broken: Partial<SparseParts>[] = [
    { count: 2 },
    { count: 4 },
    { count: Number.NaN },
    { sumNs: 2 },
    { sumNs: 4_500_001 },
    { minNs: 0 },
    { minNs: 3 },
    { maxNs: 700 },
    { maxNs: 2_000_000 },
    { buckets: [first, 1, second, 1, third] },
    { buckets: [second, 1, first, 1, third, 1] },
    { buckets: [first, 1, first, 1, third, 1] },
    { buckets: [first, 0, second, 2, third, 1] },
    { buckets: [first, 1, second, 1.5, third, 1] },
    { buckets: [first, 1, second, 1, 740, 1] },
    { buckets: [] },
  ];
  for (const change of broken) {
    assert.throws(() => Distribution.fromSparseParts({ ...valid, ...change }), RangeError, JSON.stringify(change));
  }
});
