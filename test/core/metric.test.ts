import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../core/distribution.js';
import { count, distribution, gauge, isEndOfSeries, seriesKey, text } from '../../core/metric.js';

test('the series key does not depend on the order of tags', () => {
  const a = seriesKey({ name: 'probe', tags: { src: 'a', dst: 'b' } });
  assert.equal(seriesKey({ name: 'probe', tags: { dst: 'b', src: 'a' } }), a);
});

test('series that differ in name, tag or value have different keys', () => {
  const keys = [
    seriesKey({ name: 'probe', tags: {} }),
    seriesKey({ name: 'probe', tags: { a: 'b' } }),
    seriesKey({ name: 'probe', tags: { a: 'bc' } }),
    seriesKey({ name: 'probe', tags: { ab: 'c' } }),
    seriesKey({ name: 'probea', tags: { b: '' } }),
    seriesKey({ name: 'probe', tags: { a: 'b', c: 'd' } }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test('fields carry their kind and unit', () => {
  const value = new Distribution();
  assert.deepEqual(gauge(1), { kind: 'gauge', value: 1, unit: '1' });
  assert.deepEqual(count(2, 'probes'), { kind: 'count', value: 2, unit: 'probes' });
  assert.deepEqual(text('x'), { kind: 'text', value: 'x' });
  assert.deepEqual(distribution(value), { kind: 'distribution', value, unit: 'ns' });
});

test('a metric without fields ends its series', () => {
  assert.equal(isEndOfSeries({ name: 'probe', tags: {}, fields: {}, timeNs: 0n }), true);
  assert.equal(isEndOfSeries({ name: 'probe', tags: {}, fields: { sent: count(0) }, timeNs: 0n }), false);
});
