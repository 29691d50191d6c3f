/** What arrives, read by the official definitions: every bucket, time and attribute, over each of the three protocols. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, gauge, type Metric, text } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { makeCertificates } from '../../../support/certificates.js';
import { anyDistribution } from '../../../support/metrics.js';
import { failureOf } from '../../../support/rejection.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { connectedOutput, distributionOf, never, probe, S, T0, WINDOW_NS } from './output.js';
import { type FlatPoint, grpcReceiver, httpReceiver, pointsOf, type Received, resourceOf } from './receiver.js';

const DELTA = 1;
const CUMULATIVE = 2;

/** Populated buckets of a point, by their index. */
function bucketsOf({ positive }: FlatPoint): [number, string][] {
  const offset = positive?.offset ?? 0;
  const counts = positive?.bucketCounts ?? [];
  return counts.map((held, i): [number, string] => [offset + i, held]).filter(([, held]) => held !== '0');
}

function bucketsIn(values: Distribution): [number, string][] {
  const buckets: [number, string][] = [];
  values.forEachBucket((index, held) => buckets.push([index, String(held)]));
  return buckets;
}

function assertSame(point: FlatPoint, values: Distribution): void {
  assert.equal(point.scale, 5);
  assert.equal(point.count, String(values.count));
  assert.equal(point.zeroCount ?? '0', String(values.zeroCount));
  assert.equal(point.zeroThreshold ?? 0, 0);
  assert.equal(point.sum, Number(values.sumNs) / 1e9);
  assert.equal(point.min, values.count === 0 ? undefined : values.minNs / 1e9);
  assert.equal(point.max, values.count === 0 ? undefined : values.maxNs / 1e9);
  assert.deepEqual(bucketsOf(point), bucketsIn(values));
  assert.deepEqual(point.negative?.bucketCounts ?? [], []);
}

const last = (received: readonly Received[]): FlatPoint[] => pointsOf(received.at(-1) ?? assert.fail('nothing came'));

for (const protocol of ['http/protobuf', 'http/json', 'grpc'] as const) {
  test(`${protocol}: a distribution arrives bucket for bucket`, async (t) => {
    const receiver = await (protocol === 'grpc' ? grpcReceiver(t) : httpReceiver(t));
    const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol, temporality: 'delta' });
    const values = distributionOf(0, 0, 1, 999, 12_345, 12_345, 1e6, 1e9, 1e9 + 1, 9e15);
    await output.write([probe({ network_rtt: distribution(values) })], never);
    const [point = assert.fail()] = last(receiver.received);
    assert.deepEqual([point.name, point.unit, point.kind], ['weft.probe.network_rtt', 's', 'exponentialHistogram']);
    assertSame(point, values);
    assert.deepEqual(point.tags, { transport: 'udp', src: 'host-a', dst: 'host-b' });
    assert.equal(receiver.received.length, 1);
  });

  test(`${protocol}: any distribution arrives as it is, merged over many windows`, async (t) => {
    const receiver = await (protocol === 'grpc' ? grpcReceiver(t) : httpReceiver(t));
    const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol });
    const total = new Distribution();
    let timeNs = T0;
    const property = fc.asyncProperty(anyDistribution, async (values) => {
      await output.write([probe({ network_rtt: distribution(values) }, { timeNs })], never);
      total.merge(values);
      const [point = assert.fail()] = last(receiver.received);
      assertSame(point, total);
      assert.equal(point.startTimeUnixNano, String(T0 - WINDOW_NS));
      assert.equal(point.timeUnixNano, String(timeNs));
      timeNs += WINDOW_NS;
    });
    await fc.assert(property, { numRuns: 30 });
  });
}

/** OTLP: bucket i of scale s is (base^i, base^(i+1)] with base = 2^(2^-s); in whole numbers, so that nothing is rounded. */
test('every value lies in the bucket that the definition gives it', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url, temporality: 'delta' });
  // Powers of two seconds are bounds, of which the upper one belongs to the bucket; others lie next to bounds.
  const exact = [1e9, 5e8, 25e7, 125e6, 2e9, 4e9].flatMap((ns) => [ns - 1, ns, ns + 1]);
  const values = [1, 2, 3, 10, 999, 1000, 1024, 65_536, 4_194_304, ...exact];
  const metrics = values.map((ns, i) =>
    probe({ network_rtt: distribution(distributionOf(ns)) }, { tags: { dst: `host-${i}` } }),
  );
  await output.write(metrics, never);
  for (const [i, point] of last(receiver.received).entries()) {
    const [[index = 0, held] = []] = bucketsOf(point);
    const nsTo32 = BigInt(values[i] ?? 0) ** 32n;
    // 2^i < (ns / 10^9)^32 <= 2^(i+1)
    const times = (power: number): [bigint, bigint] =>
      power >= 0 ? [nsTo32, (10n ** 288n) << BigInt(power)] : [nsTo32 << BigInt(-power), 10n ** 288n];
    const [low, lowBound] = times(index);
    const [high, highBound] = times(index + 1);
    assert.ok(held === '1' && low > lowBound && high <= highBound, `${values[i]} ns in bucket ${index}`);
  }
});

