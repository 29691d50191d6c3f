/** What it costs to write windows of probes to Redis: the output, and the same commands through the plain client one by one. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { compared, costOf, type Measured, type Writer } from './writer-cost.js';

const BATCH = 1000;
const BATCHES = 20;
/** One by one takes long. */
const PLAIN_BATCHES = 3;
const QUICK_BATCHES = 2;
const STREAM_LENGTH = 20_000;
const EXPIRY_MS = 300_000;
const WINDOW_MS = 10_000;
const POLL_MS = 10;
const never = new AbortController().signal;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  const socket = join(folder, 'redis.sock');
  const own = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder];
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', ...own], { stdio: 'ignore' });
  try {
    await ready(socket);
    const measures = [
      () => measured(plainWriter(socket), socket, quick ? QUICK_BATCHES : PLAIN_BATCHES),
      () => measured(outputWriter(socket), socket, quick ? QUICK_BATCHES : BATCHES),
      () => measured(outputWriter(socket, { publish: true }), socket, quick ? QUICK_BATCHES : BATCHES),
    ];
    return await compared(quick, measures, { name: 'CPU of Redis per 1 000 metrics', unit: 'ms' });
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

async function measured(writer: Writer, socket: string, length: number): Promise<Measured> {
  // Objects of its own for each batch, as the agent has them.
  const batches = Array.from({ length }, (_, b) =>
    Array.from({ length: BATCH }, (_unused, i): Metric => ({ ...probeWindow(i), timeNs: BigInt(b) * 10_000_000_000n })),
  );
  await clear(socket);
  const startMs = await redisCpuMs(socket);
  const cost = await costOf(writer, batches);
  const redisMs = (await redisCpuMs(socket)) - startMs;
  await writer.close();
  return { name: writer.name, cost, own: (redisMs * 1000) / (BATCH * length) };
}

function outputWriter(socket: string, extra: Partial<RedisOutputConfig> = {}): Writer {
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
    write: (batch) => output.write(batch, never),
    close: () => output.close(),
  };
}

/** DEL, HSET, PEXPIRE and XADD, each waited for; without what the output guards against. */
function plainWriter(socket: string): Writer {
  const client = clientOf(socket);
  const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: STREAM_LENGTH } } as const;
  return {
    name: 'the plain client, one by one',
    async write(batch) {
      if (!client.isOpen) await client.connect();
      for (const [i, metric] of batch.entries()) {
        const { key, names, values } = recordOf(metric, i, { prefix: 'weft:', windowMs: WINDOW_MS });
        const map: Record<string, string> = {};
        for (const [at, name] of names.list.entries()) map[name] = String(values[at]);
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
