/**
 * An agent that is killed as by `kill -9`, again and again, at any moment, starting up or at work, with and without servers: what
 * its disk buffers have is what a real InfluxDB and a real Redis have at the end, each its own numbers. Beside them an output
 * whose server is away and whose files somebody damages stays within its bound and stops no start. WEFT_KILLS: how often, in
 * place of 7.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { hasInfluxdb, InfluxdbServer } from '../../../support/influxdb-server.js';
import { endOf } from '../../../support/numbers-input.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';
import { WeftProcess } from '../../../support/weft-process.js';

const skip = hasInfluxdb() && hasRedis() ? false : 'needs the packages influxdb and redis-server';
const KILLS = Number(process.env.WEFT_KILLS ?? 7);
const NUMBERS = fileURLToPath(new URL('../../../support/numbers-input.js', import.meta.url));
/** A second of numbers is more than the smallest buffer holds. */
const PER_SECOND = 4000;
const PADDING = 400;
/** Of Redis. */
const PER_SECOND_REDIS = 2000;
const BATCH = 500;
/** All there are. */
const STREAM_LENGTH = 100_000_000;
const PAGE = 10_000;
/** Of the numbers. */
const PAIRS = 100;
const MAX_BYTES = { influxdb: 256 * 1024 * 1024, redis: 256 * 1024 * 1024, bounded: 1024 * 1024 };
type BufferName = keyof typeof MAX_BYTES;
const BUFFERS = Object.keys(MAX_BYTES) as BufferName[];

class Rig {
  readonly #folder: string;
  readonly #t: TestContext;
  readonly influxdb: InfluxdbServer;
  readonly redis: RedisServer;

  private constructor(t: TestContext, folder: string, influxdb: InfluxdbServer, redis: RedisServer) {
    this.#t = t;
    this.#folder = folder;
    this.influxdb = influxdb;
    this.redis = redis;
  }

  static async make(t: TestContext): Promise<Rig> {
    const influxdb = await InfluxdbServer.start(t);
    for (const database of ['influxdb', 'bounded']) await influxdb.query(`CREATE DATABASE ${database}`);
    const rig = new Rig(t, await tempFolder(t), influxdb, await RedisServer.start(t));
    for (const buffer of BUFFERS) await mkdir(rig.folderOf(buffer));
    return rig;
  }

  folderOf(buffer: BufferName): string {
    return join(this.#folder, buffer);
  }

  /** How many numbers are known to be on the disk, or were. */
  persisted(buffer: 'influxdb' | 'redis'): number {
    const position = join(this.folderOf(buffer), 'position');
    return existsSync(position) ? endOf(position) : 0;
  }

  /** `isLast`: it makes no more numbers, and all outputs have their server. */
  async start(life: number, { isLast = false } = {}): Promise<WeftProcess> {
    const numbers = (kept: 'influxdb' | 'redis', perSecond: number, padding: number): object => ({
      per_second: isLast ? 0 : perSecond,
      // The smallest buffer may have numbers that another one did not get to, which come again in the next life.
      tags: { kept, life: String(life) },
      ...{ epoch: 1_767_225_600_000, padding, position: join(this.folderOf(kept), 'position') },
    });
    const output = (buffer: BufferName, kept: 'influxdb' | 'redis', url: string): object => ({
      ...{
        alias: buffer,
        url,
        timeout: '1s',
        namepass: ['probe'],
        tagpass: { kept: [kept] },
        metric_batch_size: BATCH,
      },
      buffer: { type: 'disk', directory: this.folderOf(buffer), max_bytes: `${MAX_BYTES[buffer]}B` },
    });
    const influxdb = (buffer: BufferName, url: string): object => ({
      ...output(buffer, 'influxdb', url),
      ...{ version: 1, database: buffer },
    });
    const config = {
      plugins: [NUMBERS],
      agent: { hostname: 'host-a', interval: '200ms', flush_interval: '100ms', log_format: 'json' },
      inputs: { numbers: [numbers('influxdb', PER_SECOND, PADDING), numbers('redis', PER_SECOND_REDIS, 0)] },
      outputs: {
        influxdb: [
          influxdb('influxdb', this.influxdb.url),
          influxdb('bounded', isLast ? this.influxdb.url : 'http://127.0.0.1:1'),
        ],
        redis: [{ ...output('redis', 'redis', this.redis.url), stream_length: STREAM_LENGTH }],
        file: [{ path: 'stdout', namepass: ['weft_output'] }],
      },
    };
    const file = join(this.#folder, 'weft.yaml');
    await writeFile(file, JSON.stringify(config));
    const weft = new WeftProcess(['run', '-c', file]);
    this.#t.after(() => weft.destroy());
    return weft;
  }

  async assertBounded(): Promise<void> {
    for (const buffer of BUFFERS) {
      const used = await usedBytes(this.folderOf(buffer));
      assert.ok(used <= MAX_BYTES[buffer], `${used} bytes in ${buffer}`);
    }
  }

  /** Flips a bit somewhere in one of the files, or cuts it off there. */
  async damage(): Promise<void> {
    const folder = this.folderOf('bounded');
    const files = (await readdir(folder)).filter((name) => name === 'position' || name.endsWith('.seg'));
    const name = files[randomInt(files.length)];
    if (name === undefined) return;
    const file = await open(join(folder, name), 'r+');
    try {
      const { size } = await file.stat();
      const at = randomInt(Math.max(1, size));
      if (randomInt(4) === 0) return await file.truncate(at);
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      await file.write(Buffer.of((byte[0] ?? 0) ^ (1 << randomInt(8))), 0, 1, at);
    } finally {
      await file.close();
    }
  }
}

async function usedBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  // What went away meanwhile takes no room.
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Both inputs have. */
const isStarted = ({ stdout }: WeftProcess): boolean => stdout.split('numbers from').length === 3;

/** What the outputs have counted, by alias and field; for numbers that are counts. */
function countsOf({ stdout }: WeftProcess): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of stdout.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const { tags, fields } = JSON.parse(line) as { tags: Record<string, string>; fields: Record<string, number> };
    if (tags.reason !== undefined) continue;
    for (const [field, value] of Object.entries(fields)) {
      const key = `${tags.output} ${field}`;
      counts.set(key, field.startsWith('metrics_') ? (counts.get(key) ?? 0) + value : value);
    }
  }
  return counts;
}

