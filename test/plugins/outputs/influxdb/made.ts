/** Outputs as a configuration makes them. */

import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../../core/clock.js';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { gauge, type Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import { type InfluxdbConfig, InfluxdbOptions } from '../../../../plugins/outputs/influxdb/config.js';
import { InfluxdbOutput } from '../../../../plugins/outputs/influxdb/influxdb.js';
import { MemoryLog } from '../../../support/memory-log.js';

export const never: AbortSignal = new AbortController().signal;
/** 2026-01-01T00:00:00Z */
export const START_NS = 1_767_225_600_000_000_000n;

export const point = (place: number, rest: Partial<Metric> = {}): Metric => ({
  name: 'm',
  tags: {},
  fields: { v: gauge(place) },
  timeNs: START_NS + BigInt(place) * 1_000_000_000n,
  ...rest,
});

/** Throws ConfigError. It ends with the test. */
export function makeOutput(t: TestContext, options: object, clock: Clock = systemClock) {
  const log = new MemoryLog();
  const config = decode(asWritten(InfluxdbOptions), options, () => true) as InfluxdbConfig;
  const agent = { hostname: 'host-a', labels: {}, version: '0.0.0', windowMs: 10_000 };
  const board = createBoard({ log, maxRate: 1 });
  const output = new InfluxdbOutput(config, { name: 'influxdb', log, clock, agent, board });
  t.after(() => output.close());
  return { output, log };
}

export async function connectedOutput(t: TestContext, options: object, clock?: Clock) {
  const made = makeOutput(t, options, clock);
  await made.output.connect();
  return made;
}