test('counts: results of probes are one sum with an attribute; totals since the start, from the start', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url });
  const fields = { sent: count(10, 'probes'), success: count(9, 'probes'), timeout: count(1, 'probes') };
  await output.write([probe(fields), probe(fields, { timeNs: T0 + WINDOW_NS })], never);
  await output.write([probe(fields, { timeNs: T0 + 3n * WINDOW_NS })], never);
  const points = receiver.received.flatMap(pointsOf);
  const view = points.map((p) => [p.name, p.tags.result, p.asInt, BigInt(p.timeUnixNano) - T0]);
  assert.deepEqual(view, [
    ['weft.probes.sent', undefined, '10', 0n],
    ['weft.probes.sent', undefined, '20', WINDOW_NS],
    ['weft.probes', 'success', '9', 0n],
    ['weft.probes', 'timeout', '1', 0n],
    ['weft.probes', 'success', '18', WINDOW_NS],
    ['weft.probes', 'timeout', '2', WINDOW_NS],
    ['weft.probes.sent', undefined, '30', 3n * WINDOW_NS],
    ['weft.probes', 'success', '27', 3n * WINDOW_NS],
    ['weft.probes', 'timeout', '3', 3n * WINDOW_NS],
  ]);
  for (const point of points) {
    assert.deepEqual([point.kind, point.temporality, point.isMonotonic], ['sum', CUMULATIVE, true]);
    assert.equal(point.startTimeUnixNano, String(T0 - WINDOW_NS));
    assert.equal(point.unit, '{probes}');
  }
});

test('deltas: each point begins where the one before it ended, and says what is new', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url, temporality: 'delta' });
  for (const windows of [0n, 1n, 4n]) {
    await output.write([probe({ sent: count(10, 'probes') }, { timeNs: T0 + windows * WINDOW_NS })], never);
  }
  const view = receiver.received.flatMap(pointsOf).map((point) => {
    assert.deepEqual([point.temporality, point.asInt], [DELTA, '10']);
    return [point.startTimeUnixNano, point.timeUnixNano].map((time) => (BigInt(time) - T0) / S);
  });
  assert.deepEqual(view, [
    [-10n, 0n],
    [0n, 10n],
    [10n, 40n],
  ]);
});

test('a series that ended, or was not seen for long, starts anew', async (t) => {
  const receiver = await httpReceiver(t);
  const { output, clock } = await connectedOutput(t, { endpoint: receiver.url, series_expiry: '1m' });
  const at = (windows: bigint) => probe({ sent: count(1, 'probes') }, { timeNs: T0 + windows * WINDOW_NS });
  const seen = async (): Promise<[string | undefined, bigint]> => {
    const [point = assert.fail()] = last(receiver.received);
    return [point.asInt, (BigInt(point.startTimeUnixNano) - T0) / WINDOW_NS];
  };
  await output.write([at(0n)], never);
  await output.write([at(1n)], never);
  assert.deepEqual(await seen(), ['2', -1n]);
  await output.write([{ ...at(1n), fields: {} }], never);
  await output.write([at(5n)], never);
  assert.deepEqual(await seen(), ['1', 4n]);
  await clock.advance(61_000);
  await output.write([{ ...at(11n), tags: { dst: 'other' } }], never);
  await output.write([at(12n)], never);
  assert.deepEqual(await seen(), ['1', 11n]);
  assert.equal(receiver.received.length, 5, 'the end of a series alone is not sent');
});

test('a metric that comes late: its own window as a delta; of totals, the next point has it', async (t) => {
  const receiver = await httpReceiver(t);
  const at = (windows: bigint) => probe({ sent: count(1) }, { timeNs: T0 + windows * WINDOW_NS });
  for (const temporality of ['delta', 'cumulative']) {
    const { output } = await connectedOutput(t, { endpoint: receiver.url, temporality });
    const before = receiver.received.length;
    for (const windows of [0n, 2n, 1n, -9n, 3n]) await output.write([at(windows)], never);
    const view = receiver.received
      .slice(before)
      .flatMap(pointsOf)
      .map(({ startTimeUnixNano, timeUnixNano, asInt }) => [
        ...[startTimeUnixNano, timeUnixNano].map((time) => Number((BigInt(time) - T0) / WINDOW_NS)),
        Number(asInt),
      ]);
    const deltas = [
      [-1, 0, 1],
      [0, 2, 1],
      [0, 1, 1],
      [-10, -9, 1],
      [2, 3, 1],
    ];
    const totals = [
      [-1, 0, 1],
      [-1, 2, 2],
      [-1, 3, 5],
    ];
    assert.deepEqual(view, temporality === 'delta' ? deltas : totals);
  }
});

