import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { BoundedBytes } from '../../../../plugins/common/peer/bounded-bytes.js';
import { type ExchangeContext, type ExchangeRequest, exchange } from '../../../../plugins/common/peer/exchange.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { settled } from './harness.js';

async function serve(t: TestContext) {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent({ keepAlive: true });
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const clock = new FakeClock();
  const abort = new AbortController();
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const ask = (request: Partial<ExchangeRequest> = {}, context: Partial<ExchangeContext> = {}) =>
    exchange(
      { method: 'GET', url, headers: {}, maxBodyBytes: 1000, ...request },
      { clock, timeoutMs: 1000, agent, signal: abort.signal, ...context },
    );
  return { server, sockets, clock, abort, ask };
}

test('the body is made of the address the connection has on this side', async (t) => {
  const { server, ask } = await serve(t);
  server.on('request', (request, response) => request.pipe(response));
  const body = (localAddress: string | undefined): string => `from ${localAddress} · ü`;
  for (let round = 0; round < 2; round++) {
    const answer = await ask({ method: 'PUT', body });
    assert.equal(answer.body.toString(), 'from 127.0.0.1 · ü');
  }
});

test('a connection is kept; one that the peer closed in between is replaced without a failure', async (t) => {
  const { server, sockets, ask, clock } = await serve(t);
  let isClosing = false;
  server.on('request', (request, response) => {
    if (isClosing) request.socket.destroy();
    else response.end('x');
    isClosing = false;
  });
  await ask();
  await ask();
  assert.equal(sockets.size, 1);
  isClosing = true;
  assert.equal((await ask()).status, 200);
  assert.equal(sockets.size, 2);
  assert.equal(clock.pending, 0);
});

test('connections that are kept from an address that the host has lost are not used again', async (t) => {
  const { server, sockets, ask } = await serve(t);
  server.on('request', (_, response) => response.end('x'));
  await Promise.all([ask(), ask()]);
  assert.equal(sockets.size, 2);
  const other = { ownAddresses: () => ['127.0.0.2'] };
  assert.equal((await ask({}, other)).status, 200);
  assert.equal(sockets.size, 3);
  await Promise.all([...sockets].slice(0, 2).map((socket) => socket.closed || once(socket, 'close')));
});

test('a new connection that is closed at once is a failure, not tried again', async (t) => {
  const { server, sockets, ask } = await serve(t);
  server.on('request', (request) => request.socket.destroy());
  await assert.rejects(ask(), { reason: 'unreachable' });
  assert.equal(sockets.size, 1);
});

test('an abort ends it with the reason', async (t) => {
  const { server, abort, clock, ask } = await serve(t);
  const asked = ask();
  await once(server, 'request');
  const rejected = assert.rejects(asked, (error) => error === 'enough');
  abort.abort('enough');
  await rejected;
  await assert.rejects(ask(), (error) => error === 'enough');
  assert.equal(clock.pending, 0);
});

test('the limit is a body that is taken, one byte more is not', async (t) => {
  const { server, sockets, ask } = await serve(t);
  let length = 1000;
  server.on('request', (_, response) => response.end('x'.repeat(length)));
  assert.equal((await ask()).body.length, 1000);
  length = 1001;
  await assert.rejects(ask(), { reason: 'too_large' });
  await settled(() => [...sockets].every((socket) => socket.destroyed));
});

test('BoundedBytes keeps what comes in pieces, and takes no room beyond its limit', () => {
  const bytes = new BoundedBytes(100_000);
  for (let piece = 0; piece < 100_000; piece++) assert.ok(bytes.append(Buffer.of(piece & 0xff)));
  assert.equal(bytes.append(Buffer.of(0)), false);
  assert.ok(bytes.append(Buffer.alloc(0)));
  assert.deepEqual(bytes.bytes(), Buffer.from(Array.from({ length: 100_000 }, (_, piece) => piece & 0xff)));
  assert.ok(bytes.bytes().buffer.byteLength <= 100_000);
});
