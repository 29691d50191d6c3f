/** Peers that mean no good: each gets its 4xx or its end, and an honest one beside it notices nothing. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { openRaw } from '../../support/raw-connection.js';
import { KEY, send, started, type TestController, TOKENS } from './controller.js';

const HOSTILE = '127.0.0.2';

async function honestIsServed(api: TestController): Promise<void> {
  const { status } = await api.register('honest');
  assert.equal(status, 200);
  const list = await api.ask({ path: '/v1/agents/honest/pinglist', token: TOKENS.agent, key: KEY });
  assert.equal(list.status, 200);
}

test('a flood from one address is served at its rate, the rest gets 429, and other addresses go on', async (t) => {
  const api = await started(t, { rate_limit: 10 });
  const burst = 50;
  const agent = new Agent({ keepAlive: true, maxSockets: 20, localAddress: HOSTILE });
  t.after(() => agent.destroy());
  const flood = async () => {
    const answers = Array.from({ length: 1000 }, () => send(api.url, { path: '/healthz', tls: { agent } }));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  const statuses = await flood();
  assert.equal(statuses.filter((status) => status === 200).length, burst);
  assert.equal(statuses.filter((status) => status === 429).length, 1000 - burst);
  await honestIsServed(api);
  const refused = await api.ask({ path: '/healthz', from: HOSTILE });
  assert.deepEqual([refused.json.error, refused.headers['retry-after']], ['too_many_requests', '1']);
  api.clock.stall(1000);
  assert.equal((await flood()).filter((status) => status === 200).length, 10);
});

const PATHS: readonly [path: string, status: number][] = [
  ['/v1/agents/../../etc/passwd', 404],
  ['/v1/agents/..%2f..%2fetc%2fpasswd', 400],
  ['/v1/agents/%2e%2e/pinglist', 400],
  ['/v1/agents/a%00', 400],
  ['/v1/agents/a%0d%0aSet-Cookie:x/pinglist', 400],
  ['/v1/agents/%zz', 400],
  ['/v1/agents/%c0%ae', 400],
  ['/v1/agents//pinglist', 400],
  ['//v1/agents', 404],
  ['/V1/agents', 404],
  ['/v1/agents/', 400],
  ['/v1/agents/a/pinglist/', 404],
  ['/v1/agents/__proto__', 400],
  ['/v1/agents/constructor', 404],
  [`/v1/agents/${'a'.repeat(254)}`, 400],
  [`/v1/agents/${'a'.repeat(3000)}`, 414],
  [`/v1/agents/${'%41'.repeat(254)}`, 400],
  ['/v1/agents/a?limit=1%00', 404],
  ['*', 404],
];

test('tricks with paths end in 4xx', async (t) => {
  const api = await started(t);
  for (const [path, expected] of PATHS) {
    const { status, json } = await api.ask({ path, token: TOKENS.admin });
    assert.equal(status, expected, `${path}: ${JSON.stringify(json)}`);
    assert.equal(typeof json.error, 'string', path);
  }
  await honestIsServed(api);
});

test('other methods are refused before their bodies are read', async (t) => {
  const api = await started(t);
  for (const [method, path, allow] of [
    ['POST', '/v1/agents', 'GET, HEAD'],
    ['PATCH', '/v1/agents/a', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/metrics', 'GET, HEAD'],
  ] as const) {
    const { status, json, headers } = await send(api.url, {
      method,
      path,
      token: TOKENS.admin,
      ...(method !== 'DELETE' && { body: '{' }),
    });
    assert.deepEqual([status, json.error, headers.allow], [405, 'method_not_allowed', allow]);
  }
});

test('what is no HTTP, or has endless headers, gets a Problem and its end', async (t) => {
  const api = await started(t);
  for (const [sent, status, error] of [
    ['\x16\x03\x01\x02\x00nonsense\r\n\r\n', 400, 'bad_request'],
    ['GET /healthz HTTP/1.1\r\n\r\n', 400, 'bad_request'],
    [
      'PUT /v1/agents/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'bad_request',
    ],
    [`GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ] as const) {
    const { socket, received } = await openRaw(t, api.url, HOSTILE);
    socket.write(sent, 'latin1');
    await once(socket, 'close');
    assert.match(received(), new RegExp(`^HTTP/1.1 ${status} `), sent.slice(0, 40));
    if (status !== 400 || sent.startsWith('\x16')) assert.ok(received().includes(`"error":"${error}"`), received());
  }
  await honestIsServed(api);
});

test('a request that drips in slowly is ended, head and body, while others are served', async (t) => {
  const api = await started(t, {}, { headersTimeoutMs: 200, requestTimeoutMs: 300 });
  const head = `PUT /v1/agents/slow HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKENS.agent}\r\n`;
  const body = `${head}weft-agent-key: ${KEY}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
  for (const [begun, drop] of [
    ['GET /', 'a'],
    [head, 'X'],
    [body, ' '],
  ] as const) {
    const { socket, received } = await openRaw(t, api.url, HOSTILE);
    socket.write(begun);
    const drip = setInterval(() => socket.write(drop), 50);
    const closed = once(socket, 'close');
    await honestIsServed(api);
    await closed;
    clearInterval(drip);
    assert.match(received(), /^HTTP\/1.1 408 .*"too_slow"/s, begun);
  }
});

test('one address cannot hold all connections', async (t) => {
  const api = await started(t, {}, { maxConnections: 8, maxConnectionsPerAddress: 4 });
  const held = await Promise.all(Array.from({ length: 4 }, () => openRaw(t, api.url, HOSTILE)));
  const { socket } = await openRaw(t, api.url, HOSTILE);
  await once(socket, 'close');
  await honestIsServed(api);
  assert.ok(held.every((one) => !one.socket.destroyed));
  const { text } = await api.ask({ path: '/metrics', token: TOKENS.reader });
  assert.match(text, /^weft_controller_connections_refused_total 1$/m);
});
