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
  ['probe', 'refused', count(1, 'probes'), 'weft_probe_refused_total', 'counter', 1],
  ['probe', 'unreachable', count(1, 'probes'), 'weft_probe_unreachable_total', 'counter', 1],
  ['probe', 'retransmitted', count(1, 'probes'), 'weft_probe_retransmitted_total', 'counter', 1],
  ['probe', 'syn_retransmits', count(1, 'packets'), 'weft_probe_syn_retransmits_total', 'counter', 1],
  ['probe', 'drop_rate', gauge(0.5, 'ratio'), 'weft_probe_drop_rate_ratio', 'gauge', 1],
  ['probe', 'source_port', gauge(40_000), 'weft_probe_source_port', 'gauge', 1],
  ['probe', 'payload_retransmits', count(1, 'packets'), 'weft_probe_payload_retransmits_total', 'counter', 1],
  ['probe', 'payload_rtt', distribution(new Distribution()), 'weft_probe_payload_rtt_seconds', 'histogram', 1e9],
  ['probe', 'http_retransmits', count(1, 'packets'), 'weft_probe_http_retransmits_total', 'counter', 1],
  ['probe', 'http_status', gauge(200), 'weft_probe_http_status', 'gauge', 1],
  ['probe', 'first_byte', distribution(new Distribution()), 'weft_probe_http_first_byte_seconds', 'histogram', 1e9],
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

for (const [prefix, family, results] of [
  ['', 'weft_probes_total', ['success', 'timeout', 'send_error', 'invalid', 'stale']],
  ['payload_', 'weft_probe_payload_total', ['success', 'timeout', 'invalid', 'reset']],
  ['http_', 'weft_probe_http_total', ['success', 'timeout', 'invalid', 'reset']],
] as const) {
  test(`${family} tells its results apart by a label`, () => {
    for (const result of results) {
      const shape = shapeOf('probe', prefix + result, count(1, 'probes') as NumericField);
      assert.deepEqual([shape.family, shape.type, shape.label], [family, 'counter', ['result', result]]);
    }
  });
}
