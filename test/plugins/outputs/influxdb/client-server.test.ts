/** Version 1 against a server that says what it is told: what the package `influx` would hide or do by itself. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { BatchRefusedError, RetryLaterError } from '../../../../core/errors.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { makeCertificates } from '../../../support/certificates.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { answering, InfluxdbDouble } from '../../../support/influxdb-double.js';
import { failureOf } from '../../../support/rejection.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { connectedOutput, never, point } from './made.js';

async function started(t: TestContext, more: object = {}) {
  const double = await InfluxdbDouble.start(t, 2);
  const { output } = await connectedOutput(t, { url: double.url, version: 1, database: 'weft', ...more });
  return { double, output };
}

test('one request, and nobody logs in who has no login', async (t) => {
  const { double, output } = await started(t, { retention_policy: 'short' });
  double.scripted.push(answering(204));
  await output.write([point(1, { tags: { b: '', a: "\\' x" } }), point(2)], never);
  const [write] = double.writes;
  assert.deepEqual([write?.path, write?.query], ['/write', { db: 'weft', precision: 's', rp: 'short' }]);
  assert.deepEqual(write?.lines, ["m,a=\\'\\ x v=1 1767225601", 'm v=2 1767225602']);
  assert.equal(write?.headers.authorization, undefined);
});

test('a login is shown as it is', async (t) => {
  const { double, output } = await started(t, { username: 'w', password: 'pä: "s' });
  double.scripted.push(answering(204));
  await output.write([point(1)], never);
  const expected = `Basic ${Buffer.from('w:pä: "s').toString('base64')}`;
  assert.equal(double.writes[0]?.headers.authorization, expected);
});

test('busy servers say when to come back; nothing is written again before, and the host is not given up', async (t) => {
  const { double, output } = await started(t);
  for (const status of [429, 503]) {
    double.scripted.push(answering(status, { 'retry-after': '7' }));
    const error = await failureOf(output.write([point(1)], never));
    assert.ok(error instanceof RetryLaterError && error.retryAfterMs === 7000, String(error));
  }
  for (const status of [429, 500, 503, 302]) {
    double.scripted.push(answering(status, {}, '{"error":"timeout, said the shard"}'));
    const error = await failureOf(output.write([point(1)], never));
    assert.ok(error instanceof PeerError, String(error));
    assert.match(error.message, new RegExp(`status ${status}: timeout, said the shard`));
  }
  assert.equal(double.writes.length, 6);
});

test('what does not come from InfluxDB refuses no point', async (t) => {
  const { double, output } = await started(t);
  double.scripted.push(answering(400, {}, 'Client sent an HTTP request to an HTTPS server.\n'));
  assert.ok((await failureOf(output.write([point(1)], never))) instanceof PeerError);
  double.scripted.push(answering(400, {}, '{"error":"unable to parse \'x\': missing fields"}'));
  assert.ok((await failureOf(output.write([point(1)], never))) instanceof BatchRefusedError);
});

test('an answer that breaks off, never comes, or is not waited for, keeps the batch', async (t) => {
  const { double, output } = await started(t);
  for (const status of [200, 400, 500]) {
    double.scripted.push((response) => {
      response.writeHead(status, { 'content-length': '100' }).write('{"err', () => response.destroy());
    });
    const broken = await failureOf(output.write([point(1)], never));
    assert.ok(broken instanceof PeerError && broken.reason === 'unreachable', String(broken));
  }
  const clock = new FakeClock();
  const place = { url: double.url, version: 1, database: 'weft', timeout: '5s' };
  const impatient = await connectedOutput(t, place, clock);
  double.scripted.push(() => {});
  const silence = failureOf(impatient.output.write([point(1)], never));
  await double.written(4);
  await clock.advance(5000);
  const late = await silence;
  assert.ok(late instanceof PeerError && late.reason === 'timeout', String(late));
  const controller = new AbortController();
  double.scripted.push(() => controller.abort(new Error('enough')));
  assert.match((await failureOf(output.write([point(1)], controller.signal))).message, /enough/);
  double.scripted.push(() => void output.close());
  await failureOf(output.write([point(1)], never));
});

test('two outputs at once have an answer each', async (t) => {
  const { double, output } = await started(t);
  const other = await connectedOutput(t, { url: double.url, version: 1, database: 'weft' });
  const answers = [1, 2].map((i) => answering(503, { 'retry-after': String(i) }));
  // Neither is answered before both have asked.
  const waiting: (() => void)[] = [];
  for (const answer of answers) {
    double.scripted.push((response) => {
      waiting.push(() => answer(response));
      if (waiting.length === answers.length) for (const send of waiting) send();
    });
  }
  const first = failureOf(output.write([point(1)], never));
  await double.written(1);
  const second = failureOf(other.output.write([point(2)], never));
  const errors = await Promise.all([first, second]);
  assert.deepEqual(
    errors.map((error) => (error as RetryLaterError).retryAfterMs),
    [1000, 2000],
  );
});

test('over TLS, with its own authority', async (t) => {
  const { caFile, server } = makeCertificates(await tempFolder(t));
  const tls = { cert: readFileSync(server.certFile), key: readFileSync(server.keyFile) };
  const double = await InfluxdbDouble.start(t, 2, tls);
  const place = { url: `${double.url}/below/`, version: 1, database: 'weft' };
  const stranger = await connectedOutput(t, place);
  assert.match((await failureOf(stranger.output.write([point(1)], never))).message, /certificate/);
  const { output } = await connectedOutput(t, { ...place, tls_ca: caFile });
  double.scripted.push(answering(204));
  await output.write([point(1)], never);
  assert.equal(double.writes[0]?.path, '/below/write');
});
