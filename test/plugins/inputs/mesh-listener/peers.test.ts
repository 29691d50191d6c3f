/** Who may connect, and peers that mean no good. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import { makeCertificates } from '../../../support/certificates.js';
import { openRaw } from '../../../support/raw-connection.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';
import { probe } from '../../common/grid/metrics.js';
import { makeListener, packed, startedListener, TOKENS } from './listener.js';

const HOSTILE = '127.0.0.2';

test('without tokens it listens on loopback only, and says what to do', () => {
  for (const listen of ['0.0.0.0:20119', ':20119', '[::]:20119', '10.0.0.1:20119']) {
    assert.throws(
      () => makeListener({ listen, tokens: {} }),
      (error: ConfigError) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /set tokens \(or tls_client_ca\), or listen on 127\.0\.0\.1/);
        return true;
      },
    );
    makeListener({ listen });
  }
  assert.throws(
    () => makeListener({ tokens: { agent: ['short'] } }),
    /tokens\.agent\[0\]: expected at least 16 characters/,
  );
  assert.throws(() => makeListener({ tls_cert: 'cert.pem' }), /tls_cert and tls_key belong together/);
});

test('on loopback it takes rows without tokens, and warns', async (t) => {
  const listener = await startedListener(t, { tokens: {} });
  assert.equal((await listener.push([probe()], { token: undefined })).status, 200);
  assert.match(listener.log.messages('warn').join(), /no tokens/);
});

test('with client certificates an agent pushes the rows of the host that its certificate names', async (t) => {
  const { server, ca, caFile, client } = makeCertificates(await tempFolder(t));
  const options = { tls_cert: server.certFile, tls_key: server.keyFile, tls_client_ca: caFile };
  const listener = await startedListener(t, options);
  const tls = { ca, ...client };
  assert.equal((await listener.push([probe({ src: 'client' })], { tls })).status, 200);
  const { status, json } = await listener.push([probe({ src: 'host-a' })], { tls });
  assert.deepEqual([status, json.error], [403, 'not_yours']);
  const mixed = await listener.push([probe({ src: 'host-a' }), probe({ src: 'client', dst: 'c' })], { tls });
  assert.deepEqual([mixed.status, mixed.json.accepted], [200, 1]);
  assert.equal((await listener.counters())['_refused{not_yours}.rows'], 2);
  await assert.rejects(listener.push([probe({ src: 'client' })], { tls: { ca } }), 'no certificate, no connection');
});

test('a flood from one address gets 429, and other addresses go on', async (t) => {
  const listener = await startedListener(t, { rate_limit: 1 });
  const flood = await Promise.all(Array.from({ length: 20 }, () => listener.post('{}', { from: HOSTILE })));
  const statuses = flood.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [...new Array(5).fill(400), ...new Array(15).fill(429)]);
  assert.equal(flood.find(({ status }) => status === 429)?.headers['retry-after'], '1');
  assert.equal((await listener.push([probe()])).status, 200);
  assert.equal((await listener.counters())['_requests{429}.requests'], 15);
});

test('a body that drips in is ended with 408 while others are served', async (t) => {
  const listener = await startedListener(t, {}, { headersTimeoutMs: 200, requestTimeoutMs: 300 });
  const { socket, received } = await openRaw(t, listener.url, HOSTILE);
  const head = `POST /v1/rows HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKENS.agent}\r\n`;
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`);
  const drip = setInterval(() => socket.write(' '), 50);
  const closed = once(socket, 'close');
  assert.equal((await listener.push([probe()])).status, 200);
  await closed;
  clearInterval(drip);
  assert.match(received(), /^HTTP\/1.1 408 .*"too_slow"/s);
  assert.equal((await listener.counters())['_requests{408}.requests'], 1);
});

test('one address cannot hold all connections', async (t) => {
  const listener = await startedListener(t, { max_connections: 8 });
  const held = await Promise.all(Array.from({ length: 4 }, () => openRaw(t, listener.url, HOSTILE)));
  const { socket } = await openRaw(t, listener.url, HOSTILE);
  await once(socket, 'close');
  assert.equal((await listener.push([probe()])).status, 200);
  assert.ok(held.every((one) => !one.socket.destroyed));
  assert.equal((await listener.counters())['.connections_refused'], 1);
});

test('bodies that are announced are received as far as memory allows; the others are to come later', async (t) => {
  const listener = await startedListener(t, { max_body_size: '200MiB' });
  const head = `POST /v1/rows HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKENS.agent}\r\nContent-Type: application/json\r\n`;
  const { socket } = await openRaw(t, listener.url, HOSTILE);
  // The answer to the second request says that the first one has been admitted.
  socket.write(`${head}Content-Length: ${200 * 1024 * 1024}\r\nExpect: 100-continue\r\n\r\n`);
  await once(socket, 'data');
  const { status, json } = await listener.post(packed([probe()]), { headers: { 'transfer-encoding': 'chunked' } });
  assert.deepEqual([status, json.error], [503, 'busy']);
  socket.destroy();
});

test('bodies that are taken, refused or broken off make room for others', async (t) => {
  // Each may be so long, as none says how long it is: there is room for one at a time.
  const listener = await startedListener(t, { max_body_size: '200MiB' });
  const chunked = { headers: { 'transfer-encoding': 'chunked' } };
  const push = async (): Promise<number> => (await listener.push([probe()], chunked)).status;
  assert.deepEqual([await push(), await push()], [200, 200]);
  assert.equal((await listener.post('{', chunked)).status, 400);
  assert.equal(await push(), 200);
  const text = { headers: { ...chunked.headers, 'content-type': 'text/plain' } };
  assert.equal((await listener.post('{}', text)).status, 415);
  assert.equal(await push(), 200);
  const { socket } = await openRaw(t, listener.url, HOSTILE);
  const head = `POST /v1/rows HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKENS.agent}\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
  await once(socket, 'data');
  socket.write('2\r\n{"\r\n');
  assert.equal(await push(), 503, 'the body is under way');
  socket.destroy();
  await until(async () => (await listener.counters())['.connections'] === undefined);
  assert.equal(await push(), 200);
});

test('other paths and methods end in 4xx', async (t) => {
  const listener = await startedListener(t);
  for (const [method, path, expected] of [
    ['GET', '/v1/rows', 405],
    ['POST', '/v1/row', 404],
    ['GET', '/', 404],
  ] as const) {
    const { status } = await listener.post('', { method, path });
    assert.equal(status, expected, `${method} ${path}`);
  }
});

test('an address that somebody else has is a StartupError, and stop is legal after it', async (t) => {
  const other = await startedListener(t);
  const { input } = makeListener({ listen: new URL(other.url).host });
  await assert.rejects(input.start({ add() {}, addError() {} }, new AbortController().signal), /another process uses/);
  await input.stop();
});