async function storedIn(server: InfluxdbServer, database: string): Promise<readonly [number, number]> {
  const [series] = await server.query('SELECT count(v), sum(v) FROM probe', database);
  const [, count = 0, sum = 0] = series?.values[0] ?? [];
  return [Number(count), Number(sum)];
}

/** Numbers by their place in the stream, and the newest of each pair. */
async function storedInRedis(server: RedisServer) {
  const client = createClient({ socket: { path: server.socket, tls: false } });
  await client.connect();
  const stream: number[] = [];
  for (let from = '-'; ; ) {
    const page = (await client.xRange('weft:windows:udp', from, '+', { COUNT: PAGE })) ?? [];
    for (const entry of page) stream.push(Number(entry.message.v));
    if (page.length < PAGE) break;
    from = `(${page.at(-1)?.id}`;
  }
  const latest = new Map<string, number>();
  for (const key of await client.keys('weft:probe:*')) latest.set(key, Number(await client.hGet(key, 'v')));
  await client.close();
  return { stream, latest };
}

/** All numbers below `total`, and no more than a batch twice for each life that was cut short. */
async function assertInRedis(server: RedisServer, total: number): Promise<number> {
  const { stream, latest } = await storedInRedis(server);
  const found = new Set(stream);
  const missing = Array.from({ length: total }, (_, i) => i).filter((i) => !found.has(i));
  assert.deepEqual([missing, found.size], [[], total]);
  const twice = stream.length - total;
  assert.ok(twice <= KILLS * BATCH, `${twice} of ${total} twice`);
  assert.equal(latest.size, Math.min(total, PAIRS));
  for (const [key, number] of latest) {
    const pair = Number(key.replace(/.*-/, ''));
    assert.equal(number, total - 1 - ((total - 1 - pair) % PAIRS), key);
  }
  return twice;
}

test(`${KILLS} kills: all that was on the disk reaches the servers, and no damage stops a start`, {
  skip,
}, async (t) => {
  const rig = await Rig.make(t);
  const { influxdb, redis } = rig;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const away = [influxdb, redis].filter((_, i) => kill % 3 === 1 + i);
    for (const server of away) server.stall();
    const before = (['influxdb', 'redis'] as const).map((buffer) => [buffer, rig.persisted(buffer)] as const);
    const weft = await rig.start(kill);
    if (kill % 4 === 3) await sleep(randomInt(1500));
    else {
      await weft.until('it started', isStarted);
      // Enough for most to be at work with files and servers.
      await until(() => before.every(([buffer, end]) => rig.persisted(buffer) > end), { needs: [weft] });
      await sleep(randomInt(400));
    }
    await rig.assertBounded();
    weft.kill('SIGKILL');
    const { signal, stderr } = await weft.exit;
    assert.equal(signal, 'SIGKILL', stderr);
    for (const server of away) server.resume();
    await rig.assertBounded();
    if (kill % 2 === 0 || kill === KILLS - 1) await rig.damage();
  }
  const last = await rig.start(KILLS, { isLast: true });
  const counts = await last.until('all buffers were empty', (weft) => {
    const found = countsOf(weft);
    return BUFFERS.every((buffer) => found.get(`${buffer} buffer_size`) === 0) && found;
  });
  await rig.assertBounded();
  const total = rig.persisted('influxdb');
  assert.ok(total > KILLS, `${total} numbers`);
  assert.deepEqual(await storedIn(influxdb, 'influxdb'), [total, (total * (total - 1)) / 2]);
  const of = (what: string): number => counts.get(`bounded metrics_${what}`) ?? 0;
  assert.ok(of('recovered') < total, 'the smallest buffer was never full');
  assert.equal(of('written') + of('dropped') + of('rejected'), of('recovered'), JSON.stringify([...counts]));
  assert.equal((await storedIn(influxdb, 'bounded'))[0], of('written'));
  const totalOfRedis = rig.persisted('redis');
  assert.ok(totalOfRedis > KILLS, `${totalOfRedis} numbers for Redis`);
  const twice = await assertInRedis(redis, totalOfRedis);
  t.diagnostic(
    `${total} numbers on the disk in ${KILLS} lives, all in InfluxDB; ${totalOfRedis}, all in Redis, ${twice} twice; ` +
      `${of('dropped')} of ${of('recovered')} damaged`,
  );
});
