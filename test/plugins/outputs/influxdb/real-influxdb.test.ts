/** The output against a real InfluxDB 1.x: what it accepts comes back by query as it was sent, what it rejects is not there. */

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../../../core/distribution.js';
import { BatchRefusedError, StartupError } from '../../../../core/errors.js';
import { count, distribution, gauge, type Metric, text } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { repositoryRoot } from '../../../core/config/repository.js';
import {
  hasInfluxdb,
  type InfluxdbOptions,
  InfluxdbServer,
  type InfluxSeries,
} from '../../../support/influxdb-server.js';
import { awkwardBatch } from '../../../support/metrics.js';
import { failureOf } from '../../../support/rejection.js';
import { settled } from '../../../support/settled.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { connectedOutput, makeOutput, never, point, START_NS } from './made.js';
import { canonical, type Plain, sent } from './plain.js';

const skip = hasInfluxdb() ? false : 'Debian package influxdb is not installed';

function stored(series: readonly InfluxSeries[]): Plain[] {
  return series.flatMap(({ name, tags = {}, columns, values }) =>
    values.map(([time, ...row]): Plain => {
      const present = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
      const filled = columns.slice(1).map((column, i) => [column, row[i] ?? null] as const);
      return [name, present, Number(time), Object.fromEntries(filled.filter(([, value]) => value !== null))];
    }),
  );
}

/** All points of the database. One query each measurement: one over several shows a field in one type only. */
async function everything(server: InfluxdbServer, database: string): Promise<Plain[]> {
  const [measurements] = await server.query('SHOW MEASUREMENTS', database);
  const points: Plain[] = [];
  for (const [name] of measurements?.values ?? []) {
    const quoted = `"${String(name).replace(/["\\]/g, '\\$&')}"`;
    points.push(...stored(await server.query(`SELECT * FROM ${quoted} GROUP BY *`, database)));
  }
  return points;
}

