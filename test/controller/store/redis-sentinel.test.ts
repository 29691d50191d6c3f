import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupError } from '../../../core/errors.js';
import { freePort } from '../../support/free-port.js';
import { startWatched } from '../../support/redis-cluster.js';
import { hasRedis } from '../../support/redis-server.js';
import { until } from '../../support/wait-for.js';
import { KEY_A, registration } from '../entries.js';
import { contents, openRegistry } from './redis-registries.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 90_000 };

test('sentinels: after a failover controllers go on with the new master, and nothing is lost', needs, async (t) => {
  const { master, replica, sentinelUrl } = await startWatched(t, 'registry');
  const sentinel = { name: 'registry', nodes: [sentinelUrl] };
  const a = await openRegistry(t, { sentinel });
  const b = await openRegistry(t, { sentinel });
  await a.registry.register('host-1', KEY_A, registration());
  await b.registry.register('host-2', KEY_A, registration());
  await until(() => a.registry.size === 2 && b.registry.size === 2);
  const before = contents(a.registry);
  await master.kill();
  // The sentinel cuts every connection of the new master once.
  await until(async () => (await replica.cli('ROLE').catch(() => '')).startsWith('master'));
  await until(() => a.registry.available && b.registry.available);
  assert.equal(contents(b.registry), before);
  await until(() =>
    a.registry.register('host-3', KEY_A, registration()).then(
      () => true,
      () => false,
    ),
  );
  await until(() => b.registry.size === 3);
  assert.equal(await replica.cli('DBSIZE'), '3');
});

test('sentinels that are not there are told at the start', needs, async (t) => {
  const sentinel = { name: 'registry', nodes: [`redis://127.0.0.1:${await freePort()}`] };
  await assert.rejects(openRegistry(t, { sentinel }), StartupError);
});
