import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../../../core/distribution.js';
import type { Metric } from '../../../../core/metric.js';
import { decodeMetric, encodeMetric } from '../../../../core/pipeline/disk/metric-codec.js';
import { anyMetric } from '../../../support/metrics.js';

/** A distribution as what can be seen of it: its fields are private, and deepEqual would not look at them. */
function visible({ name, tags, fields, timeNs }: Metric): unknown {
  const shown = Object.entries(fields).map(([key, field]) => {
    if (field.kind !== 'distribution') return [key, field];
    const { count, zeroCount, sumNs, minNs, maxNs } = field.value;
    return [key, field.unit, count, zeroCount, sumNs, minNs, maxNs, field.value.denseBuckets()];
  });
  return [name, Object.entries(tags), shown, timeNs];
}

test('every metric is read back as it was written, on one line', () => {
  fc.assert(
    fc.property(anyMetric, (metric) => {
      const line = encodeMetric(metric);
      assert.ok(!line.includes('\n'));
      assert.deepEqual(visible(decodeMetric(line)), visible(metric));
    }),
    { numRuns: 2000 },
  );
});

test('so is a distribution of a million merged ones', () => {
  const value = new Distribution();
  value.record(2 ** 53);
  value.record(0);
  for (let i = 0; i < 20; i += 1) value.merge(value.clone());
  const metric: Metric = {
    name: 'm',
    tags: {},
    fields: { d: { kind: 'distribution', value, unit: 'ns' } },
    timeNs: 0n,
  };
  assert.deepEqual(visible(decodeMetric(encodeMetric(metric))), visible(metric));
});

test('what is no metric is refused', () => {
  for (const line of [
    '',
    'null',
    '[]',
    '["m",{},["a","what",1,"1"],"1"]',
    '["m",{},[],"x"]',
    '["m",{},["d","distribution",[1],"ns"],"1"]',
  ])
    assert.throws(() => decodeMetric(line), Error, line);
});
