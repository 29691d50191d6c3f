/** How the output gets into a Redis, and what it says when it does not: the metrics are kept, and the remedy is named. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import type { Metric } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import type { RedisOutput } from '../../../../plugins/outputs/redis/redis.js';
import { freePort } from '../../../support/free-port.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { failureOf } from '../../../support/rejection.js';
import { settled } from '../../../support/settled.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';
import { hash, makeOutput, never, pair, pairs } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
/** As the README has it. */
const RIGHTS = '~weft:* &weft:* -@all +evalsha +eval +del +hget +hset +pexpire +get +set +xadd +publish +ping +hello';

async function keptFor(output: RedisOutput, message: RegExp, batch: readonly Metric[] = [pair(0)]): Promise<PeerError> {
  const error = await failureOf(output.write(batch, never), PeerError);
  assert.match(error.message, message);
  return error;
}

async function locked(t: TestContext): Promise<RedisServer> {
  const server = await RedisServer.start(t, ['--requirepass', 'admin']);
  await admin(server, 'ACL', 'SETUSER', 'weft', 'on', '>secret', ...RIGHTS.split(' '));
  return server;
}

const admin = (server: RedisServer, ...args: string[]) => server.cli('-a', 'admin', '--no-auth-warning', ...args);

test('an ACL user with no more than it needs, a password in a file that is renewed, a database', needs, async (t) => {
  const server = await locked(t);
  const file = join(await tempFolder(t), 'password');
  await writeFile(file, 'old\n');
  const output = makeOutput(t, {
    url: server.url,
    username: 'weft',
    password: `file:${file}`,
    database: 3,
    publish: true,
  });
  const error = await keptFor(output, /WRONGPASS/);
  assert.equal(error.reason, 'unauthorized');
  await writeFile(file, 'secret\n');
  // The right to SELECT is not among them.
  await keptFor(output, /NOPERM.*select/);
  await admin(server, 'ACL', 'SETUSER', 'weft', '+select');
  await output.write([pair(0)], never);
  assert.equal(await admin(server, '-n', '3', 'EXISTS', 'weft:probe:udp:a:b'), '1');
});

test('rights that are missing are told, and nothing is lost for them', needs, async (t) => {
  const server = await locked(t);
  const place = { url: server.url, username: 'weft', password: 'secret' };
  assert.equal(
    (await keptFor(makeOutput(t, { url: server.url }), /NOAUTH.*set username and password/)).reason,
    'unauthorized',
  );
  await keptFor(makeOutput(t, { ...place, password: 'wrong' }), /WRONGPASS.*correct username and password/);
  await makeOutput(t, place).write([pair(0)], never);
  for (const [right, options] of [
    ['-xadd', {}],
    ['-hset', {}],
    ['-publish', { publish: true }],
    ['resetkeys', {}],
  ] as const) {
    await admin(server, 'ACL', 'SETUSER', 'weft', right);
    const error = await keptFor(makeOutput(t, { ...place, ...options }), /README names under Permissions/);
    assert.equal(error.reason, 'forbidden');
    await admin(server, 'ACL', 'SETUSER', 'weft', ...RIGHTS.split(' '));
  }
});

test('a Redis that is away, a replica, one without memory and one with a script that never ends', needs, async (t) => {
  const port = await freePort();
  const server = await RedisServer.start(t, [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--busy-reply-threshold',
    '50',
  ]);
  const away = makeOutput(t, { url: `redis://u:p@127.0.0.1:${await freePort()}` });
  const { message, reason } = await keptFor(away, /cannot write to Redis at redis:\/\/127/);
  assert.deepEqual([reason, message.includes('u:p')], ['unreachable', false]);
  const output = makeOutput(t, { url: server.url });
  await server.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
  await keptFor(output, /READONLY.*this is a replica: name the master/);
  await server.cli('REPLICAOF', 'NO', 'ONE');
  await output.write([pair(0)], never);
  await server.cli('CONFIG', 'SET', 'maxmemory', '1');
  await keptFor(output, /OOM.*raise maxmemory/, pairs(300));
  await server.cli('CONFIG', 'SET', 'maxmemory', '0');
  const stuck = server.cli('EVAL', 'while true do end', '0');
  await until(async () => (await server.cli('PING')).startsWith('BUSY'));
  await keptFor(output, /BUSY.*SCRIPT KILL/);
  await server.cli('SCRIPT', 'KILL');
  await stuck;
  const batch = pairs(300);
  assert.equal((await settled(output, batch)).accepted.size, 300);
});

