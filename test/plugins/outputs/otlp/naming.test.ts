/** A receiver that makes Prometheus names of ours arrives at those of outputs.prometheus, so that queries fit both. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, distribution, type Field, gauge } from '../../../../core/metric.js';
import { type NumericField, shapeOf } from '../../../../plugins/outputs/otlp/naming.js';
import { shapeOf as prometheusShapeOf } from '../../../../plugins/outputs/prometheus/naming.js';
import { distributionOf } from './output.js';

const SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', '1': '_ratio' };

/** OpenTelemetry's rules for Prometheus: dots, then the unit, then what counts ends in _total. */
function translated(name: string, unit: string, field: Field): string {
  const isRatio = unit === '1';
  const suffix = isRatio && field.kind !== 'gauge' ? '' : (SUFFIXES[unit] ?? '');
  const base = name.replaceAll('.', '_');
  const withUnit = base.endsWith(suffix) ? base : base + suffix;
  return field.kind === 'count' ? `${withUnit}_total` : withUnit;
}

const PROBES = ['sent', 'success', 'timeout', 'send_error', 'invalid', 'stale', 'late', 'duplicate'];
const TCP = [
  'refused',
  'unreachable',
  'retransmitted',
  'payload_success',
  'payload_reset',
  'http_timeout',
  'http_invalid',
];
const PACKETS = ['syn_retransmits', 'payload_retransmits', 'http_retransmits'];
const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay', 'connect_time', 'payload_rtt', 'first_byte'];

const fields: [string, string, NumericField][] = [
  ...[...PROBES, ...TCP].map((key): [string, string, NumericField] => [
    'probe',
    key,
    count(1, 'probes') as NumericField,
  ]),
  ...PACKETS.map((key): [string, string, NumericField] => ['probe', key, count(1, 'packets') as NumericField]),
  ...DELAYS.map((key): [string, string, NumericField] => [
    'probe',
    key,
    distribution(distributionOf(1)) as NumericField,
  ]),
  ['probe', 'drop_rate', gauge(0.5, 'ratio') as NumericField],
  ['probe', 'http_status', gauge(200) as NumericField],
  ['probe', 'source_port', gauge(200) as NumericField],
  ['weft_agent', 'uptime', gauge(1, 's') as NumericField],
  ['weft_output', 'buffer_bytes', gauge(1, 'bytes') as NumericField],
  ['weft_output', 'writes', count(1, 'writes') as NumericField],
  ['loadavg', 'load1', gauge(1) as NumericField],
  ['ifstat', 'octets_total', count(1, 'bytes') as NumericField],
];

for (const [name, key, field] of fields) {
  test(`${name}.${key}`, () => {
    const shape = shapeOf(name, key, field);
    const prometheus = prometheusShapeOf(name, key, field);
    assert.equal(translated(shape.name, shape.unit, field), prometheus.family);
    assert.equal(shape.result, prometheus.label?.[1]);
    assert.equal(shape.divisor, prometheus.divisor);
  });
}

test('a unit that is no word is left out', () => {
  assert.equal(shapeOf('m', 'f', gauge(1, 'a{b}') as NumericField).unit, '');
  assert.equal(shapeOf('m', 'constructor', gauge(1, 'constructor') as NumericField).unit, '{constructor}');
  assert.equal(shapeOf('probe', 'constructor', gauge(1) as NumericField).name, 'weft.probe.constructor');
});
