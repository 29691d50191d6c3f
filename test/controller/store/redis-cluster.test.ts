import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupError } from '../../../core/errors.js';
import { freePort } from '../../support/free-port.js';
import { startCluster } from '../../support/redis-cluster.js';
import { hasRedis } from '../../support/redis-server.js';
import { until } from '../../support/wait-for.js';
import { KEY_A, KEY_B, registration } from '../entries.js';
import { contents, openRegistry } from './redis-registries.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 90_000 };

test(
  'a cluster: entries are spread, news reach every controller, a node that forgets gets its part back',
  needs,
  async (t) => {
    const { servers, urls: cluster } = await startCluster(t);
    const a = await openRegistry(t, { cluster });
    const b = await openRegistry(t, { cluster: cluster.slice(0, 1) });
    const ids = Array.from({ length: 60 }, (_, i) => `host-${i}`);
    await Promise.all(ids.map((id, i) => (i % 2 ? a : b).registry.register(id, i % 2 ? KEY_A : KEY_B, registration())));
    await until(() => a.registry.size === 60 && b.registry.size === 60);
    assert.equal(contents(a.registry), contents(b.registry));
    const sizes = async () => Promise.all(servers.map(async (server) => Number(await server.cli('DBSIZE'))));
    const before = await sizes();
    assert.ok(before.every((size) => size > 0) && before.reduce((sum, size) => sum + size) === 60, String(before));

    const [, second] = servers;
    assert.ok(second !== undefined);
    await second.kill();
    // Agents of the other nodes' slots may still register; those of this node are turned away.
    const kept = await Promise.allSettled(
      ids.map((id, i) => a.registry.register(id, i % 2 ? KEY_A : KEY_B, registration())),
    );
    assert.ok(kept.some(({ status }) => status === 'rejected'));
    await second.restart();
    await until(async () => a.registry.available && b.registry.available && String(await sizes()) === String(before));
    await a.registry.register('host-0', KEY_B, registration({ tor: 't7' }));
    await until(() => b.registry.get('host-0')?.labels.tor === 't7');
    const late = await openRegistry(t, { cluster });
    assert.equal(contents(late.registry), contents(a.registry));
  },
);

test('a cluster that is not there is told at the start', needs, async (t) => {
  await assert.rejects(openRegistry(t, { cluster: [`redis://127.0.0.1:${await freePort()}`] }), StartupError);
});
