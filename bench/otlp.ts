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
import { Distribution } from '../core/distribution.js';
import { silentLogger } from '../core/log.js';
import { count, distribution, type Field, type Metric } from '../core/metric.js';
import type { OtlpConfig } from '../plugins/outputs/otlp/config.js';
import { OtlpOutput } from '../plugins/outputs/otlp/otlp.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { JsonChild } from './child.js';

const TARGETS = 10_000;
const BATCH = 1_000;
const PROBES_PER_WINDOW = 10;
const COUNTS = ['sent', 'success', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'];
const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'];
const MAX_STRETCH_MS = 50;
const never = new AbortController().signal;

const RECEIVER = `
import { createServer } from 'node:http';
let bytes = 0;
const server = createServer(async (request, response) => {
  for await (const chunk of request) bytes += chunk.length;
  response.end();
}).listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => { console.log(bytes); process.exit(); });
`;

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
  const receiver = await startReceiver();
  const output = new OtlpOutput(
    { resource_attributes: {}, series_expiry: 600_000, max_series: 200_000, endpoint: receiver.url, ...config },
    {
      name: 'otlp',
      log: silentLogger,
      clock: systemClock,
      agent: { hostname: 'host-00000', labels: {}, version: '0.0.0', windowMs: 10_000 },
      board: undefined as never,
    },
  );
  await output.connect();
  const heapBefore = heapMb();
  let cpuMs = 0;
  let stretchMs = 0;
  // The first window makes the series, and warms up what is to be measured.
  for (let window = 0; window <= windows; window += 1) {
    for (let first = 0; first < TARGETS; first += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, i) => targetMetric(first + i, window));
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
  const receiver = await startReceiver();
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
      const tags = tagsOf(target);
      for (const counter of counters) counter.add(PROBES_PER_WINDOW, tags);
      for (const histogram of histograms) {
        for (let i = 0; i < PROBES_PER_WINDOW; i += 1) histogram.record(latencyNs() / 1e9, tags);
      }
    }
    await reader.forceFlush();
    if (window > 0) cpuMs += cpuMsSince(before);
  }
  await provider.shutdown();
  await receiver.finish();
  return cpuMs / windows;
}

async function startReceiver() {
  const child = new JsonChild(process.execPath, ['--input-type=module', '--eval', RECEIVER]);
  const port = await child.next<number>();
  return { url: `http://127.0.0.1:${port}`, finish: () => child.finish<number>() };
}

/** The most CPU time between two turns of the event loop: not the time that passed, part of which others had. */
async function longestStretchMs(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let last = process.cpuUsage();
  let isDone = false;
  const turn = (): void => {
    longestMs = Math.max(longestMs, cpuMsSince(last));
    last = process.cpuUsage();
    if (!isDone) setTimeout(turn, 1);
  };
  setTimeout(turn, 1);
  await work();
  isDone = true;
  return longestMs;
}

function tagsOf(target: number): Record<string, string> {
  const id = String(target).padStart(5, '0');
  return {
    transport: 'udp',
    src: 'host-00000',
    dst: `host-${id}`,
    clock: 'kernel',
    src_tor: 'tor-000',
    src_pod: 'pod-00',
    dst_tor: `tor-${id.slice(0, 3)}`,
    dst_pod: `pod-${id.slice(0, 2)}`,
  };
}

function targetMetric(target: number, window: number): Metric {
  const fields: Record<string, Field> = {};
  for (const name of COUNTS) fields[name] = count(PROBES_PER_WINDOW, 'probes');
  for (const name of DELAYS) {
    const values = new Distribution();
    for (let i = 0; i < PROBES_PER_WINDOW; i += 1) values.record(latencyNs());
    fields[name] = distribution(values);
  }
  const timeNs = 1_767_225_600_000_000_000n + BigInt(window) * 10_000_000_000n;
  return { name: 'probe', tags: tagsOf(target), fields, timeNs };
}

/** Log-normal around 20 µs, as latencies are. */
function latencyNs(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return 20_000 * Math.exp(0.4 * normal);
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}
