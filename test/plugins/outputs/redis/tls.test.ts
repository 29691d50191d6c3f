/** The output and servers that speak TLS only and demand a certificate: one, a cluster, and those that sentinels look after. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StartupError } from '../../../../core/errors.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { makeCertificates } from '../../../support/certificates.js';
import { freePort } from '../../../support/free-port.js';
import { startCluster, startWatched } from '../../../support/redis-cluster.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { failureOf } from '../../../support/rejection.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { makeOutput, never, pair, pairs } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };

async function certificates(t: TestContext) {
  const folder = await tempFolder(t);
  const options = {
    tls_ca: join(folder, 'ca.pem'),
    tls_cert: join(folder, 'client.pem'),
    tls_key: join(folder, 'client.key'),
  };
  return { made: makeCertificates(folder), options };
}

/** Without the authority the output refuses the server, without a certificate the server the output. */
async function refuses(t: TestContext, place: object, options: Awaited<ReturnType<typeof certificates>>['options']) {
  const { tls_ca, ...own } = options;
  for (const some of [own, { tls_ca }]) {
    const error = await failureOf(makeOutput(t, { ...place, ...some }).write([pair(0)], never), PeerError);
    assert.match(error.message, /^cannot write to /);
    assert.ok(['unreachable', 'timeout'].includes(error.reason), error.reason);
  }
}

test('one server', needs, async (t) => {
  const { made, options } = await certificates(t);
  const { caFile, server: own } = made;
  const port = await freePort();
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', own.certFile, '--tls-key-file', own.keyFile];
  const server = await RedisServer.start(t, ['--tls-port', String(port), ...files]);
  const url = `rediss://127.0.0.1:${port}`;
  await makeOutput(t, { url, ...options }).write([pair(0)], never);
  assert.equal(await server.cli('XLEN', 'weft:windows:udp'), '1');
  await refuses(t, { url }, options);
  await assert.rejects(makeOutput(t, { url, ...options, tls_ca: join(caFile, 'none') }).connect(), StartupError);
});

test('a cluster: every node of it', needs, async (t) => {
  const { made, options } = await certificates(t);
  const { servers, urls } = await startCluster(t, { tls: made });
  const [cluster, batch] = [urls.slice(0, 1), pairs(60)];
  await makeOutput(t, { cluster, publish: true, ...options }).write(batch, never);
  const kept = await Promise.all(servers.map(async (server) => (await server.cli('KEYS', 'weft:probe:*')).split('\n')));
  assert.ok(kept.every((keys) => keys.length > 1));
  assert.equal(kept.flat().length, batch.length);
  await refuses(t, { cluster }, options);
});

test('sentinels, and the master they name', needs, async (t) => {
  const { made, options } = await certificates(t);
  const { master, sentinelUrl } = await startWatched(t, 'weft', { tls: made });
  const sentinel = { name: 'weft', nodes: [sentinelUrl] };
  const output = makeOutput(t, { sentinel, ...options });
  await output.write([pair(0)], never);
  assert.equal(await master.cli('XLEN', 'weft:windows:udp'), '1');
  await refuses(t, { sentinel, timeout: '300ms' }, options);
});
