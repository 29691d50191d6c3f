/** Outputs as a configuration makes them, and what a Redis has of what they wrote. */

import type { TestContext } from 'node:test';
import { createClient } from 'redis';
import { type Clock, systemClock } from '../../../../core/clock.js';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, type Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import { RedisOptions, type RedisOutputConfig } from '../../../../plugins/outputs/redis/config.js';
import { RedisOutput } from '../../../../plugins/outputs/redis/redis.js';
import { MemoryLog } from '../../../support/memory-log.js';
import type { RedisServer } from '../../../support/redis-server.js';

export const never: AbortSignal = new AbortController().signal;
/** 2026-01-01T00:00:00Z */
export const START_NS = 1_767_225_600_000_000_000n;
export const WINDOW_NS = 10_000_000_000n;

/** Throws ConfigError. It ends with the test. */
export function makeOutput(
  t: TestContext,
  options: object,
  clock: Clock = systemClock,
  log = new MemoryLog(),
): RedisOutput {
  const config = decode(asWritten(RedisOptions), options, () => true) as RedisOutputConfig;
  const agent = { hostname: 'host-a', labels: {}, version: '0.0.0', windowMs: 10_000 };
  const board = createBoard({ log, maxRate: 1 });
  const output = new RedisOutput(config, { name: 'redis', log, clock, agent, board });
  t.after(() => output.close());
  return output;
}

/** The window of a pair. `place`: which window, and what is in it. */
export function pair(place: number, { tags, ...rest }: Partial<Metric> = {}): Metric {
  const delay = new Distribution();
  for (const ns of [20_000 + place, 30_000, 41_000]) delay.record(ns);
  const counts = { sent: 10, success: 8, timeout: 2, send_error: 0, invalid: 0, late: 0, duplicate: 0 };
  return {
    name: 'probe',
    tags: { transport: 'udp', src: 'a', dst: 'b', clock: 'kernel', ...tags },
    fields: {
      ...Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, count(value, 'probes')])),
      network_rtt: distribution(delay),
    },
    timeNs: START_NS + BigInt(place) * WINDOW_NS,
    ...rest,
  };
}

export const pairs = (length: number, from = 0): Metric[] =>
  Array.from({ length }, (_, i) => pair(0, { tags: { dst: `d${from + i}` } }));

/** A hash, with whatever is in it. */
export async function hash(server: RedisServer, key: string): Promise<Record<string, string>> {
  return JSON.parse((await server.cli('--json', 'HGETALL', key)) || '{}');
}

/** Entries of a stream, oldest first. */
export async function entries(server: RedisServer, stream: string): Promise<Record<string, string>[]> {
  const found = JSON.parse(await server.cli('--json', 'XRANGE', stream, '-', '+')) as [string, string[]][];
  return found.map(([, flat]) =>
    Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []))),
  );
}

/** The plain client, beside the output. */
export async function connectedClient(t: Pick<TestContext, 'after'>, server: RedisServer) {
  const client = createClient({ socket: { path: server.socket, tls: false } });
  // The server ends before it.
  client.on('error', () => {});
  t.after(() => client.destroy());
  await client.connect();
  return client;
}
