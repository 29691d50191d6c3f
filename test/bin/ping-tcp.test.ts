/** `weft ping tcp` against servers of Node's own, on loopback. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { WeftProcess, weft } from '../support/weft-process.js';

/** A server on a free port, which does this with its connections. */
async function listening(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    // Probes end their connections by reset.
    socket.on('error', () => {});
    onConnection(socket);
  });
  return portOf(t, server);
}

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function pingJson(
  ...args: readonly string[]
): Promise<{ replies: Record<string, unknown>[]; summary: Record<string, unknown> }> {
  const { stdout } = await weft('ping', 'tcp', ...args, '-i', '10ms', '--json');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { replies: lines.slice(0, -1), summary: lines.at(-1).summary };
}

test('a port that accepts: a line a probe, each from a port of its own, and exit code 0', async (t) => {
  const port = await listening(t, () => {});
  const { code, stdout } = await weft('ping', 'tcp', `127.0.0.1:${port}`, '-n', '4', '-i', '10ms');
  const [title, headings, ...lines] = stdout.split('\n');
  assert.equal(title, `weft ping tcp (127.0.0.1 port ${port}): 4 probes, 10ms apart`);
  assert.deepEqual(
    headings?.trim().split(/ +/),
    'seq path source_port network_rtt connect_time syn_retransmits'.split(' '),
  );
  const rows = lines.slice(0, 4).map((line) => line.trim().split(/ +/));
  assert.deepEqual(
    rows.map(([seq]) => seq),
    ['1', '2', '3', '4'],
  );
  assert.equal(new Set(rows.map(([, , sourcePort]) => sourcePort)).size, 4);
  assert.match(
    stdout,
    /^4 sent, 4 answered, 0 lost \(0% loss\)\nSYNs sent again: 0, drop rate 0% \(0 of 4 connections\)$/m,
  );
  assert.match(stdout, /^network RTT +min\/p50\/p99\/max = (\S+[nµm]s\/){3}\S+s\nconnect time min\/p50\/p99\/max = /m);
  assert.equal(code, 0);
});

test('--paths: each path is one source port', async (t) => {
  const port = await listening(t, () => {});
  const { replies } = await pingJson(`127.0.0.1:${port}`, '-n', '6', '--paths', '2');
  const portsOf = (path: number): Set<unknown> =>
    new Set(replies.filter((reply) => reply.path === path).map((reply) => reply.source_port));
  assert.deepEqual([portsOf(0).size, portsOf(1).size], [1, 1]);
  assert.notDeepEqual(portsOf(0), portsOf(1));
});

test('a closed port refuses: answered, with the time of its connect and without an RTT', async () => {
  const port = await freePort();
  const text = await weft('ping', 'tcp', `127.0.0.1:${port}`, '-n', '2', '-i', '10ms');
  assert.match(text.stdout, /^ +1 +0 +\d+ +- +\d\S*s +0 {2}refused$/m);
  assert.match(text.stdout, /^2 sent, 2 answered \(2 refused\), 0 lost \(0% loss\)$/m);
  assert.equal(text.code, 0);
  const { replies, summary } = await pingJson(`127.0.0.1:${port}`, '-n', '1');
  const [reply] = replies;
  assert.deepEqual([reply?.result, reply?.refused, reply?.network_rtt], ['success', true, null]);
  assert.ok((reply?.connect_time as number) > 0);
  assert.deepEqual([summary.refused, summary.drop_rate], [1, null]);
});

test('--payload: the echo is timed, and the peer saw the source ports that are told', async (t) => {
  const seen: (number | undefined)[] = [];
  const port = await listening(t, (socket) => {
    seen.push(socket.remotePort);
    socket.pipe(socket);
  });
  const { replies, summary } = await pingJson(`127.0.0.1:${port}`, '-n', '2', '--payload', '1000');
  for (const reply of replies) {
    assert.equal(reply.payload_result, 'success');
    assert.ok((reply.payload_rtt as number) > 0);
  }
  assert.equal(summary.payload_success, 2);
  assert.deepEqual(
    replies.map((reply) => reply.source_port),
    seen.slice(0, replies.length),
  );
});

test('--payload: a peer that resets, one that says something else, one that says nothing', async (t) => {
  const peers: readonly (readonly [outcome: string, wait: string, onConnection: (socket: Socket) => void])[] = [
    ['reset', '10s', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['invalid', '10s', (socket) => socket.once('data', () => socket.write('not that'))],
    ['timeout', '200ms', () => {}],
  ];
  for (const [outcome, wait, onConnection] of peers) {
    const port = await listening(t, onConnection);
    const { replies, summary } = await pingJson(`127.0.0.1:${port}`, '-n', '1', '--payload', '1000', '-w', wait);
    assert.deepEqual(
      [replies[0]?.result, replies[0]?.payload_result, replies[0]?.payload_rtt, summary[`payload_${outcome}`]],
      ['success', outcome, null, 1],
    );
  }
});

test('--http: asks for a path of a host, and knows a good status', async (t) => {
  const asked = new Set<string>();
  const server = createHttpServer((request, response) => {
    asked.add(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(request.url === '/health' ? 204 : 404).end();
  });
  const port = await portOf(t, server);
  const good = await pingJson(`localhost:${port}`, '-n', '1', '--http', '/health', '--http-status', '204');
  assert.deepEqual([good.replies[0]?.http_result, good.replies[0]?.http_status], ['success', 204]);
  assert.ok((good.replies[0]?.first_byte as number) > 0);
  const named = await pingJson(`127.0.0.1:${port}`, '-n', '1', '--http', '/', '--http-host', 'shop.example');
  assert.deepEqual([named.replies[0]?.http_result, named.replies[0]?.http_status], ['invalid', 404]);
  await pingJson(`127.0.0.1:${port}`, '-n', '1', '--http', '/');
  assert.deepEqual([...asked], [`GET /health localhost:${port}`, 'GET / shop.example', `GET / 127.0.0.1:${port}`]);
});

test('SIGINT ends it with the summary of what there is', async (t) => {
  const port = await listening(t, () => {});
  const ping = new WeftProcess(['ping', 'tcp', `127.0.0.1:${port}`, '-n', '1000', '-i', '10ms']);
  t.after(() => ping.destroy());
  await ping.until('some answers', ({ stdout }) => stdout.split('\n').length > 5);
  ping.kill('SIGINT');
  const { code, stdout } = await ping.exit;
  assert.match(stdout, /answered, 0 lost/);
  assert.equal(code, 0);
});
