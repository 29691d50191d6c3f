/** The output against doubles of InfluxDB 2 and 3 that enforce the published rules. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BatchRefusedError, RetryLaterError, StartupError } from '../../../../core/errors.js';
import { count, gauge, type Metric, text } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { makeCertificates } from '../../../support/certificates.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { answering, InfluxdbDouble } from '../../../support/influxdb-double.js';
import { awkwardBatch } from '../../../support/metrics.js';
import { failureOf } from '../../../support/rejection.js';
import { settled } from '../../../support/settled.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { connectedOutput, makeOutput, never, point, START_NS } from './made.js';
import { canonical, type Plain, sent } from './plain.js';

const stored = ({ points }: InfluxdbDouble): Plain[] =>
  points.map(({ name, tags, fields, time }) => {
    const values = Object.entries(fields).map(([key, { value }]) => [key, value] as const);
    return [name, tags, Number(time / 1_000_000n), Object.fromEntries(values)];
  });

const numbersOf = ({ points }: InfluxdbDouble): unknown[] => points.map(({ fields }) => fields.v?.value).sort();

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

for (const version of [2, 3] as const) {
  describe(`version ${version}`, () => {
    test('whatever a metric holds: accepted is stored as it was sent, rejected is not stored', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const { output } = await connectedOutput(t, double.options);
      await fc.assert(
        fc.asyncProperty(awkwardBatch, async (batch) => {
          double.clear();
          const { accepted, rejected } = await settled(output, batch);
          assert.equal(accepted.size + rejected.size, batch.length);
          const expected = [...accepted].map((index) => sent(batch[index] as Metric));
          assert.deepEqual(canonical(stored(double)), canonical(expected));
        }),
        { numRuns: 100, includeErrorInReport: true },
      );
    });

    test('one request: compressed, sorted tags, the coarsest precision that is exact', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const { output } = await connectedOutput(t, double.options);
      await output.write([point(1, { tags: { z: '1', a: 'x y', none: '' } }), point(2)], never);
      const [{ path, query, headers, lines }] = double.writes as [InfluxdbDouble['writes'][0]];
      assert.deepEqual(lines, ['m,a=x\\ y,z=1 v=1 1767225601', 'm v=2 1767225602']);
      assert.equal(headers['content-encoding'], 'gzip');
      assert.match(headers['content-type'] ?? '', /^text\/plain/);
      if (version === 2) {
        assert.deepEqual([path, query], ['/api/v2/write', { org: 'ops', bucket: 'weft', precision: 's' }]);
        assert.equal(headers.authorization, `Token ${double.token}`);
      } else {
        const flags = { accept_partial: 'true', no_sync: 'false' };
        assert.deepEqual([path, query], ['/api/v3/write_lp', { db: 'weft', precision: 'second', ...flags }]);
        assert.equal(headers.authorization, `Bearer ${double.token}`);
      }
      const finer = [1_000_000n, 1000n, 1n].map((ns) => [point(1), point(2, { timeNs: START_NS - ns })]);
      for (const batch of finer) await output.write(batch, never);
      const precisions = version === 2 ? ['ms', 'us', 'ns'] : ['millisecond', 'microsecond', 'nanosecond'];
      assert.deepEqual(
        double.writes.slice(1).map((write) => write.query.precision),
        precisions,
      );
      assert.deepEqual(new Set(double.points.map(({ time }) => time - START_NS)).size, 5);
    });

    test('without compression, with the token of a file that is read anew', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const file = join(await tempFolder(t), 'token');
      await writeFile(file, 'an-old-token\n');
      const options = { ...double.options, token: `file:${file}`, content_encoding: 'identity' };
      const { output } = await connectedOutput(t, options);
      const refused = await failureOf(output.write([point(1)], never));
      assert.ok(refused instanceof PeerError && refused.reason === 'unauthorized', String(refused));
      await writeFile(file, `${double.token}\n`);
      await output.write([point(1)], never);
      assert.equal(double.writes[1]?.headers['content-encoding'], undefined);
      assert.deepEqual(numbersOf(double), [1]);
      await rm(file);
      const again = makeOutput(t, options);
      await assert.rejects(again.output.connect(), StartupError);
    });

    test('fields of another type: their points alone are rejected, in one write', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const { output } = await connectedOutput(t, double.options);
      await output.write([point(0)], never);
      const batch = range(100).map((i) => (i % 7 === 3 ? point(i, { fields: { v: count(i) } }) : point(i)));
      const { accepted, rejected, writes } = await settled(output, batch);
      assert.equal(writes, 1);
      assert.deepEqual(
        [...rejected.keys()],
        range(100).filter((i) => i % 7 === 3),
      );
      assert.deepEqual([...new Set(rejected.values())], ['type_conflict']);
      assert.equal(accepted.size, double.points.length);
    });

    test('several causes at once: each bad point is rejected, found by halving where it has to be', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const { output } = await connectedOutput(t, double.options);
      await output.write([point(0, { fields: { v: gauge(0), w: text('x') } })], never);
      const bad = new Map([
        [2, point(2, { fields: { v: gauge(Number.NaN) } })],
        [5, point(5, { fields: { v: text('x') } })],
        [11, point(11, { fields: { w: gauge(1) } })],
      ]);
      const { accepted, rejected } = await settled(
        output,
        range(16).map((i) => bad.get(i) ?? point(i)),
      );
      assert.deepEqual(
        [...rejected].sort(([a], [b]) => a - b),
        [
          [2, 'not_finite'],
          [5, 'type_conflict'],
          [11, 'type_conflict'],
        ],
      );
      assert.equal(accepted.size, 13);
      assert.equal(double.points.length, 13);
    });

    test('a batch that is too large is halved until it fits', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      double.maxBodyBytes = 200;
      const { output } = await connectedOutput(t, double.options);
      const error = await failureOf(
        output.write(
          range(40).map((i) => point(i)),
          never,
        ),
      );
      assert.ok(error instanceof BatchRefusedError && error.tooLarge, String(error));
      const { accepted } = await settled(
        output,
        range(40).map((i) => point(i)),
      );
      assert.equal(accepted.size, 40);
      assert.equal(double.points.length, 40);
    });

    test('busy servers say when to come back, in seconds or as a date; others are left to the back-off', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const clock = new FakeClock();
      const { output } = await connectedOutput(t, double.options, clock);
      for (const [status, header, waitMs] of [
        [429, '7', 7000],
        [503, '0', 0],
        [503, 'Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
        [429, 'Wed, 31 Dec 2025 00:00:00 GMT', 0],
      ] as const) {
        double.scripted.push(answering(status, { 'retry-after': header }));
        const error = await failureOf(output.write([point(1)], never));
        assert.ok(error instanceof RetryLaterError, String(error));
        assert.equal(error.retryAfterMs, waitMs, header);
      }
      for (const [status, header] of [
        [429, undefined],
        [503, 'soon'],
        [500, '5'],
        [502, undefined],
        [302, undefined],
        [405, undefined],
      ] as const) {
        double.scripted.push(answering(status, header === undefined ? {} : { 'retry-after': header }, 'page'));
        const error = await failureOf(output.write([point(1)], never));
        assert.ok(error instanceof PeerError, `${status}: ${error}`);
      }
      await output.write([point(1)], never);
      assert.deepEqual(numbersOf(double), [1]);
    });

    test('what does not come from InfluxDB refuses no point', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const { output } = await connectedOutput(t, double.options);
      const pages = [
        'Client sent an HTTP request to an HTTPS server.\n',
        '<html>400</html>',
        '',
        '[]',
        'null',
        '{"error":1}',
      ];
      for (const page of pages) {
        double.scripted.push(answering(400, {}, page));
        assert.ok((await failureOf(output.write([point(1)], never))) instanceof PeerError, page);
      }
      double.scripted.push(answering(413, {}, '<html>413</html>'));
      assert.ok((await failureOf(output.write([point(1)], never))) instanceof BatchRefusedError);
    });

    test('an answer that breaks off, or never comes, keeps the batch', async (t) => {
      const double = await InfluxdbDouble.start(t, version);
      const clock = new FakeClock();
      const { output } = await connectedOutput(t, { ...double.options, timeout: '5s' }, clock);
      double.scripted.push((response) => {
        response.writeHead(400, { 'content-length': '100' }).write('{"err', () => response.destroy());
      });
      assert.ok((await failureOf(output.write([point(1)], never))) instanceof PeerError);
      double.scripted.push(() => {});
      const silence = failureOf(output.write([point(1)], never));
      await double.written(2);
      await clock.advance(5000);
      const late = await silence;
      assert.ok(late instanceof PeerError && late.reason === 'timeout', String(late));
      double.scripted.push(() => {});
      const controller = new AbortController();
      const write = output.write([point(1)], controller.signal);
      controller.abort(new Error('enough'));
      assert.match((await failureOf(write)).message, /enough/);
    });

    test('over TLS, with its own authority', async (t) => {
      const { caFile, server } = makeCertificates(await tempFolder(t));
      const tls = { cert: readFileSync(server.certFile), key: readFileSync(server.keyFile) };
      const double = await InfluxdbDouble.start(t, version, tls);
      const stranger = await connectedOutput(t, double.options);
      const error = await failureOf(stranger.output.write([point(1)], never));
      assert.ok(error instanceof PeerError && error.reason === 'tls', String(error));
      const { output } = await connectedOutput(t, { ...double.options, tls_ca: caFile });
      await output.write([point(1)], never);
      assert.deepEqual(numbersOf(double), [1]);
    });
  });
}

test('version 3: every line was bad', async (t) => {
  const double = await InfluxdbDouble.start(t, 3);
  const { output } = await connectedOutput(t, double.options);
  const data = [1, 2].map((line) => ({ line_number: line, error_message: 'bad', original_line: '' }));
  const body = JSON.stringify({ error: 'parsing failed for write_lp endpoint', data });
  double.scripted.push(answering(400, {}, body), answering(400, {}, body));
  const all = await settled(output, [point(1), point(2)]);
  assert.deepEqual([...all.rejected.values()], ['invalid', 'invalid']);
  // A third line that is not named may be stored or not: it is written again.
  const some = await settled(output, [point(1), point(2), point(3)]);
  assert.equal(some.accepted.size, 3);
});

test('metrics that end a series, and none that can be written: nothing is asked', async (t) => {
  const double = await InfluxdbDouble.start(t, 2);
  const { output } = await connectedOutput(t, double.options);
  const ended: Metric = { name: 'm', tags: {}, fields: {}, timeNs: START_NS };
  const { accepted, rejected } = await settled(output, [ended, point(1, { name: '#' })]);
  assert.deepEqual([[...accepted], [...rejected]], [[0], [[1, 'invalid']]]);
  await output.write([ended], never);
  assert.equal(double.writes.length, 0);
});
