/** The output as the agent runs it, against a real InfluxDB 1.x that goes away: what it counts is what the server has. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import { silentLogger } from '../../../../core/log.js';
import { count, gauge, type Metric } from '../../../../core/metric.js';
import { RunningOutput } from '../../../../core/pipeline/running-output.js';
import { hasInfluxdb, InfluxdbServer } from '../../../support/influxdb-server.js';
import { contextOf, environment, output } from '../../../support/pipeline.js';
import { until } from '../../../support/wait-for.js';
import { makeOutput, point } from './made.js';

const skip = hasInfluxdb() ? false : 'Debian package influxdb is not installed';
const PARTS = 6;
const PART = 500;

async function started(t: TestContext): Promise<{ server: InfluxdbServer; running: RunningOutput }> {
  const server = await InfluxdbServer.start(t);
  await server.query('CREATE DATABASE weft');
  await server.write('weft', 'm,transport=udp v=0 1');
  const { output: plugin } = makeOutput(t, { url: server.url, version: 1, database: 'weft', timeout: '1s' });
  const running = new RunningOutput({
    instance: output('influxdb', () => plugin),
    context: { ...contextOf(environment()), clock: systemClock, log: silentLogger },
    limits: { flushIntervalMs: 50, flushJitterMs: 0, batchSize: 200, bufferLimit: 10_000 },
  });
  await running.start();
  t.after(() => running.stop(0));
  return { server, running };
}

const tags = { transport: 'udp' };
/** One in a hundred is NaN, one in a hundred has another type than the server knows. */
function metricOf(i: number): Metric {
  if (i % 100 === 17) return point(i, { tags, fields: { v: gauge(Number.NaN) } });
  return point(i, { tags, fields: { v: i % 100 === 42 ? count(i) : gauge(i) } });
}

test('a server that is killed and halted: stored and rejected are all there was', { skip }, async (t) => {
  const { server, running } = await started(t);
  const total = PARTS * PART;
  let next = 0;
  const add = (): void => {
    for (const end = next + PART; next < end; next += 1) running.add(metricOf(next));
  };
  /** The server goes away with metrics on the way, and comes back when a write has failed. */
  const without = async (leave: () => Promise<void> | void, come: () => Promise<void> | void): Promise<void> => {
    add();
    await leave();
    const { writeErrors } = running.stats;
    add();
    await until(() => running.stats.writeErrors > writeErrors);
    await come();
  };
  add();
  await without(
    () => server.kill(),
    () => server.restart(),
  );
  add();
  await without(
    () => server.stall(),
    () => server.resume(),
  );
  await until(() => running.stats.bufferSize === 0);
  const { metricsWritten, metricsRejected, metricsDropped, rejections } = running.stats;
  const bad = total / 100;
  assert.deepEqual([metricsWritten, metricsRejected, metricsDropped], [total - 2 * bad, 2 * bad, 0]);
  assert.deepEqual([...rejections].sort(), [
    ['not_finite', bad],
    ['type_conflict', bad],
  ]);
  const [series] = await server.query('SELECT count(v), sum(v) FROM m WHERE time > 1s', 'weft');
  const sum = Array.from({ length: total }, (_, i) => i)
    .filter((i) => i % 100 !== 17 && i % 100 !== 42)
    .reduce((all, i) => all + i, 0);
  assert.deepEqual(series?.values[0]?.slice(1), [metricsWritten, sum]);
});
