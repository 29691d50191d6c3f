import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bounds, formatBound } from '../../../../plugins/outputs/prometheus/bounds.js';
import { DEFAULT_BUCKETS } from '../../../../plugins/outputs/prometheus/config.js';
import { recorded } from './exporter.js';

const durations = fc.array(fc.integer({ min: 0, max: 2_000_000_000 }), { maxLength: 200 });

test('counts at powers of two are exact', () => {
  const bounds = new Bounds(DEFAULT_BUCKETS);
  fc.assert(
    fc.property(durations, (valuesNs) => {
      const expected = DEFAULT_BUCKETS.map((bound) => valuesNs.filter((ns) => ns <= bound * 1e9).length);
      assert.deepEqual([...bounds.cumulate(recorded(...valuesNs))], expected);
    }),
  );
});

test('counts at other bounds miss at most what one fine bucket below the bound holds', () => {
  const seconds = [0.000_025, 0.001, 0.1, 0.7];
  const bounds = new Bounds(seconds);
  fc.assert(
    fc.property(durations, (valuesNs) => {
      const counts = bounds.cumulate(recorded(...valuesNs));
      for (const [i, bound] of seconds.entries()) {
        const atMost = valuesNs.filter((ns) => ns <= bound * 1e9).length;
        const atLeast = valuesNs.filter((ns) => ns <= (bound * 1e9) / 2 ** (1 / 32)).length;
        assert.ok((counts[i] ?? -1) <= atMost && (counts[i] ?? -1) >= atLeast, `${counts[i]} at ${bound}`);
      }
    }),
  );
});

test('a bound below one nanosecond counts zeros only', () => {
  assert.deepEqual([...new Bounds([1e-10, 1]).cumulate(recorded(0, 1))], [1, 2]);
});

test('bounds are written as Go writes them', () => {
  const written = [2 ** -20, 1e-6, 0.0001, 0.25, 1, 10, 1e21, 1.5e-10].map(formatBound);
  assert.deepEqual(written, ['9.5367431640625e-07', '1e-06', '0.0001', '0.25', '1', '10', '1e+21', '1.5e-10']);
});
