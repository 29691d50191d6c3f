/** A controller that is broken or an enemy: the agent refuses, reports, and goes on as it was. */

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { MAX_PINGLIST_BYTES } from '../../../../core/pinglist/limits.js';
import type { FailureReason } from '../../../../plugins/common/peer/failure.js';
import { ControllerDouble, sendJson, type Takeover } from '../../../support/controller-double.js';
import { Harness, listOf, settled, TIMEOUT_MS } from './harness.js';

const TARGET = { transport: 'udp', dst: 'b', address: '10.6.6.6' };
const document = (...targets: object[]): string => JSON.stringify({ version: 1, revision: 'evil', targets });
const listed =
  (text: () => string): Takeover =>
  (_, response) =>
    sendJson(response, text());
const typed =
  (headers: Record<string, string>): Takeover =>
  (_, response) =>
    response.writeHead(200, headers).end(document());
const status =
  (code: number, headers: Record<string, string> = {}): Takeover =>
  (_, response) =>
    response.writeHead(code, headers).end('{"error":"broken","message":"\\u001b[2J broken"}');
const raw =
  (text: string): Takeover =>
  (request) =>
    request.socket.end(text);

function manyTargets(): string {
  const target = JSON.stringify(TARGET);
  return `{"version":1,"targets":[${`${target},`.repeat(999_999)}${target}]}`;
}

