/** What it costs to write windows of probes to Redis: the output, and the same commands through the plain client one by one. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/log.js';
import type { Metric } from '../core/metric.js';
import { createBoard } from '../core/pinglist/board.js';
import type { RedisOutputConfig } from '../plugins/outputs/redis/config.js';
import { recordOf } from '../plugins/outputs/redis/record.js';
import { RedisOutput } from '../plugins/outputs/redis/redis.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { probeWindow } from './probe-window.js';
import { median } from './statistics.js';

const BATCH = 1000;
const BATCHES = 20;
/** One by one takes long. */
const PLAIN_BATCHES = 3;
const STREAM_LENGTH = 20_000;
const EXPIRY_MS = 300_000;
const WINDOW_MS = 10_000;
const POLL_MS = 10;
const never = new AbortController().signal;

interface Writer {
  readonly name: string;
  readonly batches: number;
  write(batch: readonly Metric[]): Promise<void>;
  close(): Promise<void>;
}

interface Cost {
  readonly rate: number;
  /** CPU of this process and of Redis, ms per 1 000 metrics. */
  readonly cpuMs: number;
  readonly redisCpuMs: number;
  /** How long the event loop was held up at most, ms. */
  readonly blockedMs: number;
}

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  const socket = join(folder, 'redis.sock');
  const own = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder];
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', ...own], { stdio: 'ignore' });
  try {
    await ready(socket);
    const makers = [
      plainWriter,
      (url: string) => outputWriter(url),
      (url: string) => outputWriter(url, { publish: true }),
    ];
    const costs = makers.map((): Cost[] => []);
    const names: string[] = [];
    // In turn, so that what else the machine does befalls all alike; the first round warms up.
    for (let round = 0; round <= (quick ? 1 : 5); round += 1) {
      for (const [i, make] of makers.entries()) {
        const writer = await make(socket);
        names[i] = writer.name;
        const cost = await measured(writer, socket, quick);
        if (round > 0) costs[i]?.push(cost);
      }
    }
    return names.flatMap((name, i) => rowsOf(name, costs[i] ?? [], costs[0] ?? []));
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

async function measured(writer: Writer, socket: string, quick: boolean): Promise<Cost> {
  const batches = quick ? 2 : writer.batches;
  // Objects of its own for each batch, as the agent has them.
  const metrics = Array.from({ length: batches }, (_, b) =>
    Array.from({ length: BATCH }, (_unused, i): Metric => ({ ...probeWindow(i), timeNs: BigInt(b) * 10_000_000_000n })),
  );
  await clear(socket);
  const redisStartMs = await redisCpuMs(socket);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  for (const batch of metrics) await writer.write(batch);
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (performance.now() - startMs) / 1000;
  delay.disable();
  const thousands = (BATCH * batches) / 1000;
  const redisMs = (await redisCpuMs(socket)) - redisStartMs;
  await writer.close();
  return {
    rate: (BATCH * batches) / seconds,
    cpuMs: (user + system) / 1000 / thousands,
    redisCpuMs: redisMs / thousands,
    blockedMs: delay.max / 1e6,
  };
}

function rowsOf(name: string, costs: readonly Cost[], baseline: readonly Cost[]): BenchRow[] {
  const figure = (of: keyof Cost): number => median(costs.map((cost) => cost[of]));
  const compared = (of: keyof Cost) => {
    const limit = median(baseline.map((cost) => cost[of]));
    return costs === baseline ? {} : { limit, ratio: figure(of) / limit };
  };
  return [
    { name, value: figure('rate'), unit: 'metrics/s', ...compared('rate') },
    { name: `${name}: CPU per 1 000 metrics`, value: figure('cpuMs'), unit: 'ms', ...compared('cpuMs') },
    { name: `${name}: CPU of Redis`, value: figure('redisCpuMs'), unit: 'ms', ...compared('redisCpuMs') },
    { name: `${name}: event loop held up at most`, value: figure('blockedMs'), unit: 'ms' },
  ];
}

async function outputWriter(socket: string, extra: Partial<RedisOutputConfig> = {}): Promise<Writer> {
  const config: RedisOutputConfig = {
    ...{
      url: `unix:${socket}`,
      prefix: 'weft:',
      timeout: 10_000,
      expire_after: EXPIRY_MS,
      stream_length: STREAM_LENGTH,
    },
    ...{ publish: false, replicas: 0, pingweave_keys: false, pingweave_rdma: 'roce' as const },
    ...extra,
  };
  const agent = { hostname: 'host-1', labels: {}, version: '0.0.0', windowMs: WINDOW_MS };
  const board = createBoard({ log: silentLogger, maxRate: 1 });
  const output = new RedisOutput(config, { name: 'bench', log: silentLogger, clock: systemClock, agent, board });
  return {
    name: extra.publish ? 'outputs/redis, published too' : 'outputs/redis',
    batches: BATCHES,
    write: (batch) => output.write(batch, never),
    close: () => output.close(),
  };
}

/** DEL, HSET, PEXPIRE and XADD, each waited for; without what the output guards against. */
async function plainWriter(socket: string): Promise<Writer> {
  const client = clientOf(socket);
  await client.connect();
  const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: STREAM_LENGTH } } as const;
  return {
    name: 'the plain client, one by one',
    batches: PLAIN_BATCHES,
    async write(batch) {
      for (const [i, metric] of batch.entries()) {
        const { key, fields } = recordOf(metric, i, { prefix: 'weft:', windowMs: WINDOW_MS });
        const map: Record<string, string> = {};
        for (let at = 0; at < fields.length; at += 2) map[fields[at] ?? ''] = fields[at + 1] ?? '';
        await client.del(key);
        await client.hSet(key, map);
        await client.pExpire(key, EXPIRY_MS);
        await client.xAdd('weft:windows:udp', '*', map, trim);
      }
    },
    close: () => client.close(),
  };
}

const clientOf = (path: string) => createClient({ socket: { path, tls: false } });

async function redisCpuMs(socket: string): Promise<number> {
  const client = clientOf(socket);
  await client.connect();
  const info = await client.info('cpu');
  await client.close();
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1000;
}

async function clear(socket: string): Promise<void> {
  const client = clientOf(socket);
  await client.connect();
  await client.flushAll();
  await client.close();
}

/** Five seconds at most. */
async function ready(socket: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await redisCpuMs(socket);
      return;
    } catch (error) {
      if (attempt === 5000 / POLL_MS) throw error;
      await sleep(POLL_MS);
    }
  }
}