test('a node of a cluster in place of the cluster is told', needs, async (t) => {
  const port = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
  const server = await RedisServer.start(t, ['--port', String(port), '--bind', '127.0.0.1', ...cluster]);
  const output = makeOutput(t, { url: server.url });
  await keptFor(output, /CLUSTERDOWN|MOVED/);
  await keptFor(
    makeOutput(t, { cluster: [`redis://127.0.0.1:${port}`], timeout: '300ms' }),
    /cannot write to the cluster at/,
  );
});

test('where keys that go together have to be in one slot, each goes alone', needs, async (t) => {
  const ports = ['--port', String(await freePort()), '--bind', '127.0.0.1', '--cluster-port', String(await freePort())];
  const server = await RedisServer.start(t, [...ports, '--cluster-enabled', 'yes']);
  await server.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => (await server.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  const refused = async (): Promise<number> =>
    Number(/errorstat_CROSSSLOT:count=(\d+)/.exec(await server.cli('INFO', 'errorstats'))?.[1] ?? 0);
  const output = makeOutput(t, { url: server.url });
  await output.write(pairs(250), never);
  assert.equal(await server.cli('DBSIZE'), '252');
  const before = await refused();
  assert.ok(before > 0);
  await output.write(pairs(250), never);
  assert.equal(await refused(), before);
  assert.equal(await server.cli('XLEN', 'weft:windows:udp'), '500');
});

test(
  'a Redis without memory keeps the hashes that it has, and the agent those that it could not write',
  needs,
  async (t) => {
    const server = await RedisServer.start(t);
    const output = makeOutput(t, { url: server.url, stream_length: 0 });
    await output.write([pair(0)], never);
    const before = await hash(server, 'weft:probe:udp:a:b');
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    await keptFor(output, /OOM.*raise maxmemory/, [pair(1), ...pairs(150)]);
    assert.deepEqual(await hash(server, 'weft:probe:udp:a:b'), before);
    assert.equal(await server.cli('DBSIZE'), '1');
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    await output.write([pair(1), ...pairs(150)], never);
    assert.equal(await server.cli('DBSIZE'), '151');
  },
);

test('a write that fewer replicas have than it needs is kept', needs, async (t) => {
  const output = makeOutput(t, { url: (await RedisServer.start(t)).url, replicas: 1 });
  const error = await keptFor(output, /0 of 1 replicas have the write/);
  assert.equal(error.reason, 'overloaded');
});

test('a write is given up when the agent says so, and a Redis that is silent is left in time', needs, async (t) => {
  const server = await RedisServer.start(t);
  // Long enough for a Redis that is only slow, before it is halted and after it.
  const output = makeOutput(t, { url: server.url, timeout: '1s' });
  await output.write([pair(0)], never);
  server.stall();
  const error = await keptFor(output, /no answer from Redis/);
  assert.equal(error.reason, 'timeout');
  const slow = makeOutput(t, { url: server.url, timeout: '1m' });
  const giveUp = new AbortController();
  const written = slow.write([pair(1)], giveUp.signal);
  giveUp.abort();
  await assert.rejects(written);
  server.resume();
  await output.write([pair(1)], never);
  // The halted server reads what it was sent before, as well: neither counts twice.
  assert.equal(await server.cli('XLEN', 'weft:windows:udp'), '2');
});

test('a password that leaves the host unencrypted is warned of when the output starts', async (t) => {
  for (const [url, messages] of [
    ['redis://db:6379', ['the password goes to Redis unencrypted: use rediss']],
    ['rediss://db:6379', []],
  ] as const) {
    const log = new MemoryLog();
    await makeOutput(t, { url, password: 'secret' }, systemClock, log).connect();
    assert.deepEqual(log.messages('warn'), messages);
  }
});
