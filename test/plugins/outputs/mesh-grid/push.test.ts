/** The output against a real listener, and against servers that say no. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../../../core/clock.js';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import {
  BatchRefusedError,
  ConfigError,
  PartialWriteError,
  RetryLaterError,
  StartupError,
} from '../../../../core/errors.js';
import { count, gauge, type Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import { RunningOutput } from '../../../../core/pipeline/running-output.js';
import type { RowsDocument } from '../../../../plugins/common/grid/row.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { type MeshGridConfig, MeshGridOptions } from '../../../../plugins/outputs/mesh-grid/config.js';
import { meshGridOutput } from '../../../../plugins/outputs/mesh-grid/mesh-grid.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { contextOf, environment, output as instance } from '../../../support/pipeline.js';
import { failureOf } from '../../../support/rejection.js';
import { until, WAIT_LIMIT_MS } from '../../../support/wait-for.js';
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
  const [late, future] = [probe({ timeNs: WINDOW_END_NS - 1000n * S }), probe({ timeNs: WINDOW_END_NS + 1000n * S })];
  const batch = [late, probe(), probe({ fields: { sent: count(-1) } }), probe({ dst: 'c' }), future];
  const { accepted, rejected, retry, message } = await partOf(output.write(batch, never));
  assert.deepEqual([accepted, retry], [[1, 3], false]);
  assert.deepEqual(
    new Set(rejected),
    new Set([
      { index: 0, reason: 'late' },
      { index: 2, reason: 'malformed' },
      { index: 4, reason: 'future' },
    ]),
  );
  assert.match(message, /3 metrics are refused for good/);
  const all = await partOf(output.write([late], never));
  assert.deepEqual([all.accepted, all.rejected, all.retry], [[], [{ index: 0, reason: 'late' }], false]);
  assert.match(all.message, /max_age/);
});

/** As the agent runs it; resolves when each of the metrics is settled. */
async function delivered(t: TestContext, url: string, metrics: readonly Metric[]): Promise<RunningOutput['stats']> {
  const { output: plugin } = make(t, { token: TOKENS.agent, url });
  const output = new RunningOutput({
    instance: instance('mesh-grid', () => plugin),
    context: { ...contextOf(environment()), clock: systemClock },
    limits: { flushIntervalMs: 20, flushJitterMs: 0, batchSize: 100, bufferLimit: 100 },
  });
  for (const metric of metrics) output.add(metric);
  await output.start();
  t.after(() => output.stop(0));
  await until(() => output.stats.bufferSize === 0, { seen: () => output.stats });
  return output.stats;
}

test('a body that is too large is split until it fits; what is too large alone is rejected', async (t) => {
  const listener = await startedListener(t, { max_inflated_size: '2KiB' });
  const batch = Array.from({ length: 9 }, (_, i) => probe({ dst: `host-${i}` }));
  const huge = probe({ tags: Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`t${i}`, 'x'.repeat(1000)])) });
  const { metricsWritten, rejections } = await delivered(t, listener.url, [...batch, huge]);
  assert.deepEqual([metricsWritten, [...rejections]], [9, [['too_large', 1]]]);
  assert.deepEqual(
    listener.acc.metrics.map(({ tags }) => tags.dst),
    batch.map(({ tags }) => tags.dst),
  );
});

test('of a document that is malformed the row is found that is, and the others are taken', async (t) => {
  const listener = await startedListener(t);
  const url = await server(t, async (_, response, body) => {
    const { rows } = JSON.parse(gunzipSync(body).toString()) as RowsDocument;
    const isWrong = rows.some(({ groups }) =>
      groups.some(({ targets }) => targets.some(({ dst }) => dst === 'host-4')),
    );
    if (isWrong) return saying(400, { error: 'malformed', message: 'these are no rows' })(_, response);
    const headers = { authorization: `Bearer ${TOKENS.agent}`, 'content-type': 'application/json' };
    const taken = await fetch(`${listener.url}/v1/rows`, {
      signal: AbortSignal.timeout(WAIT_LIMIT_MS),
      method: 'POST',
      headers,
      body: JSON.stringify({ version: 1, rows }),
    });
    saying(taken.status, (await taken.json()) as object)(_, response);
  });
  const batch = Array.from({ length: 9 }, (_, i) => probe({ dst: `host-${i}` }));
  const { metricsWritten, rejections } = await delivered(t, url, batch);
  assert.deepEqual([metricsWritten, [...rejections]], [8, [['malformed', 1]]]);
  assert.equal(listener.acc.metrics.length, 8);
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

test('Retry-After is what the agent is told, and the batch is kept', async (t) => {
  for (const status of [429, 503]) {
    const url = await server(t, saying(status, { error: 'busy', message: 'no' }, { 'retry-after': '7' }));
    const { output } = await connected(t, { url });
    const error = await failureOf(output.write([probe()], never));
    assert.ok(error instanceof RetryLaterError, String(error));
    assert.equal(error.retryAfterMs, 7000);
    assert.match(error.message, new RegExp(`${url}.*status ${status}: no`));
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
  const listener = await startedListener(t);
  for (const [status, code, error, reason] of [
    [400, 'malformed', BatchRefusedError, 'malformed'],
    [413, 'too_large', BatchRefusedError, 'too_large'],
    [422, 'late', PartialWriteError, undefined],
  ] as const) {
    const refusing = await server(t, saying(status, { error: code, message: 'what it says' }));
    const { output } = await connected(t, { url: [refusing, listener.url] });
    const refusal = await failureOf(output.write([probe()], never));
    assert.ok(refusal instanceof error, String(refusal));
    assert.match(refusal.message, /what it says/);
    if (refusal instanceof BatchRefusedError)
      assert.deepEqual([refusal.reason, refusal.tooLarge], [reason, status === 413]);
    else assert.deepEqual([refusal.rejected, refusal.retry], [[{ index: 0, reason: 'late' }], false]);
  }
  assert.deepEqual(listener.acc.metrics, []);
});

test('a reason that no listener of ours gives is not counted by', async (t) => {
  const refused = [{ row: 0, error: 'a word of its own', message: 'no' }];
  const { output } = await connected(t, { url: await server(t, saying(200, { refused })) });
  const { rejected } = await partOf(output.write([probe()], never));
  assert.deepEqual(rejected, [{ index: 0, reason: 'refused' }]);
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
  const { log } = await connected(t, { url: 'http://grid' });
  assert.match(log.messages('warn').join(), /unencrypted/);
});
