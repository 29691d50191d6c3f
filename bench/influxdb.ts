/** What it costs to write windows of probes to InfluxDB: each version of the output, and the package `influx` as it comes. */

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
import { compared, costOf, type Measured, type Writer } from './writer-cost.js';

const BATCH = 5000;
const BATCHES = 8;
const never = new AbortController().signal;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const metrics = Array.from({ length: BATCH }, (_, i) => probeWindow(i));
  const batches = new Array<readonly Metric[]>(quick ? 2 : BATCHES).fill(metrics);
  const makers = [packageWriter, ...([1, 2, 3] as const).map((version) => (url: string) => outputWriter(version, url))];
  const measures = makers.map((make) => () => measured(make, batches));
  return compared(quick, measures, { name: 'bytes a metric', unit: 'bytes' });
}

async function measured(
  make: (url: string) => Promise<Writer>,
  batches: readonly (readonly Metric[])[],
): Promise<Measured> {
  const sink = await startSink();
  const writer = await make(sink.url);
  const cost = await costOf(writer, batches);
  await writer.close();
  const bytes = await sink.finish();
  return { name: writer.name, cost, own: bytes / (BATCH * batches.length) };
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
