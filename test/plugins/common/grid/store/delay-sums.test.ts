import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../../../../core/distribution.js';
import { ByteReader, ByteWriter } from '../../../../../plugins/common/grid/store/bytes.js';
import { DelaySums, MAX_DELAY_BYTES, skipDelay } from '../../../../../plugins/common/grid/store/delay-sums.js';
import { durations, recorded } from './probes.js';

const QS = [0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function figuresOf(sums: DelaySums): unknown {
  const quantiles = new Float64Array(QS.length);
  if (sums.count > 0) sums.quantiles(QS, quantiles);
  return { count: sums.count, min: sums.minNs, max: sums.maxNs, mean: sums.meanNs, quantiles: [...quantiles] };
}

function figuresOfDistribution(values: Distribution): unknown {
  const quantiles = values.count > 0 ? QS.map((q) => values.quantile(q)) : QS.map(() => 0);
  return { count: values.count, min: values.minNs, max: values.maxNs, mean: values.meanNs, quantiles };
}

function written(sums: DelaySums): Uint8Array {
  const writer = new ByteWriter(MAX_DELAY_BYTES);
  sums.write(writer);
  return writer.bytes.slice(0, writer.length);
}

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.bytes = bytes;
  return reader;
}

test('figures are those of a Distribution of the same values, however they were grouped, written and read', () => {
  fc.assert(
    fc.property(fc.array(durations, { maxLength: 6 }), (groups) => {
      const sums = new DelaySums();
      sums.add(recorded([1, 2, 3]));
      sums.clear();
      for (const [i, group] of groups.entries()) {
        if (i % 2 === 0) {
          sums.add(recorded(group));
          continue;
        }
        const one = new DelaySums();
        one.add(recorded(group));
        sums.addWritten(readerOf(written(one)));
      }
      assert.deepEqual(figuresOf(sums), figuresOfDistribution(recorded(groups.flat())));
    }),
  );
});

test('what is written is read and passed over to its last byte, and written again is the same', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const sums = new DelaySums();
      sums.add(recorded(values));
      const bytes = written(sums);
      const [reading, passing] = [readerOf(bytes), readerOf(bytes)];
      const copy = new DelaySums();
      copy.addWritten(reading);
      skipDelay(passing);
      assert.deepEqual([reading.at, passing.at], [bytes.length, bytes.length]);
      assert.deepEqual(written(copy), bytes);
    }),
  );
});

test('sums far beyond 2^53 ns stay exact', () => {
  const sums = new DelaySums();
  const total = new Distribution();
  for (let i = 0; i < 40; i += 1) {
    const values = recorded([Number.MAX_SAFE_INTEGER, 2 ** 52 + i, 7]);
    total.merge(values);
    const one = new DelaySums();
    one.add(values);
    sums.addWritten(readerOf(written(one)));
  }
  assert.deepEqual(figuresOf(sums), figuresOfDistribution(total));
});

test('parts that contradict each other, as a peer may send them, are kept as they are', () => {
  const parts = [
    { count: 3, sumNs: 5, minNs: 0, maxNs: 9e15, buckets: { offset: -500, counts: [2, 1] } },
    { count: 2, sumNs: 1, minNs: 40, maxNs: 50, buckets: { offset: 0, counts: [] } },
    { count: 2 ** 50, sumNs: 2n ** 80n, minNs: 1, maxNs: 2, buckets: { offset: -957, counts: [2 ** 39] } },
  ];
  for (const part of parts) {
    const values = Distribution.fromParts(part);
    const sums = new DelaySums();
    sums.add(values);
    const bytes = written(sums);
    const copy = new DelaySums();
    copy.addWritten(readerOf(bytes));
    assert.deepEqual(figuresOf(copy), figuresOf(sums));
    assert.deepEqual(figuresOf(copy), figuresOfDistribution(values));
    const passing = readerOf(bytes);
    skipDelay(passing);
    assert.equal(passing.at, bytes.length);
  }
});

test('buckets beyond any duration do no harm', () => {
  const values = Distribution.fromParts({
    count: 2,
    sumNs: 4,
    minNs: 1,
    maxNs: 3,
    buckets: { offset: 5000, counts: [2] },
  });
  const sums = new DelaySums();
  sums.add(values);
  const copy = new DelaySums();
  copy.addWritten(readerOf(written(sums)));
  assert.equal(copy.count, 2);
});

test('the largest distribution fits into what is reserved for one', () => {
  const values = Distribution.fromParts({
    count: 1697 * 2 ** 40,
    sumNs: 2n ** 90n,
    minNs: 0,
    maxNs: Number.MAX_SAFE_INTEGER,
    buckets: { offset: -957, counts: Array.from({ length: 1697 }, () => 2 ** 40 - 1) },
  });
  const sums = new DelaySums();
  sums.add(values);
  assert.ok(written(sums).length <= MAX_DELAY_BYTES);
});

test('the steps of a CDF ascend and end at the maximum with all values', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const sums = new DelaySums();
      sums.add(recorded(values));
      const steps: [number, number][] = [];
      sums.forEachStep((upToNs, count) => void steps.push([upToNs, count]));
      for (const [i, [upToNs, count]] of steps.entries()) {
        const below = steps[i - 1] ?? [-1, 0];
        assert.ok(upToNs > below[0] && count > below[1]);
        assert.ok(values.filter((ns) => ns <= upToNs * (1 + 1e-12)).length >= count);
      }
      if (values.length > 0) assert.deepEqual(steps.at(-1), [Math.max(...values), values.length]);
    }),
  );
});
