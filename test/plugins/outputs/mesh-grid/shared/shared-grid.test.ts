import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ConfigError, StartupError } from '../../../../../core/errors.js';
import type { Metric } from '../../../../../core/metric.js';
import { freePort } from '../../../../support/free-port.js';
import { hasRedis, RedisServer } from '../../../../support/redis-server.js';
import { until } from '../../../../support/wait-for.js';
import { at, END_MS, probe, WINDOW_MS } from '../../../common/grid/store/probes.js';
import { gridOf } from '../served.js';
import { contents, openServer, type SharedServer, untilEqual, WallClock } from './shared-grids.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
const HOSTS = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'];
const KEEPS = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** What the hosts say of each other in a window; `salt` makes other values. */
function meshOf(window = 0, salt = 0): Metric[] {
  return HOSTS.flatMap((src, i) =>
    HOSTS.filter((dst) => dst !== src).map((dst, k) => row(src, dst, window, 7 * i + k + salt)),
  );
}

function row(src: string, dst: string, window: number, salt: number, tags: Record<string, string> = {}): Metric {
  const places = { ...at('src', 'dc', 'p', `t${src[0]}`), ...at('dst', 'dc', 'p', `t${dst[0]}`), ...tags };
  const networkNs = [20_000 + 1000 * salt, 30_000 + salt, 41_000];
  return probe({ src, dst, window, networkNs, timeout: salt % 3, tags: places });
}

const half = (metrics: readonly Metric[], which: 0 | 1) => metrics.filter((_, i) => i % 2 === which);

/** Two servers on one Redis, and one by itself that is to get everything. */
async function three(t: TestContext, redis: RedisServer, options: Parameters<typeof openServer>[2] = {}) {
  const [a, b] = [await openServer(t, redis.url, options), await openServer(t, redis.url, options)];
  return { a, b, alone: await openServer(t, undefined, options) };
}

async function assertEqual(alone: SharedServer, ...servers: readonly SharedServer[]): Promise<void> {
  for (const server of servers) await untilEqual(server, alone);
}

test('each server that is told a half of the mesh serves the whole', needs, async (t) => {
  const { a, b, alone } = await three(t, await RedisServer.start(t));
  for (const window of [0, 1]) {
    const mesh = meshOf(window);
    await Promise.all([a.write(...half(mesh, 0)), b.write(...half(mesh, 1)), alone.write(...mesh)]);
  }
  await assertEqual(alone, a, b);
  const { json } = await a.ask('/v1/windows');
  assert.deepEqual([json.store.metrics.added, json.store.shared.pushed, json.store.shared.taken], [30, 30, 30]);
  assert.equal((await a.ask('/readyz')).status, 200);
  assert.equal((await a.ask('/v1/windows')).headers['weft-store'], undefined);
});

test('what both are told counts once, whoever is told first and in whatever pieces', needs, async (t) => {
  const { a, b, alone } = await three(t, await RedisServer.start(t));
  const mesh = meshOf();
  await alone.write(...mesh);
  // At the same time, then once more, in other pieces and another order.
  await Promise.all([a.write(...mesh), b.write(...mesh)]);
  await b.write(...[...mesh].reverse().slice(0, 17));
  for (const metric of mesh.slice(3, 9)) await a.write(metric);
  await assertEqual(alone, a, b);
  const told = await Promise.all([a, b].map(async ({ ask }) => (await ask('/v1/windows')).json.store));
  assert.equal(told[0].shared.pushed + told[1].shared.pushed, 30);
  assert.equal(told[0].metrics.doubled + told[1].metrics.doubled, 30 + 17 + 6);
});

test('several paths of a pair, and what an agent says before and after its restart, count all', needs, async (t) => {
  const { a, b, alone } = await three(t, await RedisServer.start(t));
  const parts = [
    ...['1', '2', '3'].map((path) => row('a1', 'b1', 0, 1, { path })),
    row('a1', 'b1', 0, 2),
    row('a1', 'b1', 0, 3),
  ];
  await alone.write(...parts);
  await a.write(...parts.slice(0, 3));
  await b.write(...parts.slice(2));
  await assertEqual(alone, a, b);
  const { json } = await b.ask('/v1/pairs/a1/b1');
  assert.equal(json.windows[0].counts.success, 15);
});