async function started(t: TestContext, options: InfluxdbOptions = {}, more: object = {}) {
  const server = await InfluxdbServer.start(t, options);
  await server.query('CREATE DATABASE weft');
  const { output } = await connectedOutput(t, { url: server.url, version: 1, database: 'weft', ...more });
  return { server, output };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const sorted = (map: ReadonlyMap<number, string>) => [...map].sort(([a], [b]) => a - b);

async function countOf(server: InfluxdbServer, where = ''): Promise<unknown> {
  const [series] = await server.query(`SELECT count(v) FROM m ${where}`, 'weft');
  return series?.values[0]?.[1] ?? 0;
}

describe('InfluxDB 1.x', { skip }, () => {
  test('whatever a metric holds: accepted is stored as it was sent, rejected is not stored', async (t) => {
    const server = await InfluxdbServer.start(t);
    let run = 0;
    const seen = { accepted: 0, rejected: 0 };
    await fc.assert(
      fc.asyncProperty(awkwardBatch, async (batch) => {
        run += 1;
        const database = `db${run}`;
        await server.query(`CREATE DATABASE ${database}`);
        const { output } = await connectedOutput(t, { url: server.url, version: 1, database });
        const { accepted, rejected } = await settled(output, batch);
        assert.equal(accepted.size + rejected.size, batch.length);
        const expected = [...accepted].map((index) => sent(batch[index] as Metric));
        assert.deepEqual(canonical(await everything(server, database)), canonical(expected));
        seen.accepted += accepted.size;
        seen.rejected += rejected.size;
        await output.close();
        await server.query(`DROP DATABASE ${database}`);
      }),
      { numRuns: 60, includeErrorInReport: true },
    );
    assert.ok(seen.accepted > 0 && seen.rejected > 0, JSON.stringify(seen));
  });

  test('times are exact to the ns, before 1970 too, and refused beyond 64 bits', async (t) => {
    const { server, output } = await started(t);
    const times = [
      0n,
      -1n,
      START_NS,
      START_NS + 1n,
      START_NS + 1000n,
      START_NS + 1_000_000n,
      -(10n ** 18n),
      2n ** 63n - 2n,
      -(2n ** 63n) + 2n,
    ];
    const limits = [-(2n ** 63n), -(2n ** 63n) + 1n, 2n ** 63n - 1n, 2n ** 64n];
    const { rejected } = await settled(
      output,
      [...times, ...limits].map((timeNs, i) => point(i, { timeNs })),
    );
    assert.deepEqual(
      sorted(rejected),
      limits.map((_, i) => [times.length + i, 'out_of_range']),
    );
    for (const [i, timeNs] of times.entries()) {
      // Alone, so that it is written with the precision that its own time has.
      await output.write([point(i, { name: 'alone', timeNs })], never);
      for (const name of ['m', 'alone']) {
        const [series] = await server.query(`SELECT v FROM ${name} WHERE time = ${timeNs}`, 'weft');
        assert.equal(series?.values[0]?.[1], i, `${name} at ${timeNs}`);
      }
    }
  });

  test('the longest key that the server holds is held, and no longer one is sent', async (t) => {
    const { server, output } = await started(t);
    const rest = 'm,a='.length + 4 + 'v'.length;
    const longest = 'x'.repeat(65_535 - rest);
    const { accepted, rejected } = await settled(output, [
      point(0, { tags: { a: longest } }),
      point(1, { tags: { a: `${longest}x` } }),
    ]);
    assert.deepEqual([[...accepted], [...rejected]], [[0], [[1, 'too_long']]]);
    assert.equal(await countOf(server), 1);
    await assert.rejects(server.write('weft', `m,a=${longest}x v=1`), /max key length exceeded/);
  });

  test('a user and a password of a file that is read anew; without them nobody logs in as root', async (t) => {
    const server = await InfluxdbServer.start(t, { auth: true });
    const admin = ['root', 'root'] as const;
    await server.query("CREATE USER root WITH PASSWORD 'root' WITH ALL PRIVILEGES");
    for (const statement of [
      'CREATE DATABASE weft',
      "CREATE USER w WITH PASSWORD 'it''s: é'",
      'GRANT WRITE ON weft TO w',
    ])
      await server.query(statement.replace("it''s", "it\\'s"), '', admin);
    const place = { url: server.url, version: 1, database: 'weft' };
    const file = join(await tempFolder(t), 'password');
    await writeFile(file, 'old\n');
    const nobody = await connectedOutput(t, place);
    const someone = await connectedOutput(t, { ...place, username: 'w', password: `file:${file}` });
    for (const { output } of [nobody, someone]) {
      const error = await failureOf(output.write([point(1)], never));
      assert.ok(error instanceof PeerError && error.reason === 'unauthorized', String(error));
    }
    await writeFile(file, "it's: é\n");
    await someone.output.write([point(1)], never);
    const [series] = await server.query('SELECT v FROM m', 'weft', admin);
    assert.equal(series?.values.length, 1);
    await rm(file);
    await assert.rejects(
      makeOutput(t, { ...place, username: 'w', password: `file:${file}` }).output.connect(),
      StartupError,
    );
  });

  test('a database that is missing keeps the batch, and says what to do', async (t) => {
    const { server, output } = await started(t, {}, { database: 'other' });
    const error = await failureOf(output.write([point(1)], never));
    assert.ok(error instanceof PeerError, String(error));
    assert.match(error.message, /404: database not found: .*create the database/);
    await server.query('CREATE DATABASE other');
    await output.write([point(1)], never);
  });

  test('fields of another type: their points alone are rejected, in one write', async (t) => {
    const { server, output } = await started(t);
    await output.write([point(0)], never);
    const batch = range(50).map((i) => (i % 7 === 3 ? point(i, { fields: { v: count(i) } }) : point(i)));
    const { rejected, writes } = await settled(output, batch);
    assert.deepEqual(
      sorted(rejected),
      range(50)
        .filter((i) => i % 7 === 3)
        .map((i) => [i, 'type_conflict']),
    );
    assert.equal(writes, 1);
    assert.equal(await countOf(server), 50 - rejected.size);
    const all = await settled(
      output,
      [1, 2].map((i) => point(i, { fields: { v: count(i) } })),
    );
    assert.deepEqual([all.writes, all.rejected.size], [1, 2]);
  });

  test('several causes in several shards, of which the server tells one: each bad point is rejected', async (t) => {
    const { server, output } = await started(t);
    const weekNs = 7n * 86_400n * 1_000_000_000n;
    const known = { v: gauge(0), w: text('x') };
    const places = range(12).map((i) => ({ timeNs: START_NS + BigInt(i % 4) * weekNs + BigInt(i) }));
    await output.write(
      range(4).map((i) => point(i, { fields: known, timeNs: START_NS + BigInt(i) * weekNs - 1n })),
      never,
    );
    const wrong = new Map([
      [0, { v: count(1) }],
      [5, { w: gauge(1) }],
      [6, { v: text('x') }],
      [11, { w: count(1) }],
    ]);
    const batch = places.map((place, i) => point(i, { ...place, fields: wrong.get(i) ?? known }));
    const { accepted, rejected } = await settled(output, batch);
    assert.deepEqual(
      sorted(rejected),
      [...wrong.keys()].map((i) => [i, 'type_conflict']),
    );
    assert.equal(accepted.size, 8);
    assert.equal(await countOf(server), 12);
  });

  test('points older than the retention policy alone are rejected, in one write', async (t) => {
    const { server, output } = await started(t, {}, { retention_policy: 'short' });
    await server.query('CREATE RETENTION POLICY short ON weft DURATION 1h REPLICATION 1');
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const batch = range(20).map((i) => point(i, { timeNs: i % 4 === 1 ? START_NS + BigInt(i) : nowNs + BigInt(i) }));
    const { rejected, writes } = await settled(output, batch);
    assert.deepEqual(
      sorted(rejected),
      [1, 5, 9, 13, 17].map((i) => [i, 'too_old']),
    );
    assert.equal(writes, 1);
    const [series] = await server.query('SELECT count(v) FROM weft.short.m', 'weft');
    assert.equal(series?.values[0]?.[1], 15);
  });

  test('a tag with too many values: what the server dropped is found, the rest is stored', async (t) => {
    const { server, output } = await started(t, { data: { 'max-values-per-tag': 5 } });
    const batch = range(8).map((i) => point(i, { tags: { host: `h${i}` } }));
    await output.write(batch.slice(0, 5), never);
    const { rejected } = await settled(
      output,
      [7, 0, 6, 1, 5, 2].map((i) => batch[i] as Metric),
    );
    assert.deepEqual(
      sorted(rejected),
      [0, 2, 4].map((i) => [i, 'limit']),
    );
    assert.equal(await countOf(server), 5);
  });

  test('a batch that is too large is halved until it fits', async (t) => {
    const { server, output } = await started(t, { http: { 'max-body-size': 300 } });
    const error = await failureOf(
      output.write(
        range(100).map((i) => point(i)),
        never,
      ),
    );
    assert.ok(error instanceof BatchRefusedError && error.tooLarge, String(error));
    assert.equal(
      (
        await settled(
          output,
          range(100).map((i) => point(i)),
        )
      ).accepted.size,
      100,
    );
    assert.equal(await countOf(server), 100);
  });

  test('the InfluxQL of the README answers', async (t) => {
    const { server, output } = await started(t);
    const timeNs = (BigInt(Date.now()) / 1000n) * 1_000_000_000n;
    const rtt = new Distribution();
    for (const ns of [2_000_000, 3_000_000]) rtt.record(ns);
    const counts = { sent: count(4), success: count(2), timeout: count(1), invalid: count(1) };
    const tags = { transport: 'udp', src: 'a', dst: 'b', src_tor: 't1', dst_tor: 't2' };
    const self = { metrics_dropped: count(3), metrics_rejected: count(5) };
    await output.write(
      [
        { name: 'probe', tags, fields: { ...counts, network_rtt: distribution(rtt) }, timeNs },
        { name: 'weft_output', tags: { src: 'a', output: 'influxdb' }, fields: self, timeNs },
      ],
      never,
    );
    const readme = await readFile(join(repositoryRoot(), 'plugins/outputs/influxdb/README.md'), 'utf8');
    const [, block = ''] = /Run by a test\. -->\n```sql\n([^`]*)```/.exec(readme) ?? [];
    const answers: unknown[] = [];
    for (const query of block.split('\n').filter((line) => line !== '')) {
      const [series] = await server.query(query, 'weft');
      answers.push(series?.values[0]?.slice(1));
    }
    assert.deepEqual(answers, [[0.25], [3], [3_000_000, 'a', 'b'], [3, 5]]);
  });

  test('a server that is killed, and one that is halted, keeps the batch; the next write after it counts', async (t) => {
    const { server, output } = await started(t, {}, { timeout: '2s' });
    await output.write([point(1)], never);
    await server.kill();
    for (let i = 0; i < 3; i += 1) assert.ok((await failureOf(output.write([point(2)], never))) instanceof PeerError);
    await server.restart();
    await output.write([point(2)], never);
    server.stall();
    const error = await failureOf(output.write([point(3)], never));
    assert.ok(error instanceof PeerError && error.reason === 'timeout', String(error));
    server.resume();
    await output.write([point(3)], never);
    assert.equal(await countOf(server), 3);
  });
});
