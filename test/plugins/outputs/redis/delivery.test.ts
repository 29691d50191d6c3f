/**
 * The output as the agent runs it, against real servers that go away. Every metric has a number; what the stream has of
 * them, and what was counted as rejected, is all that was sent, each once.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import { silentLogger } from '../../../../core/log.js';
import { gauge, type Metric } from '../../../../core/metric.js';
import { RunningOutput } from '../../../../core/pipeline/running-output.js';
import { contextOf, environment, output } from '../../../support/pipeline.js';
import { startCluster, startWatched } from '../../../support/redis-cluster.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/wait-for.js';
import { entries, hash, makeOutput, pair, START_NS, WINDOW_NS } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 120_000 };
const KEEPS = ['--appendonly', 'yes', '--appendfsync', 'always'];
const PAIRS = 40;
const PART = 500;
const TRANSPORTS = ['udp', 'tcp'];

/** One in a hundred cannot be stored. */
function metricOf(i: number): Metric {
  const tags = { transport: TRANSPORTS[i % 2] ?? '', dst: `d${i % PAIRS}` };
  return pair(Math.floor(i / PAIRS), { tags, fields: { v: gauge(i % 100 === 17 ? Number.NaN : i) } });
}

async function started(t: TestContext, place: object) {
  const plugin = makeOutput(t, { timeout: '500ms', expire_after: '1h', ...place });
  const running = new RunningOutput({
    instance: output('redis', () => plugin),
    context: { ...contextOf(environment()), clock: systemClock, log: silentLogger },
    limits: { flushIntervalMs: 50, flushJitterMs: 0, batchSize: 200, bufferLimit: 50_000 },
  });
  await running.start();
  t.after(() => running.stop(0));
  let next = 0;
  const add = (): void => {
    for (const end = next + PART; next < end; next += 1) running.add(metricOf(next));
  };
  return {
    running,
    add,
    total: () => next,
    emptied: () => until(() => running.stats.bufferSize === 0),
    /** Redis goes away with metrics on the way, and a write fails. */
    async without(leave: () => Promise<void> | void): Promise<void> {
      add();
      await leave();
      const { writeErrors } = running.stats;
      add();
      await until(() => running.stats.writeErrors > writeErrors);
    },
  };
}

type Run = Awaited<ReturnType<typeof started>>;

/** `streams`: who has each of them; `hashes`: who has the key of a pair. */
async function assertAllThere(
  { running, total }: Run,
  streamOf: (stream: string) => Promise<RedisServer>,
  hashOf: (key: string) => Promise<RedisServer>,
): Promise<void> {
  const { metricsWritten, metricsRejected, metricsDropped } = running.stats;
  const numbers = Array.from({ length: total() }, (_, i) => i);
  const good = numbers.filter((i) => i % 100 !== 17);
  assert.deepEqual([metricsWritten, metricsRejected, metricsDropped], [good.length, total() - good.length, 0]);
  for (const [parity, transport] of TRANSPORTS.entries()) {
    const stream = `weft:windows:${transport}`;
    // In a cluster what the nodes that are left took comes before the rest of its batch.
    const found = (await entries(await streamOf(stream), stream)).map(({ v }) => Number(v)).sort((a, b) => a - b);
    assert.deepEqual(
      found,
      good.filter((i) => i % 2 === parity),
    );
  }
  for (let i = 0; i < PAIRS; i += 1) {
    const last = good.filter((number) => number % PAIRS === i).at(-1) ?? 0;
    const key = `weft:probe:${TRANSPORTS[i % 2]}:a:d${i}`;
    const { v, time_ns: time } = await hash(await hashOf(key), key);
    assert.deepEqual([v, time], [String(last), String(START_NS + BigInt(Math.floor(last / PAIRS)) * WINDOW_NS)], key);
  }
}

test('one Redis that is killed, halted and short of memory: each metric is there once', needs, async (t) => {
  const server = await RedisServer.start(t, KEEPS);
  const run = await started(t, { url: server.url });
  run.add();
  await run.without(() => server.kill());
  await server.restart();
  run.add();
  await run.without(() => server.stall());
  server.resume();
  await run.emptied();
  await run.without(async () => void (await server.cli('CONFIG', 'SET', 'maxmemory', '1')));
  await server.cli('CONFIG', 'SET', 'maxmemory', '0');
  await run.emptied();
  await assertAllThere(
    run,
    async () => server,
    async () => server,
  );
});

test('a cluster that loses a master, fails over and gets it back: each metric is there once', needs, async (t) => {
  const { servers, urls } = await startCluster(t, { replicas: 1, args: KEEPS });
  const run = await started(t, { cluster: urls, replicas: 1, publish: true });
  const masterOf = async (key: string): Promise<RedisServer> => {
    for (const server of servers) {
      const told = await server.cli('EXISTS', key).catch(() => 'away');
      if (told === '1' && (await server.cli('ROLE')).startsWith('master')) return server;
    }
    throw new Error(`no master has ${key}`);
  };
  run.add();
  await run.emptied();
  const victim = await masterOf('weft:windows:udp');
  await run.without(() => victim.kill());
  // Nobody has the slots of the one that is away but its replica.
  await until(async () => {
    const roles = await Promise.all(servers.map((server) => server.cli('ROLE').catch(() => '')));
    return roles.filter((role) => role.startsWith('master')).length === 3;
  });
  run.add();
  await victim.restart();
  await run.emptied();
  await assertAllThere(run, masterOf, masterOf);
});

test('sentinels: after a failover what comes goes to the new master, each metric once', needs, async (t) => {
  const { master, replica, sentinelUrl } = await startWatched(t, 'weft', { args: KEEPS });
  const run = await started(t, { sentinel: { name: 'weft', nodes: [sentinelUrl] } });
  run.add();
  await run.emptied();
  // What the replica lacks when the master dies is gone: that is what the option replicas is for.
  const offset = async (server: RedisServer) =>
    /master_repl_offset:\d+/.exec(await server.cli('INFO', 'replication'))?.[0];
  await until(async () => (await offset(master)) === (await offset(replica)));
  await master.kill();
  await run.without(() => {});
  await until(async () => (await replica.cli('ROLE').catch(() => '')).startsWith('master'));
  run.add();
  await run.emptied();
  await assertAllThere(
    run,
    async () => replica,
    async () => replica,
  );
});