const CASES: Readonly<Record<string, readonly [FailureReason, Takeover]>> = {
  'a million targets': ['too_large', listed(manyTargets)],
  'one target more than the limit': ['bad_list', listed(() => document(...Array(100_001).fill(TARGET)))],
  'an interval of 1 ms': ['bad_list', listed(() => document({ ...TARGET, interval: '1ms' }))],
  'an interval of 0': ['bad_list', listed(() => document({ ...TARGET, interval: '0s' }))],
  'a payload of 64 KB': ['bad_list', listed(() => document({ ...TARGET, payload_bytes: 65_536 }))],
  'an address that is a name': ['bad_list', listed(() => document({ ...TARGET, address: 'victim.example' }))],
  'one wrong target among good ones': ['bad_list', listed(() => document(TARGET, { ...TARGET, dst: 7 }))],
  'targets that are a map': ['bad_list', listed(() => '{"version":1,"targets":{}}')],
  'another version': ['bad_list', listed(() => '{"version":2,"targets":[]}')],
  'a list in place of a map': ['bad_list', listed(() => '[]')],
  nothing: ['malformed', listed(() => '')],
  null: ['bad_list', listed(() => 'null')],
  'half a list': ['malformed', listed(() => listOf('10.6.6.6').slice(0, -5))],
  'bytes that are no UTF-8': [
    'malformed',
    (_, response) => response.setHeader('content-type', 'application/json').end(Buffer.from([0x22, 0xff, 0x22])),
  ],
  'deep nesting': ['too_large', listed(() => '['.repeat(1_000_000))],
  'a text of a megabyte': ['too_large', listed(() => document({ ...TARGET, ['x'.repeat(1_000_000)]: 1 }))],
  'a million labels': [
    'too_large',
    listed(() => `{"version":1,"targets":[{"labels":{${'"":"",'.repeat(1_000_000)}"":""}}]}`),
  ],
  'no content type': ['malformed', typed({})],
  HTML: ['malformed', typed({ 'content-type': 'text/html' })],
  'a compressed body': ['malformed', typed({ 'content-type': 'application/json', 'content-encoding': 'gzip' })],
  'a redirect': ['redirect', status(302, { location: '/v1/agents/host-a/elsewhere' })],
  'an error': ['status', status(500)],
  'a missing page': ['status', status(404)],
  'too many requests': ['overloaded', status(429)],
  'no access': ['unauthorized', status(401)],
  'a reset': ['unreachable', (request) => request.socket.resetAndDestroy()],
  'an end in the middle of the body': [
    'unreachable',
    raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"ver'),
  ],
  'something that is not HTTP': ['malformed', raw('SSH-2.0-OpenSSH_9.2\r\n')],
  'a switch of protocols': [
    'malformed',
    raw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  ],
  'huge headers': ['too_large', raw(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`)],
  'headers without end': ['too_large', (request) => flood(request.socket, () => 'x: y\r\n', 'HTTP/1.1 200 OK\r\n')],
};

type Drip = (response: ServerResponse) => unknown;

/** Writes for as long as the peer takes it. */
function flood(
  stream: { write(text: string): boolean; on(event: string, listener: () => void): unknown; destroyed: boolean },
  chunk: () => string,
  first = '',
): void {
  const pump = (): void => {
    while (!stream.destroyed && stream.write(chunk())) {}
  };
  stream.on('drain', pump);
  stream.on('error', () => {});
  stream.write(first + chunk());
  pump();
}

async function member(t: Parameters<typeof Harness.make>[0]) {
  const double = await ControllerDouble.listen(t);
  double.list = listOf('10.0.0.2');
  const agent = await Harness.make(t, double.url);
  await agent.connect();
  return { double, agent };
}

describe('a hostile controller', () => {
  for (const [name, [reason, takeover]] of Object.entries(CASES)) {
    test(`${name}: ${reason}`, async (t) => {
      const { double, agent } = await member(t);
      double.onFetch = takeover;
      await agent.nextUntil(() => agent.acc.errors.length > 0);
      assert.deepEqual(agent.reasons, [reason]);
      assert.match(String(agent.acc.errors[0]), /^PeerError: cannot fetch at http:/);
      assert.doesNotMatch(String(agent.acc.errors[0]), /\p{Cc}(?<!\n)/u, 'what goes into a log');
      assert.ok(String(agent.acc.errors[0]).length < 20_000);
      assert.deepEqual((await agent.figures()).failures, { [`fetch ${reason}`]: 1 });
      assert.deepEqual(agent.onBoard, ['10.0.0.2']);
      assert.ok(double.requests.every(({ path }) => !path.endsWith('elsewhere')));
      double.onFetch = undefined;
      double.list = listOf('10.0.0.3');
      await agent.nextUntil(() => agent.onBoard.includes('10.0.0.3'));
    });
  }

  test('304 where there is no list that it could mean is refused', async (t) => {
    const double = await ControllerDouble.listen(t);
    const agent = await Harness.make(t, double.url);
    double.onFetch = status(304);
    await agent.connect();
    assert.deepEqual(agent.reasons, ['status']);
  });

  test('a body without end is cut at the limit', async (t) => {
    const { double, agent } = await member(t);
    const chunk = 'x'.repeat(65_536);
    let sent = 0;
    double.onFetch = (_, response) => {
      response.setHeader('content-type', 'application/json');
      flood(response, () => {
        sent += chunk.length;
        return chunk;
      });
    };
    await agent.nextUntil(() => agent.acc.errors.length > 0);
    assert.deepEqual(agent.reasons, ['too_large']);
    // What the agent took, and what stands in the buffers of two sockets.
    assert.ok(sent < MAX_PINGLIST_BYTES + 16 * 1024 * 1024, `${sent} bytes`);
    assert.deepEqual(agent.onBoard, ['10.0.0.2']);
  });

  test('an error page without end is cut, and is the error it is', async (t) => {
    const { double, agent } = await member(t);
    double.onFetch = (_, response) => {
      response.writeHead(500);
      flood(response, () => 'x'.repeat(65_536));
    };
    await agent.nextUntil(() => agent.acc.errors.length > 0);
    assert.deepEqual(agent.reasons, ['status']);
  });

  const DRIPS: Readonly<Record<string, readonly [first: Drip, then: Drip]>> = {
    'no answer': [() => {}, () => {}],
    'a slow drip of headers': [
      ({ socket }) => socket?.write('HTTP/1.1 200 OK\r\nx: '),
      ({ socket }) => socket?.write('y'),
    ],
    'a slow drip of body': [
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      (response) => response.write(' '),
    ],
  };
  for (const [name, [first, then]] of Object.entries(DRIPS)) {
    test(`${name} ends at the deadline, however often a byte comes`, async (t) => {
      const { double, agent } = await member(t);
      let dripping: ServerResponse | undefined;
      let dropped = false;
      double.onFetch = (request, response) => {
        first(response);
        dripping = response;
        request.socket.on('close', () => (dropped = true));
      };
      await agent.clock.advance(60_000);
      await settled(() => dripping !== undefined && agent.clock.exchanges === 1);
      for (let drip = 0; drip < 9; drip++) {
        if (dripping !== undefined) then(dripping);
        await agent.clock.advance(TIMEOUT_MS / 10);
      }
      assert.deepEqual([agent.clock.exchanges, agent.reasons], [1, []]);
      await agent.clock.advance(TIMEOUT_MS / 10);
      await agent.idle();
      assert.deepEqual(agent.reasons, ['timeout']);
      assert.deepEqual(agent.onBoard, ['10.0.0.2']);
      await settled(() => dropped);
    });
  }

  for (const [name, answer] of Object.entries({
    'a heartbeat of 1 ms': '{"version":1,"heartbeat_ms":1,"refresh_ms":60000}',
    'no figures': '{"version":1}',
    'wrong types': '{"version":1,"heartbeat_ms":"60s","refresh_ms":null}',
    'no map': '[]',
  })) {
    test(`an answer to the registration with ${name} is refused`, async (t) => {
      const { double, agent } = await member(t);
      double.onRegister = (_, response) => sendJson(response, answer);
      await agent.nextUntil(() => agent.acc.errors.length > 0);
      assert.deepEqual(agent.reasons, ['malformed']);
      assert.equal((await agent.figures()).own.registered, 0);
      double.onRegister = undefined;
      await agent.nextUntil(() => double.registrations.length === 2);
    });
  }

  test('who is sent away for years comes back within an hour', async (t) => {
    const { double, agent } = await member(t);
    double.heartbeatMs = 2 ** 50;
    double.refreshMs = 2 ** 50;
    await agent.nextUntil(() => double.registrations.length === 2);
    const sentMs = agent.clock.monotonicMs();
    await agent.nextUntil(() => double.registrations.length === 3);
    assert.equal(agent.clock.monotonicMs() - sentMs, 3_600_000);
  });

  test('an agent that is never known asks ever less often', async (t) => {
    const { double, agent } = await member(t);
    double.onFetch = (_, response) => sendJson(response, '{"error":"not_registered","message":"never"}', 404);
    const startMs = agent.clock.monotonicMs();
    await agent.nextUntil(() => agent.clock.monotonicMs() - startMs > 1_200_000);
    assert.ok(double.requests.length < 120, `${double.requests.length} requests in 20 minutes`);
  });

  test('a list beyond the rate of the agent is taken, stretched by the board', async (t) => {
    const { double, agent } = await member(t);
    const targets = Array.from({ length: 200 }, (_, index) => ({
      ...TARGET,
      address: `10.7.0.${index + 1}`,
      interval: '10ms',
    }));
    double.list = document(...targets);
    await agent.nextUntil(() => agent.onBoard.length === 200);
    assert.equal((await agent.figures()).own.scale, 2);
  });
});
