/** The output in the agent's hands, and a receiver that does all that receivers do: what it has and what was counted is all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import { count, type Metric } from '../../../../core/metric.js';
import { RunningOutput } from '../../../../core/pipeline/running-output.js';
import { OtlpOutput } from '../../../../plugins/outputs/otlp/otlp.js';
import { contextOf, environment, output } from '../../../support/pipeline.js';
import { until } from '../../../support/wait-for.js';
import { configOf, probe } from './output.js';
import { type FlatPoint, httpReceiver, type Reply } from './receiver.js';

const METRICS = 400;
const BATCH = 50;
/** One that the receiver refuses, and takes its whole batch with it. */
const POISON = 'host-77';
const REJECTED = 3;
/** One after another; then the receiver is well. The last one takes a batch and loses the answer. */
const FAULTS: readonly Reply[] = [
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 429, headers: { 'retry-after': '0' } },
  { partial: { rejectedDataPoints: REJECTED, errorMessage: 'late' } },
  { status: 413 },
  { status: 500 },
  { cut: true },
];

test('what the receiver has and what was counted as lost is all that was sent, whatever it answers', async (t) => {
  const receiver = await httpReceiver(t);
  const stored = new Map<string, string | undefined>();
  let refused = 0;
  let faults = [...FAULTS];
  receiver.judge = (points) => {
    if (points.some(({ tags }) => tags.dst === POISON)) return { status: 400 };
    const [fault, ...others] = faults;
    faults = others;
    const kept = points.length - (fault?.partial?.rejectedDataPoints ?? 0);
    refused += points.length - kept;
    if (fault === undefined || fault.partial !== undefined || fault.cut === true) store(points.slice(0, kept), stored);
    return fault;
  };
  const context = { ...contextOf(environment()), clock: systemClock };
  const config = configOf({
    endpoint: receiver.url,
    resource_attributes: {},
    series_expiry: '10m',
    max_series: METRICS,
  });
  const running = new RunningOutput({
    instance: output('otlp', () => new OtlpOutput(config, context)),
    context,
    limits: { flushIntervalMs: 20, flushJitterMs: 0, batchSize: BATCH, bufferLimit: METRICS },
  });
  await running.start();
  t.after(() => running.stop(0));
  for (let i = 0; i < METRICS; i += 1) running.add(metric(i));
  await until(() => running.stats.bufferSize === 0, { seen: () => running.stats });

  const { metricsWritten, metricsRejected, metricsDropped, rejections } = running.stats;
  assert.equal(faults.length, 0, 'every fault was met');
  assert.equal(metricsWritten + metricsRejected + metricsDropped, METRICS);
  assert.equal(stored.size, metricsWritten);
  assert.ok([...stored.values()].every((total) => total === '1'));
  assert.equal(refused, REJECTED);
  assert.equal(rejections.get('invalid'), 1);
  assert.equal(rejections.get('partial_success'), REJECTED);
  assert.ok((rejections.get('server_error') ?? 0) > 0);
  assert.equal(rejections.size, 3);
  assert.equal(metricsDropped, 0);
});

const metric = (i: number): Metric => probe({ sent: count(1, 'probes') }, { tags: { dst: `host-${i}` } });

/** By series and time, as every receiver that has a time series database behind it: what comes twice is stored once. */
function store(points: readonly FlatPoint[], stored: Map<string, string | undefined>): void {
  for (const { tags, timeUnixNano, asInt } of points) stored.set(`${tags.dst} ${timeUnixNano}`, asInt);
}
