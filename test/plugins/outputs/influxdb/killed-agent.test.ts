/**
 * An agent that is killed as by `kill -9`, again and again, at any moment, starting up or at work, with and without a server: what
 * its disk buffer has is what a real InfluxDB has at the end. Beside it a second output, whose server is away and whose
 * files somebody damages, stays within its bound and stops no start. WEFT_KILLS: how often, in place of 10.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasInfluxdb, InfluxdbServer } from '../../../support/influxdb-server.js';
import { endOf } from '../../../support/numbers-input.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';
import { WeftProcess } from '../../../support/weft-process.js';

const skip = hasInfluxdb() ? false : 'Debian package influxdb is not installed';
const KILLS = Number(process.env.WEFT_KILLS ?? 10);
const NUMBERS = fileURLToPath(new URL('../../../support/numbers-input.js', import.meta.url));
/** A second of numbers is more than the smaller buffer holds. */
const PER_SECOND = 4000;
const PADDING = 400;
const MAX_BYTES = { kept: 256 * 1024 * 1024, bounded: 1024 * 1024 };

class Rig {
  readonly #folder: string;
  readonly #server: InfluxdbServer;
  readonly #t: TestContext;

  private constructor(t: TestContext, folder: string, server: InfluxdbServer) {
    this.#t = t;
    this.#folder = folder;
    this.#server = server;
  }

  static async make(t: TestContext): Promise<Rig> {
    const server = await InfluxdbServer.start(t);
    for (const database of ['kept', 'bounded']) await server.query(`CREATE DATABASE ${database}`);
    const rig = new Rig(t, await tempFolder(t), server);
    for (const buffer of ['kept', 'bounded'] as const) await mkdir(rig.folderOf(buffer));
    return rig;
  }

  get server(): InfluxdbServer {
    return this.#server;
  }

  folderOf(buffer: keyof typeof MAX_BYTES): string {
    return join(this.#folder, buffer);
  }

  /** How many numbers are known to be on the disk, or were. */
  get persisted(): number {
    const position = join(this.folderOf('kept'), 'position');
    return existsSync(position) ? endOf(position) : 0;
  }

  /** `isLast`: it makes no more numbers, and both outputs have their server. */
  async start(life: number, { isLast = false } = {}): Promise<WeftProcess> {
    const output = (buffer: keyof typeof MAX_BYTES, url: string): object => ({
      ...{ alias: buffer, url, version: 1, database: buffer, timeout: '1s', namepass: ['probe'] },
      metric_batch_size: 500,
      buffer: { type: 'disk', directory: this.folderOf(buffer), max_bytes: `${MAX_BYTES[buffer]}B` },
    });
    const config = {
      plugins: [NUMBERS],
      agent: { hostname: 'host-a', interval: '200ms', flush_interval: '100ms', log_format: 'json' },
      inputs: {
        numbers: [
          {
            per_second: isLast ? 0 : PER_SECOND,
            // The smaller buffer may have numbers that the other one did not get to, which come again in the next life.
            tags: { life: String(life) },
            ...{ epoch: 1_767_225_600_000, padding: PADDING, position: join(this.folderOf('kept'), 'position') },
          },
        ],
      },
      outputs: {
        influxdb: [
          output('kept', this.#server.url),
          output('bounded', isLast ? this.#server.url : 'http://127.0.0.1:1'),
        ],
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
    for (const buffer of ['kept', 'bounded'] as const) {
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

const isStarted = ({ stdout }: WeftProcess): boolean => stdout.includes('numbers from');

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

test(`${KILLS} kills: all that was on the disk reaches the server, and no damage stops a start`, {
  skip,
}, async (t) => {
  const rig = await Rig.make(t);
  const { server } = rig;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const isServerAway = kill % 3 === 1;
    if (isServerAway) server.stall();
    const before = rig.persisted;
    const weft = await rig.start(kill);
    if (kill % 4 === 3) await sleep(randomInt(1500));
    else {
      await weft.until('it started', isStarted);
      // Enough for most to be at work with files and server.
      await until(() => rig.persisted > before, { needs: [weft] });
      await sleep(randomInt(400));
    }
    await rig.assertBounded();
    weft.kill('SIGKILL');
    const { signal, stderr } = await weft.exit;
    assert.equal(signal, 'SIGKILL', stderr);
    if (isServerAway) server.resume();
    await rig.assertBounded();
    if (kill % 2 === 0 || kill === KILLS - 1) await rig.damage();
  }
  const last = await rig.start(KILLS, { isLast: true });
  const counts = await last.until('both buffers were empty', (weft) => {
    const found = countsOf(weft);
    return found.get('kept buffer_size') === 0 && found.get('bounded buffer_size') === 0 && found;
  });
  await rig.assertBounded();
  const total = rig.persisted;
  assert.ok(total > KILLS, `${total} numbers`);
  assert.deepEqual(await storedIn(server, 'kept'), [total, (total * (total - 1)) / 2]);
  const of = (what: string): number => counts.get(`bounded metrics_${what}`) ?? 0;
  assert.ok(of('recovered') < total, 'the smaller buffer was never full');
  assert.equal(of('written') + of('dropped') + of('rejected'), of('recovered'), JSON.stringify([...counts]));
  assert.equal((await storedIn(server, 'bounded'))[0], of('written'));
  t.diagnostic(
    `${total} numbers on the disk in ${KILLS} lives, all stored; ${of('dropped')} of ${of('recovered')} damaged`,
  );
});
