/**
 * A window of 10 000 targets over OTLP: CPU, bytes, how long the event loop was held up, and what the totals weigh; beside it the
 * SDK as it comes, with its instruments recording the same values into exponential histograms. The receiver is a process of its
 * own, so that only the sender's work is counted.
 */

import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { MetricsExporterMetricsHelper, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { metrics as sdk } from '@opentelemetry/sdk-node';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/log.js';
import { createBoard } from '../core/pinglist/board.js';
import type { OtlpConfig } from '../plugins/outputs/otlp/config.js';
import { OtlpOutput } from '../plugins/outputs/otlp/otlp.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { cpuMsSince, heapMb, longestStretchMs } from './own-cost.js';
import { startSink } from './sink.js';
import { COUNTS, DELAYS, latencyNs, PROBES_PER_WINDOW, targetTags, targetWindow } from './target-window.js';

const TARGETS = 10_000;
const BATCH = 1_000;
const MAX_STRETCH_MS = 50;
const START_NS = 1_767_225_600_000_000_000n;
const WINDOW_NS = 10_000_000_000n;
const MEDIAN_NS = 20_000;
const never = new AbortController().signal;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const windows = quick ? 1 : 5;
  const rows: BenchRow[] = [];
  const plain = await ours(windows, { protocol: 'http/protobuf', temporality: 'cumulative' });
  const theirs = await asItComes(windows);
  rows.push(
    {
      name: 'otlp: CPU of a window, cumulative',
      value: plain.cpuMs,
      unit: 'ms',
      limit: theirs,
      ratio: plain.cpuMs / theirs,
      budget: '≤ 1 × the SDK as it comes',
      ok: plain.cpuMs <= theirs,
    },
    { name: 'otlp: CPU per 1 000 metrics', value: (plain.cpuMs * 1000) / TARGETS, unit: 'ms' },
    { name: 'otlp: size of a window', value: plain.bytes / 1e6, unit: 'MB' },
    { name: 'otlp: heap of the totals', value: plain.heapMb, unit: 'MB' },
    {
      name: 'otlp: event loop held up',
      value: plain.stretchMs,
      unit: 'ms',
      budget: '≤ 50 ms',
      ok: plain.stretchMs <= MAX_STRETCH_MS,
    },
  );
  for (const [name, config] of [
    ['delta', { protocol: 'http/protobuf', temporality: 'delta' }],
    ['JSON', { protocol: 'http/json', temporality: 'cumulative' }],
    ['gzip', { protocol: 'http/protobuf', temporality: 'cumulative', compression: 'gzip' }],
  ] as const) {
    const { cpuMs, bytes } = await ours(windows, config);
    rows.push(
      { name: `otlp: CPU of a window, ${name}`, value: cpuMs, unit: 'ms' },
      { name: `otlp: size of a window, ${name}`, value: bytes / 1e6, unit: 'MB' },
    );
  }
  return rows;
}

interface Figures {
  readonly cpuMs: number;
  readonly bytes: number;
  readonly heapMb: number;
  readonly stretchMs: number;
}

async function ours(windows: number, config: Partial<OtlpConfig>): Promise<Figures> {
  const receiver = await startSink();
  const output = new OtlpOutput(
    { resource_attributes: {}, series_expiry: 600_000, max_series: 200_000, endpoint: receiver.url, ...config },
    {
      name: 'otlp',
      log: silentLogger,
      clock: systemClock,
      agent: { hostname: 'host-00000', labels: {}, version: '0.0.0', windowMs: 10_000 },
      board: createBoard({ log: silentLogger, maxRate: 1 }),
    },
  );
  await output.connect();
  const heapBefore = heapMb();
  let cpuMs = 0;
  let stretchMs = 0;
  // The first window makes the series, and warms up what is to be measured.
  for (let window = 0; window <= windows; window += 1) {
    const timeNs = START_NS + BigInt(window) * WINDOW_NS;
    for (let first = 0; first < TARGETS; first += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, i) => targetWindow(first + i, timeNs));
      const before = process.cpuUsage();
      const longest = await longestStretchMs(() => output.write(batch, never));
      if (window === 0) continue;
      cpuMs += cpuMsSince(before);
      stretchMs = Math.max(stretchMs, longest);
    }
  }
  const heap = heapMb() - heapBefore;
  await output.close();
  const bytes = await receiver.finish();
  return { cpuMs: cpuMs / windows, bytes: bytes / (windows + 1), heapMb: heap, stretchMs };
}

/** CPU of a window in ms: every value recorded by an instrument, then collected and exported. */
async function asItComes(windows: number): Promise<number> {
  const receiver = await startSink();
  const options = convertLegacyHttpOptions({ url: `${receiver.url}/v1/metrics` }, 'METRICS', 'v1/metrics', {
    'Content-Type': 'application/x-protobuf',
  });
  const exporter = new OTLPExporterBase(
    createOtlpHttpExportDelegate(options, ProtobufMetricsSerializer, 'bench', MetricsExporterMetricsHelper, undefined),
  );
  const reader = new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const exponential = { type: sdk.AggregationType.EXPONENTIAL_HISTOGRAM } as const;
  const provider = new sdk.MeterProvider({
    readers: [reader],
    views: [
      // The default of 2 000 would fold most series into one.
      {
        instrumentType: sdk.InstrumentType.HISTOGRAM,
        aggregation: exponential,
        aggregationCardinalityLimit: 2 * TARGETS,
      },
      { instrumentType: sdk.InstrumentType.COUNTER, aggregationCardinalityLimit: 2 * TARGETS },
    ],
  });
  const meter = provider.getMeter('bench');
  const counters = COUNTS.map((name) => meter.createCounter(name));
  const histograms = DELAYS.map((name) => meter.createHistogram(name, { unit: 's' }));
  let cpuMs = 0;
  for (let window = 0; window <= windows; window += 1) {
    const before = process.cpuUsage();
    for (let target = 0; target < TARGETS; target += 1) {
      const tags = targetTags(target);
      for (const counter of counters) counter.add(PROBES_PER_WINDOW, tags);
      for (const histogram of histograms) {
        for (let i = 0; i < PROBES_PER_WINDOW; i += 1) histogram.record(latencyNs(MEDIAN_NS) / 1e9, tags);
      }
    }
    await reader.forceFlush();
    if (window > 0) cpuMs += cpuMsSince(before);
  }
  await provider.shutdown();
  await receiver.finish();
  return cpuMs / windows;
}
