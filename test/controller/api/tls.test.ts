import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { makeCertificates } from '../../support/certificates.js';
import { tempFolder } from '../../support/temp-folder.js';
import { KEY, settings, started, TOKENS } from './controller.js';

async function secured(t: TestContext, changes: object = {}) {
  const certificates = makeCertificates(await tempFolder(t));
  const { server, caFile } = certificates;
  const options = { tls_cert: server.certFile, tls_key: server.keyFile, ...changes };
  return { certificates, caFile, options };
}

test('TLS: tokens and keys as ever', async (t) => {
  const { certificates, options } = await secured(t);
  const api = await started(t, options);
  assert.match(api.url, /^https:/);
  const { ca } = certificates;
  assert.equal((await api.register('a', { tls: { ca } })).status, 200);
  assert.equal((await api.register('a', { tls: { ca }, token: 'nonsense' })).status, 401);
  await assert.rejects(api.register('a'), 'a certificate that nobody vouches for');
});

test('with client certificates an agent is who its certificate says, by CN or DNS name, whatever its key', async (t) => {
  const { certificates, caFile, options } = await secured(t);
  const api = await started(t, { ...options, tls_client_ca: caFile });
  const tls = { ca: certificates.ca, ...certificates.client };
  // The test certificate: CN client, DNS name localhost.
  for (const id of ['client', 'localhost']) {
    assert.equal((await api.register(id, { tls })).status, 200, id);
    assert.equal((await api.register(id, { tls, key: 'another-key-0123456789' })).status, 200, id);
    const own = { path: `/v1/agents/${id}/pinglist`, token: TOKENS.agent, tls };
    assert.equal((await api.ask(own)).status, 200, id);
  }
  for (const id of ['server', 'Client', 'LOCALHOST', 'clien', '127.0.0.1']) {
    const { status, json } = await api.register(id, { tls });
    assert.deepEqual([status, json.error], [403, 'not_yours'], id);
  }
  const withoutToken = await api.register('client', { tls, token: undefined });
  assert.equal(withoutToken.status, 401, 'the token is demanded besides');
  await assert.rejects(api.register('client', { tls: { ca: certificates.ca } }), 'no certificate, no connection');
});

test('client certificates without tokens make agents, and nothing more', async (t) => {
  const { certificates, caFile, options } = await secured(t);
  const api = await started(t, { ...options, tls_client_ca: caFile, tokens: {} });
  const tls = { ca: certificates.ca, ...certificates.client };
  assert.equal((await api.register('client', { tls, token: undefined })).status, 200);
  for (const [method, path] of [
    ['DELETE', '/v1/agents/client'],
    ['GET', '/v1/agents'],
    ['GET', '/metrics'],
  ]) {
    const { status } = await api.ask({ method: method ?? '', path: path ?? '', tls });
    assert.equal(status, 403, `${method} ${path}`);
  }
});

test('a reload serves new certificates to new connections; broken ones change nothing', async (t) => {
  const { certificates, options } = await secured(t);
  const api = await started(t, options);
  const other = makeCertificates(await tempFolder(t));
  copyFileSync(other.server.certFile, certificates.server.certFile);
  await assert.rejects(api.controller.reload(settings(options)), /belong together/);
  assert.equal((await api.ask({ path: '/healthz', tls: { ca: certificates.ca } })).status, 200);

  copyFileSync(other.server.keyFile, certificates.server.keyFile);
  await api.controller.reload(settings(options));
  assert.equal((await api.ask({ path: '/healthz', tls: { ca: other.ca } })).status, 200);
  await assert.rejects(api.ask({ path: '/healthz', key: KEY, tls: { ca: certificates.ca } }));
});