test('a server that starts later has everything, the newest window first', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const { a, alone } = await three(t, redis);
  for (const window of [0, 1, 2]) {
    await a.write(...meshOf(window));
    await alone.write(...meshOf(window));
  }
  const late = await openServer(t, redis.url);
  await until(async () => (await late.ask('/readyz')).status === 200);
  assert.equal(await contents(late), await contents(alone));
  assert.equal((await late.ask('/v1/windows')).json.store.shared.taken, 90);
});

test('a Redis that is killed and comes back with its data: nothing is lost, nothing counts twice', needs, async (t) => {
  const redis = await RedisServer.start(t, KEEPS);
  const { a, b, alone } = await three(t, redis);
  const [before, meanwhile] = [meshOf(0), meshOf(1)];
  await alone.write(...before, ...meanwhile);
  await a.write(...before);
  await untilEqual(b, a);
  await redis.kill();
  // Each is told a part, and both of them the rest; of the window before, too.
  await Promise.all([
    a.write(...meanwhile.slice(0, 20)),
    b.write(...meanwhile.slice(10)),
    b.write(...before.slice(0, 5)),
  ]);
  const own = await a.ask(`/v1/grid?level=host&at=${END_MS}&stat=count`);
  assert.equal(own.json.values.filter((value: unknown) => value !== null).length, 20, 'it serves what it was told');
  assert.deepEqual([own.status, own.headers['weft-store']], [200, 'away']);
  const { status, headers, json } = await a.ask('/readyz');
  assert.deepEqual([status, json.error, headers['retry-after']], [503, 'not_ready', '5']);
  assert.equal((await a.ask('/v1/windows')).json.store.shared.pending, 20);
  await redis.restart();
  await assertEqual(alone, a, b);
  const late = await openServer(t, redis.url);
  await assertEqual(alone, late);
  const [shared, sharedB] = await Promise.all(
    [a, b].map(async ({ ask }) => (await ask('/v1/windows')).json.store.shared),
  );
  assert.deepEqual([shared.outages, shared.pending, shared.unshared], [1, 0, 0]);
  assert.equal(sharedB.replaced, 1, 'what b had from a, and was told once more while nobody could say so, is mended');
});

test('what both are told twice while Redis is away counts once', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const { a, b, alone } = await three(t, redis);
  const mesh = meshOf();
  await alone.write(...mesh);
  await redis.kill();
  for (const server of [a, b, a, b]) await server.write(...mesh);
  await redis.restart();
  await assertEqual(alone, a, b);
});

test('a Redis that comes back empty: what is here stays, and what comes is shared', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const { a, b, alone } = await three(t, redis);
  const mesh = meshOf(0);
  await alone.write(...mesh);
  await a.write(...mesh.slice(0, 12));
  await untilEqual(b, a);
  await redis.kill();
  await Promise.all([a.write(...mesh.slice(12, 20)), b.write(...mesh.slice(16, 26))]);
  await redis.restart();
  await Promise.all([a.write(...mesh.slice(26)), b.write(...mesh.slice(28))]);
  await assertEqual(alone, a, b);
  const late = await openServer(t, redis.url);
  await until(async () => (await late.ask('/readyz')).status === 200);
  assert.equal((await late.ask('/v1/windows')).json.store.shared.taken, mesh.length - 12, 'it has what came since');
});

test('a Redis that does not answer holds up nothing', needs, async (t) => {
  const redis = await RedisServer.start(t);
  // Long enough for a Redis that is only slow, when it starts.
  const { a, b, alone } = await three(t, redis, { store: { timeout: '1s' } });
  await alone.write(...meshOf());
  redis.stall();
  await Promise.all([a.write(...meshOf().slice(0, 20)), b.write(...meshOf().slice(10))]);
  assert.equal((await a.ask('/readyz')).status, 503);
  await a.write(
    ...meshOf()
      .slice(0, 3)
      .map((metric) => ({ ...metric, name: 'other' })),
  );
  redis.resume();
  await assertEqual(alone, a, b);
});

