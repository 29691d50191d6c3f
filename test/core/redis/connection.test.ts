/** What is left of a connection that was closed: nothing, at whatever moment that came. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createConnection } from '../../../core/redis/connection.js';
import type { RedisConfig } from '../../../core/redis/options.js';
import { freePort } from '../../support/free-port.js';
import { startCluster, startWatched } from '../../support/redis-cluster.js';
import { hasRedis, RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/wait-for.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
/** Turns of the event loop, until well after everything is connected. */
const MOMENTS = [0, 1, 2, 4, 8, 16, 32, 64, 128];

const open = (place: Partial<RedisConfig>) =>
  createConnection('test', { prefix: 'weft:', timeout: 1000, ...place }, { onDisturbed() {}, onMessage() {} });

/** Connections to the servers: not those of redis-cli, and not those of sentinels. */
async function clientsOf(servers: readonly RedisServer[]): Promise<number> {
  const lists = await Promise.all(servers.map((server) => server.cli('CLIENT', 'LIST', 'TYPE', 'normal')));
  const lines = lists.join('\n').split('\n');
  const subscribed = await Promise.all(servers.map((server) => server.cli('CLIENT', 'LIST', 'TYPE', 'pubsub')));
  const all = [...lines, ...subscribed.join('\n').split('\n')].filter((line) => line !== '');
  return all.filter((line) => !/ cmd=client\|list | name=sentinel-/.test(line)).length;
}

async function closesAtAnyMoment(servers: readonly RedisServer[], place: Partial<RedisConfig>): Promise<void> {
  for (const turns of MOMENTS) {
    const connection = await open(place);
    const connecting = connection.connect('news');
    const ended = connecting.then(
      () => true,
      () => false,
    );
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    await connection.close();
    const wasThere = await ended;
    if (turns === 0) assert.equal(wasThere, false);
  }
  await until(async () => (await clientsOf(servers)) === 0);
}

async function tcpServer(t: TestContext): Promise<{ server: RedisServer; url: string }> {
  const port = await freePort();
  const server = await RedisServer.start(t, ['--port', String(port), '--bind', '127.0.0.1']);
  return { server, url: `redis://127.0.0.1:${port}` };
}

test('one server: a connection that is closed while it is made leaves nothing behind', needs, async (t) => {
  const { server, url } = await tcpServer(t);
  await closesAtAnyMoment([server], { url });
});

test('a cluster: the same, and when a master is away nothing is left at the others', needs, async (t) => {
  const { servers, urls: cluster } = await startCluster(t);
  await closesAtAnyMoment(servers, { cluster });
  const [away, ...others] = servers;
  await away?.kill();
  const connection = await open({ cluster: cluster.slice(1, 2) });
  await assert.rejects(connection.connect());
  await connection.close();
  await until(async () => (await clientsOf(others)) === 0);
});

test('sentinels: the same', needs, async (t) => {
  const { master, sentinelUrl } = await startWatched(t, 'weft');
  await closesAtAnyMoment([master], { sentinel: { name: 'weft', nodes: [sentinelUrl] } });
});
