/** The output against a real listener, and against servers that say no. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { ConfigError, PartialWriteError, StartupError } from '../../../../core/errors.js';
import { count, gauge, type Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import type { RowsDocument } from '../../../../plugins/common/grid/row.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { type MeshGridConfig, MeshGridOptions } from '../../../../plugins/outputs/mesh-grid/config.js';
import { meshGridOutput } from '../../../../plugins/outputs/mesh-grid/mesh-grid.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { failureOf } from '../../../support/rejection.js';
import { plain, probe, WINDOW_END_NS, WINDOW_MS } from '../../common/grid/metrics.js';
import { startedListener, TOKENS } from '../../inputs/mesh-listener/listener.js';

const never = new AbortController().signal;
const S = 1_000_000_000n;

function make(t: TestContext, options: object) {
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const config = decode(asWritten(MeshGridOptions), options, () => true) as MeshGridConfig;
  const agent = { hostname: 'host-a', labels: {}, version: '0.0.0', windowMs: WINDOW_MS };
  const output = meshGridOutput(config, {
    name: 'mesh-grid',
    log,
    clock,
    agent,
    board: createBoard({ log, maxRate: 1 }),
  });
  t.after(() => output.close?.());
  return { output, clock, log };
}

async function connected(t: TestContext, options: object) {
  const made = make(t, { token: TOKENS.agent, ...options });
  await made.output.connect?.(never);
  return made;
}

/** A server that answers as it is told. */
async function server(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
) {
  const served = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    answer(request, response, Buffer.concat(chunks));
  });
  t.after(() => {
    served.closeAllConnections();
    served.close();
  });
  await once(served.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(served.address() as AddressInfo).port}`;
}

const saying =
  (status: number, body: object, headers = {}) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const TAKEN = { accepted: 1, doubled: 0, refused: [] };

async function partOf(write: Promise<void>): Promise<PartialWriteError> {
  const error = await failureOf(write);
  assert.ok(error instanceof PartialWriteError, String(error));
  return error;
}

test('probes of a batch reach a listener as they are; other metrics are none of its business', async (t) => {
  const listener = await startedListener(t);
  const { output } = await connected(t, { url: listener.url });
  const other: Metric = { name: 'weft_agent', tags: {}, fields: { value: gauge(1) }, timeNs: WINDOW_END_NS };
  const probes = [probe(), probe({ dst: 'c', fields: {} }), probe({ timeNs: WINDOW_END_NS - 10n * S })];
  await output.write([other, ...probes, other], never);
  assert.deepEqual(listener.acc.metrics.map(plain), probes.map(plain));
  await output.write([other], never);
  assert.equal((await listener.counters())['_requests{200}.requests'], 1);
});

test('what was pushed and is pushed again counts once', async (t) => {
  const listener = await startedListener(t);
  const { output } = await connected(t, { url: listener.url });
  await output.write([probe()], never);
  await output.write([probe(), probe({ dst: 'c' })], never);
  assert.equal(listener.acc.metrics.length, 2);
});

test('rows that are refused for good, and probes that no row holds, are rejected; the rest is accepted', async (t) => {
  const listener = await startedListener(t);
  const { output } = await connected(t, { url: listener.url });
  const late = probe({ timeNs: WINDOW_END_NS - 1000n * S });
  const { accepted, rejected, retry, message } = await partOf(
    output.write([late, probe(), probe({ fields: { sent: count(-1) } }), probe({ dst: 'c' })], never),
  );
  assert.deepEqual([[...accepted].sort(), [...rejected].sort(), retry], [[1, 3], [0, 2], false]);
  assert.match(message, /2 metrics are refused for good/);
  const all = await partOf(output.write([late], never));
  assert.deepEqual([all.accepted, all.rejected, all.retry], [[], [0], false]);
  assert.match(all.message, /max_age/);
});

test('a body that is too large is split until it fits; what is too large alone is rejected', async (t) => {
  const listener = await startedListener(t, { max_inflated_size: '2KiB' });
  const { output } = await connected(t, { url: listener.url });
  const batch = Array.from({ length: 9 }, (_, i) => probe({ dst: `host-${i}` }));
  const huge = probe({ tags: Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`t${i}`, 'x'.repeat(1000)])) });
  const { accepted, rejected, retry } = await partOf(output.write([...batch, huge], never));
  assert.deepEqual([[...accepted].sort(), rejected, retry], [[...batch.keys()], [9], false]);
  assert.deepEqual(
    listener.acc.metrics.map(({ tags }) => tags.dst),
    batch.map(({ tags }) => tags.dst),
  );
});

test('a wrong token, or a source that may not push, keeps the batch and is told', async (t) => {
  const listener = await startedListener(t, { allow_src: ['host-z'] });
  for (const [options, reason, message] of [
    [{ token: 'nonsense' }, 'unauthorized', /status 401: a valid token/],
    [{ token: TOKENS.reader }, 'forbidden', /403.*role reader/],
    [{}, 'forbidden', /403.*"host-a".*allow_src/],
  ] as const) {
    const { output } = await connected(t, { url: listener.url, ...options });
    const error = await failureOf(output.write([probe()], never));
    assert.ok(error instanceof PeerError);
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
    assert.ok(error.message.includes(listener.url));
  }
});

test('Retry-After is honoured: nobody is asked before, and the batch is kept', async (t) => {
  for (const status of [429, 503]) {
    let asked = 0;
    const url = await server(t, (request, response) => {
      asked += 1;
      if (asked === 1) saying(status, { error: 'busy', message: 'no' }, { 'retry-after': '7' })(request, response);
      else saying(200, TAKEN)(request, response);
    });
    const { output, clock } = await connected(t, { url });
    const first = await failureOf(output.write([probe()], never));
    assert.ok(first instanceof PeerError && first.reason === 'overloaded');
    clock.stall(6900);
    assert.match(String(await failureOf(output.write([probe()], never))), /no rows for 1 s more/);
    assert.equal(asked, 1);
    clock.stall(100);
    await output.write([probe()], never);
    assert.equal(asked, 2);
  }
});

test('the next listener is asked when one fails, and kept while it answers', async (t) => {
  const listener = await startedListener(t);
  let asked = 0;
  const failing = await server(t, (request, response) => {
    asked += 1;
    saying(500, { error: 'internal', message: 'no' })(request, response);
  });
  const { output } = await connected(t, { url: ['http://127.0.0.1:1', failing, listener.url] });
  await output.write([probe()], never);
  await output.write([probe({ dst: 'c' })], never);
  assert.deepEqual([asked, listener.acc.metrics.length], [1, 2]);
});

test('what a listener refuses for good is not pushed to the next one', async (t) => {
  const refusing = await server(t, saying(400, { error: 'malformed', message: 'these are no rows: rows[0]: no' }));
  const listener = await startedListener(t);
  const { output } = await connected(t, { url: [refusing, listener.url] });
  const { rejected, retry, message } = await partOf(output.write([probe()], never));
  assert.deepEqual([rejected, retry], [[0], false]);
  assert.match(message, /these are no rows/);
  assert.deepEqual(listener.acc.metrics, []);
});

test('answers that no listener gives keep the batch', async (t) => {
  for (const [status, body] of [
    [200, { accepted: 1 }],
    [200, { refused: [{ message: 'x' }] }],
    [200, []],
    [204, {}],
    [302, {}],
    [400, { error: 'bad_request', message: 'a proxy' }],
    [404, {}],
    [500, {}],
  ] as const) {
    const url = await server(t, saying(status, body));
    const { output } = await connected(t, { url });
    assert.ok(
      (await failureOf(output.write([probe()], never))) instanceof PeerError,
      `${status} ${JSON.stringify(body)}`,
    );
  }
});

test('when a part was pushed before something went wrong, the rest is kept', async (t) => {
  const url = await server(t, (request, response, body) => {
    const { rows } = JSON.parse(gunzipSync(body).toString()) as RowsDocument;
    const targets = rows.flatMap(({ groups }) => groups.flatMap((group) => group.targets));
    if (targets.length > 1) saying(413, { error: 'too_large', message: 'no' })(request, response);
    else if (targets[0]?.dst === 'c') saying(500, {})(request, response);
    else saying(200, TAKEN)(request, response);
  });
  const { output } = await connected(t, { url });
  const { accepted, rejected, retry } = await partOf(
    output.write([probe(), probe({ dst: 'c' }), probe({ dst: 'd' })], never),
  );
  assert.deepEqual([accepted, rejected, retry], [[0], [], true]);
});

test('a write that is aborted, or takes longer than its timeout, ends and keeps the batch', async (t) => {
  const received: (() => void)[] = [];
  const url = await server(t, () => received.pop()?.());
  const { output, clock } = await connected(t, { url });
  for (const end of ['abort', 'timeout']) {
    const controller = new AbortController();
    const arrived = new Promise<void>((resolve) => received.push(resolve));
    const write = failureOf(output.write([probe()], controller.signal));
    await arrived;
    if (end === 'abort') controller.abort(new Error('stop'));
    else await clock.advance(10_000);
    assert.match(String(await write), end === 'abort' ? /stop/ : /within 10000 ms/);
  }
});

test('options that contradict each other, and credentials that cannot be read', async (t) => {
  assert.throws(() => make(t, { url: 'grid:20119' }), /url: expected one such as "https:\/\/host:20119"/);
  assert.throws(() => make(t, { url: 'http://grid', tls_cert: 'c' }), ConfigError);
  await assert.rejects(
    make(t, { url: 'http://grid', token: 'file:/nowhere' }).output.connect?.(never) ?? Promise.resolve(),
    StartupError,
  );
  assert.throws(() => make(t, {}), /set url .* or listen/);
  assert.throws(() => make(t, { url: 'http://grid', listen: '127.0.0.1:0' }), /exclude each other/);
  assert.throws(() => make(t, { url: 'http://grid', tls_client_ca: 'c' }), /tls_client_ca goes with listen/);
  assert.throws(() => make(t, { listen: '127.0.0.1:0', token: 'x' }), /token goes with url/);
  const { log } = await connected(t, { url: 'http://grid' });
  assert.match(log.messages('warn').join(), /unencrypted/);
});