test('in whatever order things happen, all servers end with the same, and right', needs, async (t) => {
  const redis = await RedisServer.start(t, KEEPS);
  const { a, b, alone } = await three(t, redis);
  const all = [0, 1, 2].flatMap((window) => [...meshOf(window), ...meshOf(window, 40)]);
  await alone.write(...all);
  const rest = { a: shuffled(all), b: shuffled(all) };
  const writes: Promise<void>[] = [];
  // Both are told everything in pieces, at their own pace, while Redis dies three times.
  for (let turn = 0; rest.a.length + rest.b.length > 0; turn += 1) {
    for (const [server, metrics] of [
      [a, rest.a],
      [b, rest.b],
    ] as const) {
      const piece = metrics.splice(0, 1 + Math.floor(Math.random() * 12));
      if (piece.length > 0) writes.push(server.write(...piece));
    }
    await Promise.all(writes.splice(0));
    if (turn % 7 !== 5) continue;
    const killed = redis.kill();
    await Promise.all([a.write(...shuffled(all).slice(0, 5)), b.write(...shuffled(all).slice(0, 5)), killed]);
    await redis.restart();
  }
  await assertEqual(alone, a, b, await openServer(t, redis.url));
});

function shuffled<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(Math.floor(Math.random() * rest.length), 1));
}

test('windows expire in Redis when they are not kept any more', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const [windowMs, windows] = [100, 3];
  // It stands still: however long all this takes, the window is one that is kept.
  const clock = new WallClock();
  const a = await openServer(t, redis.url, { clock, windowMs, output: { windows } });
  const endMs = clock.nowMs;
  await a.write({ ...probe({ src: 'a', dst: 'b', networkNs: [1] }), timeNs: BigInt(endMs) * 1_000_000n });
  assert.equal((await a.ask('/v1/windows')).json.store.shared.pushed, 1);
  const ttlMs = Number(await redis.cli('PTTL', `weft:grid:${windowMs}:${endMs}`));
  // -2: it has gone already; -1 would be never.
  assert.ok(ttlMs === -2 || (ttlMs > 0 && ttlMs <= (windows + 1) * windowMs), `it is kept for ${ttlMs} ms`);
  await until(async () => (await redis.cli('DBSIZE')) === '0');
});

test('a cell takes as many bytes in Redis as docs/grid.md says', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const a = await openServer(t, redis.url);
  const [hosts, targets, windows] = [40, 30, 4];
  for (let window = 0; window < windows; window += 1) {
    await a.write(...Array.from({ length: hosts }, (_, i) => rowOf(i, targets, window)).flat());
  }
  const keys = (await redis.cli('KEYS', '*')).split('\n');
  const bytes = await Promise.all(
    keys.map(async (key) => Number(await redis.cli('MEMORY', 'USAGE', key, 'SAMPLES', '0'))),
  );
  const perCell = bytes.reduce((sum, each) => sum + each, 0) / (hosts * targets * windows);
  const page = readFileSync(new URL('../../../../../../docs/grid.md', import.meta.url), 'utf8');
  const [, most = ''] = /in Redis it takes (?:up to )?(\d+) bytes/.exec(page) ?? [];
  assert.ok(perCell > Number(most) / 2 && perCell <= Number(most), `${perCell} bytes, and docs/grid.md says ${most}`);
});

/** Ten probes of each target with all three delays, as bench/grid-process.ts. */
function rowOf(host: number, targets: number, window: number): Metric[] {
  const spread = (medianNs: number) => Array.from({ length: 10 }, () => Math.round(medianNs * (0.6 + Math.random())));
  return Array.from({ length: targets }, (_, i) => {
    const [src, dst] = [`dc1-p1-t12-h${host}`, `dc1-p1-t12-h${100 + i}`];
    const tags = { ...at('src', 'dc1', 'p1', 't12'), ...at('dst', 'dc1', 'p1', 't12') };
    const delays = { networkNs: spread(30_000), proberNs: spread(200_000), responderNs: spread(15_000) };
    return probe({ src, dst, window, tags, ...delays });
  });
}

