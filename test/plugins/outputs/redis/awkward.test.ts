/** Whatever a metric holds: a real Redis has it as it was measured, or it is rejected with a reason. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { count, gauge, type Metric } from '../../../../core/metric.js';
import { latestKey } from '../../../../plugins/outputs/redis/keys.js';
import { awkwardBatch } from '../../../support/metrics.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { settled } from '../../../support/settled.js';
import { type Plain, sent } from '../influxdb/plain.js';
import { connectedClient, makeOutput, pair } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };

async function started(t: TestContext) {
  const server = await RedisServer.start(t);
  const client = await connectedClient(t, server);
  return { client, output: makeOutput(t, { url: server.url }) };
}

/** Half of them windows of a pair, with words of any kind in its names. */
const batches = awkwardBatch.map((batch) =>
  batch.map((metric, i): Metric => {
    const [src = 'a', dst = 'b', transport = 'udp'] = Object.values(metric.tags);
    return i % 2 === 0 ? metric : { ...metric, name: 'probe', tags: { ...metric.tags, src, dst, transport } };
  }),
);

/** Numbers are read back as such: `1e+21` is 10^21. */
function assertHolds(held: Readonly<Record<string, string>>, metric: Metric): void {
  const [, tags, , values]: Plain = sent(metric);
  assert.equal(held.time_ns, String(metric.timeNs));
  for (const [name, value] of Object.entries({ ...tags, ...values })) {
    // The client's answer, an object, has no such member.
    if (name === '__proto__') continue;
    if (typeof value === 'number')
      assert.ok(Object.is(Number(held[name]), value), `${name}: ${held[name]}, not ${value}`);
    else assert.equal(held[name], value, name);
  }
  const own = ['time_ns', 'name', 'window_start_ns', 'window_ms', 'loss', '__proto__'];
  const others = (map: object): string[] => Object.keys(map).filter((name) => !own.includes(name));
  assert.deepEqual(others(held).sort(), others({ ...tags, ...values }).sort());
}

test('accepted is there as it was sent, rejected is not there', needs, async (t) => {
  const { client, output } = await started(t);
  const seen = { accepted: 0, rejected: 0 };
  await fc.assert(
    fc.asyncProperty(batches, async (batch) => {
      await client.flushAll();
      const { accepted, rejected } = await settled(output, batch);
      assert.equal(accepted.size + rejected.size, batch.length);
      const latest = new Map<string, Metric>();
      // In the order of their times.
      for (const [i, metric] of batch.entries()) if (accepted.has(i)) latest.set(latestKey('weft:', metric), metric);
      for (const [key, metric] of latest) assertHolds({ ...(await client.hGetAll(key)) }, metric);
      const keys = (await client.keys('*')).filter((key) => /^weft:(probe|metric):/.test(key));
      assert.deepEqual(keys.sort(), [...latest.keys()].sort());
      const windows = batch.filter(({ name }, i) => name === 'probe' && accepted.has(i));
      let streamed = 0;
      for (const key of await client.keys('weft:windows:*')) {
        for (const entry of (await client.xRange(key, '-', '+')) ?? []) {
          const message = { ...entry.message };
          const metric = windows.find(({ timeNs }) => String(timeNs) === message.time_ns);
          assertHolds(message, metric as Metric);
          streamed += 1;
        }
      }
      assert.equal(streamed, windows.filter(({ tags }) => tags.src && tags.dst && tags.transport).length);
      seen.accepted += accepted.size;
      seen.rejected += rejected.size;
    }),
    { numRuns: 60, includeErrorInReport: true },
  );
  assert.ok(seen.accepted > 0 && seen.rejected > 0, JSON.stringify(seen));
});

test('the edges of what is held', needs, async (t) => {
  const { client, output } = await started(t);
  const long = 'é'.repeat(32_768);
  const held: [Partial<Metric>, Record<string, string>][] = [
    [{ fields: { v: count(2 ** 63) } }, { v: '9223372036854775808' }],
    [{ fields: { v: count(-(2 ** 63)) } }, { v: '-9223372036854775808' }],
    [{ fields: { v: gauge(-0) } }, { v: '-0' }],
    [{ tags: { rack: long } }, { rack: long }],
    [{ tags: { rack: 'a\nb,c "d" 😀\0' } }, { rack: 'a\nb,c "d" 😀\0' }],
    // Like what JSON, in which fields are sent, would have in its place.
    [
      { tags: { rack: '\\ud83d \\u0000 "],["\\', '"\\': '\u2028' } },
      { rack: '\\ud83d \\u0000 "],["\\', '"\\': '\u2028' },
    ],
    [{ timeNs: -1n }, { time_ns: '-1', window_start_ns: '-10000000001' }],
  ];
  for (const [rest, expected] of held) {
    await client.flushAll();
    await output.write([pair(0, rest)], new AbortController().signal);
    const found = { ...(await client.hGetAll('weft:probe:udp:a:b')) };
    for (const [name, value] of Object.entries(expected)) assert.equal(found[name], value);
  }
  await client.flushAll();
  const refused: [Partial<Metric>, string][] = [
    [{ fields: { v: gauge(Number.NaN) } }, 'not_finite'],
    [{ fields: { v: gauge(Number.NEGATIVE_INFINITY) } }, 'not_finite'],
    [{ tags: { rack: '\ud83d' } }, 'invalid'],
    [{ tags: { sent: '1' } }, 'invalid'],
    [{ fields: { '': gauge(1) } }, 'invalid'],
    [{ timeNs: 2n ** 63n }, 'out_of_range'],
    [{ fields: Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`v${i}`, gauge(i)])) }, 'too_large'],
  ];
  const { rejected } = await settled(
    output,
    refused.map(([rest]) => pair(0, rest)),
  );
  assert.deepEqual(
    [...rejected.values()],
    refused.map(([, reason]) => reason),
  );
  assert.equal(await client.dbSize(), 0);
  const most = Object.fromEntries(Array.from({ length: 3400 }, (_, i) => [`v${i}`, gauge(i)]));
  await output.write([pair(0, { fields: most })], new AbortController().signal);
  assert.equal(await client.xLen('weft:windows:udp'), 1);
});
