import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RegistryError } from '../../../controller/registry-error.js';
import { ConfigError, StartupError } from '../../../core/errors.js';
import { checkRedisConfig } from '../../../core/redis/options.js';
import { makeCertificates } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import { MemoryLog } from '../../support/memory-log.js';
import { hasRedis, RedisServer } from '../../support/redis-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/wait-for.js';
import { KEY_A, KEY_B, registration } from '../entries.js';
import { contents, openRegistry, type RedisPlace } from './redis-registries.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
const refusedFor = (reason: string) => (error: unknown) => error instanceof RegistryError && error.reason === reason;

/** Two controllers on one Redis. */
async function twoControllers(t: TestContext, place: RedisPlace) {
  return { a: await openRegistry(t, place), b: await openRegistry(t, place) };
}

test('what one controller takes the other has too, and one that starts later', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  await a.registry.register('host-1', KEY_A, registration({ tor: 't1' }));
  await b.registry.register('host-2', KEY_B, registration({ tor: 't2' }));
  await until(() => a.registry.size === 2 && b.registry.size === 2);
  assert.equal(contents(a.registry), contents(b.registry));
  await b.registry.register('host-1', KEY_A, registration({ tor: 't9' }));
  await until(() => a.registry.get('host-1')?.labels.tor === 't9');
  const late = await openRegistry(t, { url: server.url });
  assert.equal(contents(late.registry), contents(a.registry));
  assert.deepEqual(late.heard.events.sort(), ['+ host-1', '+ host-2']);
  assert.deepEqual(a.heard.events, ['+ host-1', '+ host-2', '+ host-1']);
});

test('a claim holds on every controller, and so does its end', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  const claims = await Promise.allSettled([
    a.registry.register('host', KEY_A, registration()),
    b.registry.register('host', KEY_B, registration()),
  ]);
  const refused = claims.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 1);
  assert.ok(refused[0]?.status === 'rejected' && refusedFor('not_yours')(refused[0].reason));
  await until(() => a.registry.size === 1 && b.registry.size === 1);
  assert.equal(await b.registry.delete('host'), true);
  await until(() => a.registry.size === 0);
  await a.registry.register('host', 'c'.repeat(64), registration());
  await until(() => b.registry.get('host')?.keyHash === 'c'.repeat(64));
});

test('a controller whose clock is behind is heard all the same', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  const ahead = await a.registry.register('host', KEY_A, registration());
  // As a controller an hour ahead of b would have written it.
  const key = 'weft:agent:host';
  const value = await server.cli('GET', key);
  await server.cli(
    'SET',
    key,
    value.replace(String(ahead.lastSeenMs), String(ahead.lastSeenMs + 3_600_000)),
    'PX',
    '900000',
  );
  const behind = await b.registry.register('host', KEY_A, registration({ tor: 't2' }));
  assert.ok(behind.lastSeenMs > ahead.lastSeenMs + 3_600_000);
  await until(() => a.registry.get('host')?.labels.tor === 't2');
  assert.equal(contents(a.registry), contents(b.registry));
});

test('a Redis that is killed and forgets gets everything back', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 ? a : b).registry.register(`host-${i}`, KEY_A, registration())),
  );
  await until(() => a.registry.size === 50 && b.registry.size === 50);
  const before = contents(a.registry);
  await server.kill();
  await assert.rejects(a.registry.register('host-new', KEY_A, registration()), refusedFor('unavailable'));
  assert.equal(a.registry.available, false);
  assert.equal(a.registry.size, 50);
  await server.restart();
  await until(() => a.registry.available && b.registry.available);
  assert.equal(await server.cli('DBSIZE'), '50');
  const late = await openRegistry(t, { url: server.url });
  assert.equal(contents(late.registry), before);
  await a.registry.register('host-new', KEY_A, registration());
  await until(() => b.registry.size === 51);
  assert.ok(a.registry.figures().storeErrors > 0);
  assert.equal(b.heard.events.length, 51);
});