test('what waits for Redis is bounded, and what is given up is counted', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const a = await openServer(t, redis.url, { store: { max_pending: '1MiB' } });
  await redis.kill();
  for (const window of [0, 1, 2, 3])
    await a.write(...Array.from({ length: 40 }, (_, i) => rowOf(i, 30, window)).flat());
  const { store } = (await a.ask('/v1/windows')).json;
  assert.equal(store.metrics.added, 4800, 'its own grid has all');
  assert.ok(store.shared.unshared >= 1200, `${store.shared.unshared} are given up`);
  assert.equal(store.shared.pending + store.shared.unshared, 4800);
  assert.ok(a.log.lines.some(({ message }) => /the other servers will not see/.test(message)));
});

test(
  'what others keep in the same Redis is left alone, and values of unknown form are passed over',
  needs,
  async (t) => {
    const redis = await RedisServer.start(t);
    const key = `weft:grid:${WINDOW_MS}:${END_MS}`;
    await redis.cli('SET', 'other', 'value');
    await redis.cli('HSET', key, 'id', 'x', 'bytes', '5', '3 udpzz', 'abcde', 'no row', 'abc');
    const a = await openServer(t, redis.url);
    await until(async () => (await a.ask('/readyz')).status === 200);
    await redis.cli('PUBLISH', `weft:grid:${WINDOW_MS}`, 'no news');
    await redis.cli('PUBLISH', `weft:grid:${WINDOW_MS}`, '{"by":"me","end_ms":"soon","rows":[]}');
    await a.write(...meshOf());
    const late = await openServer(t, redis.url);
    await untilEqual(late, a);
    assert.equal(await redis.cli('GET', 'other'), 'value');
  },
);

test('an ACL user with no more than it needs, and grids of other windows or another prefix', needs, async (t) => {
  const redis = await RedisServer.start(t);
  await redis.cli(
    ...'ACL SETUSER grid on >secret-of-the-grid resetkeys ~mesh:* resetchannels &mesh:* -@all'.split(' '),
    ...'+evalsha +eval +hget +hset +hsetnx +hincrby +hkeys +pttl +pexpire +publish +subscribe +ping +hello +client'.split(
      ' ',
    ),
  );
  const store = { username: 'grid', password: 'secret-of-the-grid', prefix: 'mesh:' };
  const a = await openServer(t, redis.url, { store });
  const b = await openServer(t, redis.url, { store });
  const [other, longer] = [
    await openServer(t, redis.url),
    await openServer(t, redis.url, { windowMs: 2 * WINDOW_MS, store }),
  ];
  await a.write(...meshOf());
  await untilEqual(b, a);
  for (const stranger of [other, longer]) assert.equal((await stranger.ask('/v1/windows')).json.store.cells, 0);
});

test(
  'a Redis that is not there is told at the start; options that name none, or two, are refused',
  needs,
  async (t) => {
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    await assert.rejects(openServer(t, nowhere), StartupError);
    assert.throws(() => gridOf({ store: { type: 'redis' } }), ConfigError);
    assert.throws(() => gridOf({ store: { type: 'redis', url: nowhere, cluster: [nowhere] } }), ConfigError);
  },
);

test('it says how it is in metrics', needs, async (t) => {
  const redis = await RedisServer.start(t);
  const { a } = await three(t, redis);
  await a.write(...meshOf());
  const [metric] = a.grid.selfMetrics(1n);
  const values = Object.entries(metric?.fields ?? {}).map(([name, field]) => [name, 'value' in field && field.value]);
  const { added, cells, store_available, store_pushed, store_pending } = Object.fromEntries(values);
  assert.deepEqual([added, cells, store_available, store_pushed, store_pending], [30, 30, 1, 30, 0]);
  const [next] = a.grid.selfMetrics(2n);
  assert.deepEqual(next?.fields.added, { kind: 'count', value: 0, unit: 'metrics' });
});
