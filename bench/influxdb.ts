/** What it costs to write windows of probes to InfluxDB: each version of the output, and the package `influx` as it comes. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { InfluxDB, type IPoint } from 'influx';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/log.js';
import type { Metric } from '../core/metric.js';
import { createBoard } from '../core/pinglist/board.js';
import { visitValues } from '../plugins/common/line-protocol.js';
import type { InfluxdbConfig } from '../plugins/outputs/influxdb/config.js';
import { InfluxdbOutput } from '../plugins/outputs/influxdb/influxdb.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { probeWindow } from './probe-window.js';
import { startSink } from './sink.js';
import { median } from './statistics.js';

const BATCH = 5000;
const BATCHES = 8;
const never = new AbortController().signal;

interface Writer {
  readonly name: string;
  write(batch: readonly Metric[]): Promise<void>;
  close(): Promise<void>;
}

interface Cost {
  readonly rate: number;
  /** CPU of this process, ms per 1 000 metrics. */
  readonly cpuMs: number;
  readonly bytes: number;
  /** How long the event loop was held up at most, ms. */
  readonly blockedMs: number;
}

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const batches = quick ? 2 : BATCHES;
  const metrics = Array.from({ length: BATCH }, (_, i) => probeWindow(i));
  const makers = [packageWriter, ...([1, 2, 3] as const).map((version) => (url: string) => outputWriter(version, url))];
  const costs = makers.map((): Cost[] => []);
  let names: string[] = [];
  // In turn, so that what else the machine does befalls all alike; the first round warms up.
  for (let round = 0; round <= (quick ? 1 : 5); round += 1) {
    names = [];
    for (const [i, make] of makers.entries()) {
      const { name, cost } = await measured(make, metrics, batches);
      names.push(name);
      if (round > 0) costs[i]?.push(cost);
    }
  }
  return names.flatMap((name, i) => rowsOf(name, costs[i] ?? [], costs[0] ?? []));
}

async function measured(make: (url: string) => Promise<Writer>, metrics: readonly Metric[], batches: number) {
  const sink = await startSink();
  const writer = await make(sink.url);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < batches; i += 1) await writer.write(metrics);
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (performance.now() - startMs) / 1000;
  delay.disable();
  await writer.close();
  const bytes = await sink.finish();
  const written = metrics.length * batches;
  const cost = {
    rate: written / seconds,
    cpuMs: (user + system) / written,
    bytes: bytes / written,
    blockedMs: delay.max / 1e6,
  };
  return { name: writer.name, cost };
}

function rowsOf(name: string, costs: readonly Cost[], baseline: readonly Cost[]): BenchRow[] {
  const figure = (of: keyof Cost): number => median(costs.map((cost) => cost[of]));
  const cpuMs = figure('cpuMs');
  const limit = median(baseline.map((cost) => cost.cpuMs));
  const compared = costs === baseline ? {} : { limit, ratio: cpuMs / limit };
  return [
    { name, value: figure('rate'), unit: 'metrics/s' },
    { name: `${name}: CPU per 1 000 metrics`, value: cpuMs, unit: 'ms', ...compared },
    { name: `${name}: bytes a metric`, value: figure('bytes'), unit: 'bytes' },
    { name: `${name}: event loop held up at most`, value: figure('blockedMs'), unit: 'ms' },
  ];
}

async function outputWriter(version: 1 | 2 | 3, url: string): Promise<Writer> {
  const place = version === 2 ? { organization: 'ops', bucket: 'weft' } : { database: 'weft' };
  const config: InfluxdbConfig = { url, version, content_encoding: 'gzip', timeout: 25_000, ...place };
  const agent = { hostname: 'host-1', labels: {}, version: '0.0.0', windowMs: 10_000 };
  const board = createBoard({ log: silentLogger, maxRate: 1 });
  const output = new InfluxdbOutput(config, { name: 'bench', log: silentLogger, clock: systemClock, agent, board });
  await output.connect();
  return {
    name: `outputs/influxdb, version ${version}${version === 1 ? '' : ', gzip'}`,
    write: (batch) => output.write(batch, never),
    close: () => output.close(),
  };
}

/** As its README shows it: points as objects, which it makes lines of. */
async function packageWriter(url: string): Promise<Writer> {
  const client = new InfluxDB(`${url}/weft`);
  return {
    name: 'influx as it comes',
    write: (batch) => client.writePoints(batch.map(pointOf)),
    close: async () => {},
  };
}

function pointOf({ name, tags, fields, timeNs }: Metric): IPoint {
  const values: Record<string, number | string> = {};
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined) continue;
    visitValues(key, field, (found, value) => {
      values[found] = value;
    });
  }
  return { measurement: name, tags: { ...tags }, fields: values, timestamp: String(timeNs) };
}
