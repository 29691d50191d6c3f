/** The output against a real Redis: what it writes, and that writing it again changes nothing. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ConfigError, PartialWriteError } from '../../../../core/errors.js';
import { count, gauge, text } from '../../../../core/metric.js';
import { repositoryRoot } from '../../../core/config/repository.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { settled } from '../../../support/settled.js';
import { entries, hash, makeOutput, never, pair, pairs, START_NS, WINDOW_NS } from './made.js';

const skip = hasRedis() ? false : 'needs the package redis-server';
const KEY = 'weft:probe:udp:a:b';

describe('one Redis', { skip, timeout: 60_000 }, () => {
  test('the latest window of a pair is a hash that expires, every window an entry of a stream', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url, expire_after: '90s' });
    await output.write([pair(0), pair(1)], never);
    const latest = await hash(server, KEY);
    assert.deepEqual(latest, {
      time_ns: String(START_NS + WINDOW_NS),
      window_start_ns: String(START_NS),
      window_ms: '10000',
      ...{ transport: 'udp', src: 'a', dst: 'b', clock: 'kernel' },
      ...{ sent: '10', success: '8', timeout: '2', send_error: '0', invalid: '0', late: '0', duplicate: '0' },
      loss: '0.2',
      network_rtt_p50: latest.network_rtt_p50,
      network_rtt_p90: '41000',
      network_rtt_p95: '41000',
      network_rtt_p99: '41000',
      network_rtt_p999: '41000',
      network_rtt_min: '20001',
      network_rtt_max: '41000',
      network_rtt_mean: '30334',
      network_rtt_count: '3',
    });
    assert.ok(Math.abs(Number(latest.network_rtt_p50) / 30_000 - 1) < 0.011, latest.network_rtt_p50);
    const ttlMs = Number(await server.cli('PTTL', KEY));
    assert.ok(ttlMs > 0 && ttlMs <= 90_000);
    const windows = await entries(server, 'weft:windows:udp');
    assert.deepEqual(
      windows.map(({ time_ns: time }) => time),
      [String(START_NS), String(START_NS + WINDOW_NS)],
    );
    assert.deepEqual(windows[1], latest);
    // One for each agent and each time that it starts.
    const [writer = ''] = (await server.cli('--raw', 'KEYS', 'weft:writer:*')).split('\n');
    const writerTtlMs = Number(await server.cli('PTTL', writer));
    assert.ok(writerTtlMs > 0 && writerTtlMs <= 3_600_000, writer);
  });

  test('an older window never replaces a newer one, nor does what it has not; a repeat changes nothing', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    const lost = { ...pair(5).fields };
    delete lost.network_rtt;
    await output.write([pair(2)], never);
    await output.write([pair(1)], never);
    assert.equal((await hash(server, KEY)).time_ns, String(START_NS + 2n * WINDOW_NS));
    await output.write([pair(5, { fields: lost })], never);
    const latest = await hash(server, KEY);
    assert.deepEqual([latest.time_ns, latest.network_rtt_p50], [String(START_NS + 5n * WINDOW_NS), undefined]);
    await output.write([pair(5, { fields: lost })], never);
    assert.deepEqual(await hash(server, KEY), latest);
  });

  test('times of any sign and length are in order', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    const ascending = [
      -(2n ** 63n),
      -(10n ** 18n) - 1n,
      -(10n ** 18n),
      -10n,
      -9n,
      -1n,
      0n,
      9n,
      10n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 63n - 1n,
    ];
    for (const [i, timeNs] of ascending.entries()) {
      const lower = ascending[i - 1];
      await output.write([pair(0, { timeNs }), ...(lower === undefined ? [] : [pair(0, { timeNs: lower })])], never);
      assert.equal((await hash(server, KEY)).time_ns, String(timeNs));
    }
    const { rejected } = await settled(output, [
      pair(0, { timeNs: 2n ** 63n }),
      pair(0, { timeNs: -(2n ** 63n) - 1n }),
    ]);
    assert.deepEqual([...rejected.values()], ['out_of_range', 'out_of_range']);
  });

  test('single paths have keys of their own; names of any kind are told apart', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    const names = [
      { src: 'a', dst: 'b', path: '3' },
      { src: 'a:b', dst: 'c' },
      { src: 'a', dst: 'b:c' },
      { src: 'fe80::1%eth0', dst: '{x}' },
      { src: 'é 😀\n', dst: 'a,b' },
    ];
    await output.write(
      names.map((tags) => pair(0, { tags })),
      never,
    );
    const keys = (await server.cli('--json', 'KEYS', 'weft:probe:*')) as string;
    assert.deepEqual((JSON.parse(keys) as string[]).sort(), [
      'weft:probe:udp:a%3Ab:c',
      'weft:probe:udp:a:b%3Ac',
      'weft:probe:udp:a:b:3',
      'weft:probe:udp:fe80%3A%3A1%25eth0:%7Bx%7D',
      'weft:probe:udp:é%20😀%0A:a,b',
    ]);
    const { src, dst } = await hash(server, 'weft:probe:udp:é%20😀%0A:a,b');
    assert.deepEqual([src, dst], ['é 😀\n', 'a,b']);
  });

  test('every other metric is a hash of its series, in no stream', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    const other = { name: 'load avg', tags: { src: 'a', rack: 'r=7', empty: '' }, timeNs: START_NS };
    const probe = pair(0, { tags: { src: '' } });
    await output.write(
      [{ ...other, fields: { load1: gauge(0.5), state: text('a\nb "c"') } }, probe, { ...other, fields: {} }],
      never,
    );
    assert.deepEqual(await hash(server, 'weft:metric:load%20avg:rack=r%3D7:src=a'), {
      ...{ time_ns: String(START_NS), name: 'load avg', src: 'a', rack: 'r=7', load1: '0.5', state: 'a\nb "c"' },
    });
    assert.equal(await server.cli('EXISTS', 'weft:metric:probe:clock=kernel:dst=b:transport=udp'), '1');
    assert.equal(await server.cli('DBSIZE'), '2');
  });

  test('a stream keeps about so many entries; with 0 there is none', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url, stream_length: 500 });
    for (let i = 0; i < 5; i += 1) await output.write(pairs(400, i * 400), never);
    const length = Number(await server.cli('XLEN', 'weft:windows:udp'));
    assert.ok(length >= 500 && length <= 700, String(length));
    const none = makeOutput(t, { url: server.url, stream_length: 0, prefix: 'none:' });
    await none.write([pair(0)], never);
    assert.equal(await server.cli('--raw', 'KEYS', 'none:*'), 'none:probe:udp:a:b');
  });

  test('a key of another kind costs its own metric only; a stream that is none keeps them all', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    await server.cli('SET', KEY, 'x');
    const batch = [...pairs(3), pair(0), ...pairs(300, 3)];
    const { rejected, accepted } = await settled(output, batch);
    assert.deepEqual([[...rejected], accepted.size], [[[3, 'wrong_type']], 303]);
    assert.equal(await server.cli('XLEN', 'weft:windows:udp'), '303');
    await server.cli('SET', 'weft:windows:tcp', 'x');
    const [udp, tcp] = [pair(0, { tags: { dst: 'c' } }), pair(0, { tags: { transport: 'tcp' } })];
    await assert.rejects(output.write([tcp, udp], never), (error) => {
      assert.ok(error instanceof PartialWriteError && error.retry, String(error));
      assert.deepEqual([error.accepted, error.rejected], [[1], []]);
      assert.match(error.message, /stream weft:windows:tcp: WRONGTYPE.*; delete or rename that key/);
      return true;
    });
    await server.cli('DEL', 'weft:windows:tcp');
    await output.write([tcp], never);
    assert.equal(await server.cli('XLEN', 'weft:windows:tcp'), '1');
  });

  test('the commands of the README answer', async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url });
    const [near, far] = [
      { src: 'host-a', dst: 'host-b' },
      { src: 'host-c', dst: 'host-b' },
    ];
    const fields = { ...pair(1).fields, timeout: count(8) };
    await output.write([pair(1, { tags: near }), pair(1, { tags: far, fields })], never);
    const readme = await readFile(join(repositoryRoot(), 'plugins/outputs/redis/README.md'), 'utf8');
    const [, block = ''] = /Run by a test\. -->\n```sh\n([^`]*)```/.exec(readme) ?? [];
    const answers: string[] = [];
    for (const line of block.trim().split('\n')) {
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        line.replaceAll('redis-cli', `redis-cli -s ${server.socket}`),
      ]);
      answers.push(stdout.trim());
    }
    const [all, some, to, worst, newest, first, length] = answers;
    assert.match(all ?? '', /^time_ns\n\d+\n/);
    assert.match(some ?? '', /^0\.2\n30\d{3}\n41000$/);
    assert.deepEqual(to?.split('\n').sort(), ['weft:probe:udp:host-a:host-b', 'weft:probe:udp:host-c:host-b']);
    assert.equal(worst, '0.5 weft:probe:udp:host-c:host-b\n0.2 weft:probe:udp:host-a:host-b');
    assert.deepEqual(
      [newest, first].map((text) => text?.match(/^loss$/gm)?.length),
      [2, 2],
    );
    assert.equal(length, '2');
  });

  test('options that contradict each other are refused', (t) => {
    const url = 'redis://127.0.0.1:6379';
    for (const [options, message] of [
      [{}, /expected one of url, cluster and sentinel/],
      [{ cluster: [url], database: 1 }, /a cluster has no databases/],
      [{ url: `${url}/1`, database: 1 }, /both url and database/],
      [{ url: 'redis://h:65536' }, /^url: expected one such as "redis:\/\/host:6379\/0", found "redis:\/\/h:65536"/],
      [{ url: 'redis://me:secret@h/x' }, /^url: expected one .*found "redis:\/\/h\/x"/],
      [{ cluster: [url, `${url}/1`] }, /^cluster: expected URLs such as "redis:\/\/host:6379", found/],
      [
        { sentinel: { name: 'm', nodes: ['redis://me:secret@h'] } },
        /^sentinel: expected no name and password(?!.*secret)/,
      ],
      [{ cluster: [url, 'rediss://h'] }, /redis:\/\/ or rediss:\/\/ for all nodes/],
      [{ url, tls_ca: 'ca.pem' }, /need rediss:\/\//],
      [{ url: 'rediss://h', tls_cert: 'cert.pem' }, /belong together/],
      [{ url: 'redis://me@h', password: 'secret' }, /name a user: keep one$/],
      [{ url, password: 'file:' }, /^password: expected a path/],
      [{ url, pingweave_keys: true }, /set prefix to "weft:redis_pingweave:"/],
    ] as const)
      assert.throws(
        () => makeOutput(t, options),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
  });
});
