/** The protobuf page, read by the published schema of the format and not by code of ours. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { count, distribution, gauge, type Metric } from '../../../../core/metric.js';
import { CONTENT_TYPE } from '../../../../plugins/outputs/prometheus/negotiate.js';
import { fetchUrl } from '../../../support/http-client.js';
import { exporter, probeMetric, recorded, urlOf } from './exporter.js';

/** prometheus/client_model, io/prometheus/client/metrics.proto, what of it a page may hold. */
const SCHEMA = `
syntax = "proto2";
message LabelPair { optional string name = 1; optional string value = 2; }
enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
message Gauge { optional double value = 1; }
message Counter { optional double value = 1; }
message Bucket { optional uint64 cumulative_count = 1; optional double upper_bound = 2; }
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Histogram {
  optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Bucket bucket = 3;
  optional sint32 schema = 5; optional double zero_threshold = 6; optional uint64 zero_count = 7;
  repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13 [packed = true];
}
message Metric {
  repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3;
  optional Histogram histogram = 7; optional int64 timestamp_ms = 6;
}
message MetricFamily {
  optional string name = 1; optional string help = 2; optional MetricType type = 3; repeated Metric metric = 4;
}`;
const MetricFamily = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('MetricFamily');

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metric: readonly Record<string, unknown>[];
}

function decode(page: Buffer): Map<string, Family> {
  const reader = protobuf.Reader.create(page);
  const families = new Map<string, Family>();
  while (reader.pos < reader.len) {
    const family = MetricFamily.toObject(MetricFamily.decodeDelimited(reader), {
      longs: Number,
      enums: String,
    }) as Family;
    assert.ok(!families.has(family.name), `${family.name} comes twice`);
    families.set(family.name, family);
  }
  return families;
}

async function familiesOf(
  t: Parameters<typeof exporter>[0],
  metrics: Metric[],
  options = {},
): Promise<Map<string, Family>> {
  const output = await exporter(t, options);
  await output.write(metrics);
  const { body } = await fetchUrl(urlOf(output).href, { headers: { accept: CONTENT_TYPE.protobuf } });
  return decode(body);
}

const label = (name: string, value: string) => ({ name, value });
const LABELS = [label('dst', 'b'), label('src', 'host-a'), label('transport', 'udp')];

test('counters and gauges', async (t) => {
  const metric = { ...probeMetric({ dst: 'b' }), fields: { success: count(3), timeout: count(1), mood: gauge(-0.5) } };
  const families = await familiesOf(t, [metric]);
  assert.deepEqual(families.get('weft_probes_total'), {
    name: 'weft_probes_total',
    help: 'Probes that ended, by result.',
    type: 'COUNTER',
    metric: [
      { label: [...LABELS, label('result', 'success')], counter: { value: 3 } },
      { label: [...LABELS, label('result', 'timeout')], counter: { value: 1 } },
    ],
  });
  assert.deepEqual(families.get('weft_probe_mood')?.metric, [{ label: LABELS, gauge: { value: -0.5 } }]);
});

test('native histograms have spans and deltas, indices one above OpenTelemetry’s, and a zero bucket', async (t) => {
  // 1 s = 2^0 is the upper bound of bucket 0 here; 0.97 s and 1.01 s lie in the buckets below and above.
  const values = recorded(0, 970_000_000, 1_000_000_000, 1_000_000_000, 1_010_000_000, 2_000_000_000);
  const families = await familiesOf(t, [
    { ...probeMetric({ dst: 'b' }), fields: { network_rtt: distribution(values) } },
  ]);
  assert.deepEqual(families.get('weft_probe_network_rtt_seconds')?.metric, [
    {
      label: LABELS,
      histogram: {
        sample_count: 6,
        sample_sum: 5.98,
        schema: 5,
        zero_threshold: 2 ** -30,
        zero_count: 1,
        positive_span: [
          { offset: -1, length: 3 },
          { offset: 30, length: 1 },
        ],
        positive_delta: [1, 1, -1, 0],
      },
    },
  ]);
});

test('classic buckets stand beside the native ones if asked for', async (t) => {
  const options = { classic_with_native: true, buckets: [0.001, 1] };
  const families = await familiesOf(t, [probeMetric({ dst: 'b' }, 1000, 2_000_000)], options);
  const histogram = families.get('weft_probe_network_rtt_seconds')?.metric[0]?.histogram as { bucket: unknown };
  assert.deepEqual(histogram.bucket, [
    { cumulative_count: 1, upper_bound: 0.001 },
    { cumulative_count: 2, upper_bound: 1 },
  ]);
});

test('the exporter’s own metrics are on the page too', async (t) => {
  const families = await familiesOf(t, [], { runtime_metrics: true });
  assert.equal(families.get('process_cpu_seconds_total')?.type, 'COUNTER');
  const scrapes = families.get('weft_prometheus_scrape_duration_seconds');
  const histogram = scrapes?.metric[0]?.histogram as { sample_count: number; bucket: { upper_bound: number }[] };
  assert.deepEqual([scrapes?.type, histogram.sample_count, histogram.bucket.length], ['HISTOGRAM', 0, 11]);
  assert.equal(histogram.bucket.at(-1)?.upper_bound, 10);
});

test('a count beyond 32 bits and a large delta survive', async (t) => {
  const values = recorded(1000);
  for (let i = 0; i < 33; i += 1) values.merge(values.clone());
  const families = await familiesOf(t, [
    { ...probeMetric({ dst: 'b' }), fields: { network_rtt: distribution(values) } },
  ]);
  const histogram = families.get('weft_probe_network_rtt_seconds')?.metric[0]?.histogram as Record<string, unknown>;
  assert.deepEqual([histogram.sample_count, histogram.positive_delta], [2 ** 33, [2 ** 33]]);
});