test('every acknowledged registration outlives a Redis that is killed again and again', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  const acknowledged = new Map<string, number>();
  let running = true;
  const load = [a, b].map(async ({ registry }, i) => {
    for (let n = 0; running; n += 1) {
      const id = `host-${i}-${n % 40}`;
      await registry.register(id, KEY_A, registration({}, n % 65_536)).then(
        () => acknowledged.set(id, n % 65_536),
        () => new Promise((resolve) => setTimeout(resolve, 5)),
      );
    }
  });
  for (let kill = 0; kill < 5; kill += 1) {
    const reached = acknowledged.size + 1 + Math.floor(Math.random() * 10);
    await until(() => acknowledged.size >= Math.min(80, reached) && a.registry.available && b.registry.available);
    await server.kill();
    await server.restart();
  }
  await until(() => a.registry.available && b.registry.available);
  running = false;
  await Promise.all(load);
  await until(() => contents(a.registry) === contents(b.registry));
  const late = await openRegistry(t, { url: server.url });
  assert.equal(contents(late.registry), contents(a.registry));
  for (const [id, port] of acknowledged) assert.equal(late.registry.get(id)?.endpoints[0]?.port, port, id);
});

test('a Redis that does not answer turns registrations away in time, and nobody is forgotten', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { registry } = await openRegistry(t, { url: server.url, timeout: 500 });
  await registry.register('host', KEY_A, registration());
  server.stall();
  await assert.rejects(registry.register('host', KEY_A, registration()), refusedFor('unavailable'));
  assert.equal(registry.available, false);
  assert.equal(registry.size, 1);
  server.resume();
  await until(() => registry.available);
  await registry.register('host', KEY_A, registration());
});

test('a deletion that a controller missed holds when it is back', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { a, b } = await twoControllers(t, { url: server.url });
  await a.registry.register('host', KEY_A, registration());
  await until(() => b.registry.size === 1);
  // Nobody hears of it; only the next comparison tells.
  await server.cli('SET', 'weft:agent:host', `${Date.now() + 1000} - `, 'PX', '900000');
  await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
  await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => a.registry.size === 0 && b.registry.size === 0);
  assert.match(await server.cli('GET', 'weft:agent:host'), /^\d+ -$/);
});

test('keys expire when their agent is forgotten', needs, async (t) => {
  const server = await RedisServer.start(t);
  const { registry, heard } = await openRegistry(t, { url: server.url }, { forgetAfterMs: 1500 });
  await registry.register('host', KEY_A, registration());
  const ttlMs = Number(await server.cli('PTTL', 'weft:agent:host'));
  // -2: it has gone already; -1 would be never.
  assert.ok(ttlMs === -2 || (ttlMs > 0 && ttlMs <= 1500), `${ttlMs} ms`);
  await until(() => registry.size === 0);
  assert.deepEqual(heard.events, ['+ host', '- host']);
  await until(async () => (await server.cli('DBSIZE')) === '0');
});

test('how long an agent has been silent outlives a restart of the controller', needs, async (t) => {
  const server = await RedisServer.start(t);
  const first = await openRegistry(t, { url: server.url });
  await first.registry.register('host', KEY_A, registration());
  await first.registry.close();
  await server.cli('PEXPIRE', 'weft:agent:host', '400000');
  const second = await openRegistry(t, { url: server.url });
  assert.equal(second.registry.state('host'), 'stale');
});

test(
  'what others keep in the same Redis is left alone, and values of unknown form are passed over',
  needs,
  async (t) => {
    const server = await RedisServer.start(t);
    await server.cli('SET', 'other', 'x');
    await server.cli('SET', 'weft:agent:odd', 'not ours');
    await server.cli('SET', 'weft:agent:bad', '1 - {"id":7}');
    const log = new MemoryLog();
    const { registry } = await openRegistry(t, { url: server.url }, { log });
    assert.equal(registry.size, 0);
    assert.equal(log.messages('warn').length, 2);
    await server.cli('PUBLISH', 'weft:agents', 'odd nonsense');
    await registry.register('odd', KEY_A, registration());
    const other = await openRegistry(t, { url: server.url, prefix: 'w*:' });
    assert.equal(other.registry.size, 0);
    assert.equal(await server.cli('GET', 'other'), 'x');
  },
);

