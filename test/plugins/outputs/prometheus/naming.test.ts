import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, gauge } from '../../../../core/metric.js';
import { type NumericField, shapeOf } from '../../../../plugins/outputs/prometheus/naming.js';

const CASES: readonly [name: string, key: string, field: unknown, family: string, type: string, divisor: number][] = [
  ['probe', 'success', count(1, 'probes'), 'weft_probes_total', 'counter', 1],
  ['probe', 'network_rtt', distribution(new Distribution()), 'weft_probe_network_rtt_seconds', 'histogram', 1e9],
  ['probe', 'network_rtt', gauge(1, 'ns'), 'weft_probe_network_rtt_seconds', 'gauge', 1e9],
  ['probe', 'success', gauge(1), 'weft_probe_success', 'gauge', 1],
  ['probe', 'constructor', count(1), 'weft_probe_constructor_total', 'counter', 1],
  ['disk', 'wait', gauge(1, 'ms'), 'disk_wait_seconds', 'gauge', 1e3],
  ['disk', 'busy', count(1, 's'), 'disk_busy_seconds_total', 'counter', 1],
  ['disk', 'free_bytes', gauge(1, 'bytes'), 'disk_free_bytes', 'gauge', 1],
  ['disk', 'used', gauge(1, 'ratio'), 'disk_used_ratio', 'gauge', 1],
  ['disk', 'reads_total', count(1, 'reads'), 'disk_reads_total', 'counter', 1],
  ['disk', 'reads_total', gauge(1, 'toString'), 'disk_reads', 'gauge', 1],
  ['my-plugin.x', 'a b', gauge(1), 'my_plugin_x_a_b', 'gauge', 1],
];

for (const [name, key, field, family, type, divisor] of CASES) {
  test(`${name} ${key} → ${family} (${type})`, () => {
    const shape = shapeOf(name, key, field as NumericField);
    assert.deepEqual([shape.family, shape.type, shape.divisor], [family, type, divisor]);
    assert.ok(shape.help.length > 0);
  });
}