test('a large batch is one request, and each of its points is in it once', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url });
  const hosts = Array.from({ length: 1201 }, (_, i) => `host-${i}`);
  await output.write(
    hosts.map((dst) => probe({ sent: count(1) }, { tags: { dst } })),
    never,
  );
  assert.equal(receiver.received.length, 1);
  assert.deepEqual(
    last(receiver.received).map(({ tags }) => tags.dst),
    hosts,
  );
});

test('gauges in base units; fields that OTLP has no place for are left out and counted', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url });
  const fields = {
    uptime: gauge(1500, 'ms'),
    rss: gauge(-1, 'bytes'),
    share: gauge(0.25, 'ratio'),
    load: gauge(2),
    note: text('x'),
  };
  const metric: Metric = { name: 'weft_agent', tags: { src: 'host-a', empty: '' }, fields, timeNs: T0 };
  await output.write([metric], never);
  const view = last(receiver.received).map((p) => [p.kind, p.name, p.unit, p.asDouble, p.tags]);
  const tags = { src: 'host-a' };
  assert.deepEqual(view, [
    ['gauge', 'weft.agent.uptime', 's', 1.5, tags],
    ['gauge', 'weft.agent.rss', 'By', -1, tags],
    ['gauge', 'weft.agent.share', '1', 0.25, tags],
    ['gauge', 'weft.agent.load', '', 2, tags],
  ]);
  const [own, dropped] = output.selfMetrics(T0);
  assert.deepEqual(own?.fields.points, count(4, 'points'));
  assert.deepEqual([dropped?.tags, dropped?.fields], [{ reason: 'text_field' }, { fields: count(1, 'fields') }]);
  assert.equal(output.selfMetrics(T0).length, 1, 'counts are those since the last time');
});

test('the resource: this agent, its labels, and what the options add or replace', async (t) => {
  const receiver = await httpReceiver(t);
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'team=net,service.instance.id=from-env,host.name=h';
  t.after(() => delete process.env.OTEL_RESOURCE_ATTRIBUTES);
  const resource_attributes = { 'host.name': 'host-x' };
  const { output } = await connectedOutput(t, { endpoint: receiver.url, resource_attributes });
  await output.write([probe({ sent: count(1) })], never);
  const resource = resourceOf(receiver.received[0] ?? assert.fail());
  assert.equal(resource['service.name'], 'weft');
  assert.equal(resource['service.version'], '0.0.0');
  assert.equal(resource['weft.label.tor'], 't1');
  assert.equal(resource.team, 'net');
  assert.equal(resource['service.instance.id'], 'from-env');
  assert.equal(resource['host.name'], 'host-x');
});

test('the environment is respected, with the options above it', async (t) => {
  const receiver = await httpReceiver(t);
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/collector`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=net,x-over=env',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  };
  Object.assign(process.env, environment);
  t.after(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  const { output } = await connectedOutput(t, { headers: { 'x-over': 'option' } });
  await output.write([probe({ sent: count(1) })], never);
  const [{ headers, path } = assert.fail()] = receiver.received;
  assert.equal(path, '/collector/v1/metrics');
  assert.deepEqual([headers['x-team'], headers['x-over']], ['net', 'option']);
  assert.deepEqual([headers['content-encoding'], headers['content-type']], ['gzip', 'application/json']);
  assert.equal(last(receiver.received)[0]?.temporality, DELTA);
  const { output: other } = await connectedOutput(t, {
    endpoint: receiver.url,
    protocol: 'http/protobuf',
    compression: 'none',
    temporality: 'cumulative',
  });
  await other.write([probe({ sent: count(1) })], never);
  const [, second = assert.fail()] = receiver.received;
  assert.deepEqual([second.path, second.headers['content-encoding']], ['/v1/metrics', undefined]);
  assert.equal(last(receiver.received)[0]?.temporality, CUMULATIVE);
});

for (const protocol of ['http/protobuf', 'grpc'] as const) {
  test(`${protocol}: TLS with a client certificate, and headers`, async (t) => {
    const folder = await tempFolder(t);
    const { caFile, ca, server } = makeCertificates(folder);
    const tls = { ca, cert: readFileSync(server.certFile), key: readFileSync(server.keyFile) };
    const receiver = await (protocol === 'grpc'
      ? grpcReceiver(t, { tls })
      : httpReceiver(t, { ...tls, requestCert: true, rejectUnauthorized: true }));
    const files = { tls_ca: caFile, tls_cert: join(folder, 'client.pem'), tls_key: join(folder, 'client.key') };
    const options = { endpoint: receiver.url, protocol, compression: 'gzip', headers: { authorization: 'Bearer abc' } };
    const { output } = await connectedOutput(t, { ...options, ...files });
    await output.write([probe({ sent: count(1) })], never);
    const { authorization } = receiver.received[0]?.headers ?? {};
    assert.equal(String(authorization), 'Bearer abc');
    const { output: stranger } = await connectedOutput(t, { ...options, tls_ca: caFile });
    // A certificate may be put right: the batch is kept.
    await failureOf(stranger.write([probe({ sent: count(1) })], never), PeerError);
    assert.equal(receiver.received.length, 1);
  });
}
