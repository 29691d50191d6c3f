import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution, type DistributionParts } from '../../core/distribution.js';

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
