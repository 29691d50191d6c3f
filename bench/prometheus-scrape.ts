/**
 * A scrape of 10 000 targets, as the agent serves it: CPU, bytes, how long the event loop was held up, and what the
 * totals weigh. The scraper is a process of its own, so that only the exporter's work is counted.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../core/clock.js';
import type { PluginContext } from '../core/plugin.js';
import { DEFAULT_BUCKETS } from '../plugins/outputs/prometheus/config.js';
import { CONTENT_TYPE } from '../plugins/outputs/prometheus/negotiate.js';
import { PrometheusOutput } from '../plugins/outputs/prometheus/prometheus.js';
import type { BenchRow } from './bench-row.js';
import { cpuMsSince, heapMb, longestStretchMs } from './own-cost.js';
import { targetWindow } from './target-window.js';

const TARGETS = 10_000;
const WINDOWS = 10;
const SCRAPES = 5;
const MAX_CPU_MS = 300;
const MAX_STRETCH_MS = 50;

export async function run(): Promise<BenchRow[]> {
  const heapBefore = heapMb();
  const output = new PrometheusOutput(benchConfig(), benchContext());
  await output.connect(new AbortController().signal);
  try {
    const writeMs = await fill(output);
    const rows: BenchRow[] = [
      { name: 'prometheus: write of one window', value: writeMs, unit: 'ms' },
      { name: 'prometheus: heap of the totals', value: heapMb() - heapBefore, unit: 'MB' },
    ];
    for (const [name, accept] of [
      ['text', 'text/plain'],
      ['protobuf', CONTENT_TYPE.protobuf],
    ] as const) {
      rows.push(...(await scrapes(name, output.url ?? '', accept)));
    }
    return rows;
  } finally {
    await output.close();
  }
}

async function fill(output: PrometheusOutput): Promise<number> {
  let cpuMs = 0;
  for (let window = 0; window < WINDOWS; window += 1) {
    for (let first = 0; first < TARGETS; first += 1000) {
      const batch = Array.from({ length: 1000 }, (_, i) => targetWindow(first + i, systemClock.nowNs()));
      const before = process.cpuUsage();
      await output.write(batch);
      cpuMs += cpuMsSince(before);
    }
  }
  return cpuMs / WINDOWS;
}

async function scrapes(name: string, url: string, accept: string): Promise<BenchRow[]> {
  await scrape(url, accept);
  const before = process.cpuUsage();
  const startMs = performance.now();
  let bytes = 0;
  for (let i = 0; i < SCRAPES; i += 1) bytes = await scrape(url, accept);
  const timeMs = (performance.now() - startMs) / SCRAPES;
  const cpuMs = cpuMsSince(before) / SCRAPES;
  const stretchMs = await longestStretchMs(() => scrape(url, accept));
  const row = (what: string): string => `prometheus: scrape, ${name}: ${what}`;
  return [
    { name: row('CPU'), value: cpuMs, unit: 'ms', budget: '≤ 300 ms', ok: cpuMs <= MAX_CPU_MS },
    { name: row('time'), value: timeMs, unit: 'ms' },
    { name: row('size'), value: bytes / 1e6, unit: 'MB' },
    {
      name: row('event loop held up'),
      value: stretchMs,
      unit: 'ms',
      budget: '≤ 50 ms',
      ok: stretchMs <= MAX_STRETCH_MS,
    },
  ];
}

const SCRAPER = `
const [url, Accept] = process.argv.slice(1);
const response = await fetch(url, { headers: { Accept, 'Accept-Encoding': 'identity' } });
let bytes = 0;
for await (const chunk of response.body) bytes += chunk.length;
console.log(bytes);
`;

async function scrape(url: string, accept: string): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRAPER, url, accept], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return Number(text);
}

function benchConfig(): ConstructorParameters<typeof PrometheusOutput>[0] {
  return {
    listen: '127.0.0.1:0',
    path: '/metrics',
    native_histograms: true,
    classic_with_native: false,
    buckets: [...DEFAULT_BUCKETS],
    series_expiry: 0,
    max_series: 200_000,
    gzip: false,
    runtime_metrics: true,
  };
}

function benchContext(): PluginContext {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const board = {
    publish() {},
    retract() {},
    subscribe: () => () => {},
    announce: () => () => {},
    expectEndpoints: () => () => {},
    subscribeEndpoints: () => () => {},
  };
  const agent = { hostname: 'host-00000', labels: {}, version: '0', windowMs: 10_000 };
  return { name: 'prometheus', log, clock: systemClock, agent, board } as unknown as PluginContext;
}
