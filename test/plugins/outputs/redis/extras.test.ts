/** What is written only if asked: channels, time series, PingWeave's keys. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'redis';
import { gauge } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { settled } from '../../../support/settled.js';
import { TimeSeriesRedis } from '../../../support/time-series-redis.js';
import { until } from '../../../support/wait-for.js';
import { makeOutput, never, pair, pairs, START_NS } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
const START_MS = Number(START_NS / 1_000_000n);

test(
  'what was stored is published: a message for each source and window, and nothing of what was not',
  needs,
  async (t) => {
    const server = await RedisServer.start(t);
    const client = createClient({ socket: { path: server.socket, tls: false } });
    // The server ends before it.
    client.on('error', () => {});
    t.after(() => client.destroy());
    await client.connect();
    const heard: Record<string, unknown>[] = [];
    await client.subscribe('weft:probe:udp', (message) => heard.push(JSON.parse(message)));
    const output = makeOutput(t, { url: server.url, publish: true });
    const bad = pair(0, { tags: { dst: 'bad' }, fields: { v: gauge(Number.NaN) } });
    const other = pair(1, { tags: { src: 'other' } });
    // Somebody else's key has the name of its hash.
    await server.cli('SET', 'weft:probe:udp:other:taken', 'x');
    const taken = pair(1, { tags: { src: 'other', dst: 'taken' } });
    const { rejected } = await settled(output, [...pairs(700), bad, other, taken]);
    assert.deepEqual([...rejected.values()], ['not_finite', 'wrong_type']);
    await until(() => heard.length === 3);
    const [first, second, third] = heard as { pairs: Record<string, unknown>[] }[];
    const head = { transport: 'udp', src: 'a', time_ns: String(START_NS), window_ms: 10_000 };
    assert.deepEqual(
      [{ ...first, pairs: first?.pairs.length }, second?.pairs.length, third?.pairs.length],
      [{ ...head, pairs: 500 }, 200, 1],
    );
    const { dst, clock, sent, loss, network_rtt_count: count } = first?.pairs[7] ?? {};
    assert.deepEqual({ dst, clock, sent, loss, count }, { dst: 'd7', clock: 'kernel', sent: 10, loss: 0.2, count: 3 });
  },
);

test(
  'time series: a sample for each figure that is wanted, once; what they cannot hold is refused',
  needs,
  async (t) => {
    const double = await TimeSeriesRedis.start(t, await RedisServer.start(t));
    const series = { retention: '1m', figures: ['sent', 'loss', 'network_rtt_p9*', 'v'] };
    const output = makeOutput(t, { url: double.url, time_series: series });
    await output.write([pair(0), pair(1), pair(0)], never);
    const key = 'weft:ts:{weft:probe:udp:a:b}:';
    assert.deepEqual(
      [...double.series.keys()].sort(),
      ['loss', 'network_rtt_p90', 'network_rtt_p95', 'network_rtt_p99', 'network_rtt_p999', 'sent'].map(
        (figure) => key + figure,
      ),
    );
    const loss = double.series.get(`${key}loss`);
    assert.deepEqual(
      [...(loss?.samples ?? [])],
      [
        [START_MS, 0.2],
        [START_MS + 10_000, 0.2],
      ],
    );
    assert.deepEqual(loss?.labels, {
      figure: 'loss',
      metric: 'probe',
      transport: 'udp',
      src: 'a',
      dst: 'b',
      clock: 'kernel',
    });
    const awkward = { rack: 'a,b(c)%', retention: 'LABELS' };
    const { rejected } = await settled(output, [
      pair(9, { tags: { dst: 'c', ...awkward }, fields: { v: gauge(1e21) } }),
      pair(9, { tags: { figure: 'x' } }),
      pair(0, { timeNs: -1n }),
      pair(9),
      // Within a batch all is sent in order, and this one comes after a later one.
      pair(1),
    ]);
    assert.deepEqual([...rejected].sort(), [
      [1, 'invalid'],
      [2, 'out_of_range'],
      [4, 'too_old'],
    ]);
    const held = double.series.get('weft:ts:{weft:probe:udp:a:c}:v');
    assert.deepEqual(
      [held?.labels.rack, held?.labels['%72etention'], [...(held?.samples.values() ?? [])]],
      ['a%2Cb%28c%29%25', '%4CABELS', [1e21]],
    );
  },
);

test('a Redis without the module is told, and the metrics are kept', needs, async (t) => {
  const server = await RedisServer.start(t);
  const output = makeOutput(t, { url: server.url, time_series: { retention: '1m', figures: ['*'] } });
  await assert.rejects(output.write([pair(0)], never), (error) => {
    return error instanceof PeerError && /no time series: load the module, or remove time_series/.test(error.message);
  });
  assert.equal(await server.cli('DBSIZE'), '0');
});

test('PingWeave’s keys hold the rest of its result line, an older one never replaces a newer one', needs, async (t) => {
  const server = await RedisServer.start(t);
  const prefix = 'weft:redis_pingweave:';
  const output = makeOutput(t, { url: server.url, prefix, pingweave_keys: true, pingweave_rdma: 'ib' });
  const names = { src: '10.0.0.1', dst: '10.0.0.2' };
  const metrics = ['udp', 'tcp', 'rdma-ud'].map((transport) => pair(1, { tags: { ...names, transport } }));
  await output.write(
    [...metrics, pair(2, { tags: { ...names, path: '7' } }), pair(1, { name: 'other', tags: names })],
    never,
  );
  await output.write([pair(0, { tags: names })], never);
  const all = (await server.cli('--raw', 'KEYS', '*')).split('\n');
  // Its plotter asks for every key that has not this word in its name, and takes it apart at the commas.
  const read = all.filter((key) => !key.includes('redis_pingweave')).sort();
  assert.deepEqual(read, ['ib,10.0.0.1,10.0.0.2', 'tcp,10.0.0.1,10.0.0.2', 'udp,10.0.0.1,10.0.0.2']);
  const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{9}';
  const [rdma = '', , udp = ''] = await Promise.all(read.map((key) => server.cli('GET', key)));
  assert.match(udp, new RegExp(`^${time},${time},8,2,0,network,30333,41000,(\\d+),41000,41000$`));
  assert.match(
    rdma,
    new RegExp(`^${time},${time},8,2,0,client,0,0,0,0,0,network,30333,41000,(\\d+),41000,41000,server,0,0,0,0,0$`),
  );
  assert.deepEqual([udp.split(',').length, rdma.split(',').length], [11, 23]);
  const end = new Date(`${udp.split(',')[1]?.slice(0, 23).replace(' ', 'T')}`).getTime();
  assert.equal(end, START_MS + 10_000);
  assert.ok(Number(await server.cli('PTTL', read[2] ?? '')) > 0);
});