test('a password, an ACL user with no more than it needs, and a password in a file', needs, async (t) => {
  const commands = '+eval +evalsha +get +set +pttl +scan +publish +subscribe +ping +hello';
  const acl = `user weft on >secret ~weft:* &weft:* -@all ${commands}`;
  const server = await RedisServer.start(t, ['--requirepass', 'admin']);
  await server.cli('-a', 'admin', '--no-auth-warning', 'ACL', 'SETUSER', ...acl.split(' ').slice(1));
  const file = join(await tempFolder(t), 'password');
  await writeFile(file, 'secret\n');
  const a = await openRegistry(t, { url: server.url, username: 'weft', password: 'secret' });
  const b = await openRegistry(t, { url: server.url, username: 'weft', password: `file:${file}` });
  const c = await openRegistry(t, { url: server.url, password: 'admin' });
  await a.registry.register('host', KEY_A, registration());
  await until(() => b.registry.size === 1 && c.registry.size === 1);
  await assert.rejects(openRegistry(t, { url: server.url, password: 'wrong' }), (error: unknown) => {
    return error instanceof StartupError && !JSON.stringify(error).includes('wrong');
  });
});

test('a password that leaves the host unencrypted is warned of', needs, async (t) => {
  const port = await freePort();
  await RedisServer.start(t, ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'secret']);
  const warnings = async (host: string): Promise<string[]> => {
    const log = new MemoryLog();
    await openRegistry(t, { url: `redis://${host}:${port}`, password: 'secret' }, { log });
    return log.messages('warn');
  };
  // This host too, but no address of loopback.
  assert.deepEqual(await warnings('0.0.0.0'), ['the password goes to Redis unencrypted: use rediss']);
  assert.deepEqual(await warnings('127.0.0.1'), []);
});

test('TLS with its own authority and client certificates', needs, async (t) => {
  const folder = await tempFolder(t);
  const { caFile, server } = makeCertificates(folder);
  const port = await freePort();
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile];
  await RedisServer.start(t, ['--tls-port', String(port), ...files]);
  const url = `rediss://127.0.0.1:${port}`;
  const tls = { tls_ca: caFile, tls_cert: join(folder, 'client.pem'), tls_key: join(folder, 'client.key') };
  const { a, b } = await twoControllers(t, { url, ...tls });
  await a.registry.register('host', KEY_A, registration());
  await until(() => b.registry.size === 1);
  // Not an authority that is trusted, and no certificate.
  await assert.rejects(openRegistry(t, { url, tls_cert: tls.tls_cert, tls_key: tls.tls_key }), StartupError);
  await assert.rejects(openRegistry(t, { url, tls_ca: caFile }), StartupError);
});

test('a Redis that does not answer at the start is told, and no connection is left', needs, async (t) => {
  const server = await RedisServer.start(t);
  server.stall();
  await assert.rejects(openRegistry(t, { url: server.url, timeout: 100 }), StartupError);
  server.resume();
  // The one that asks.
  await until(async () => (await server.cli('CLIENT', 'LIST')).split('\n').length === 1);
});

test('a Redis that is not there is told at the start', needs, async (t) => {
  const folder = await tempFolder(t);
  await assert.rejects(openRegistry(t, { url: `unix:${join(folder, 'none.sock')}` }), StartupError);
  await assert.rejects(openRegistry(t, { url: `redis://127.0.0.1:${await freePort()}` }), StartupError);
});

test('options that name no Redis, or two, are refused', () => {
  const base = { prefix: 'weft:', timeout: 1000 } as const;
  const url = 'redis://127.0.0.1:6379';
  for (const config of [base, { ...base, url, cluster: [url] }, { ...base, url, tls_cert: 'x' }])
    assert.throws(() => checkRedisConfig(config, 'controller.store'), ConfigError);
  checkRedisConfig({ ...base, url }, 'controller.store');
});
