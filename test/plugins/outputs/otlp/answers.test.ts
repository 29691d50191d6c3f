/** What receivers answer, and what becomes of the batch: the rules of the specification, one by one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { BatchRefusedError, PartialWriteError, PermanentError, RetryLaterError } from '../../../../core/errors.js';
import { count, gauge, type Metric, text } from '../../../../core/metric.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { failureOf } from '../../../support/rejection.js';
import { until } from '../../../support/wait-for.js';
import { connectedOutput, never, probe, T0, WINDOW_NS } from './output.js';
import { type FlatPoint, grpcReceiver, httpReceiver, pointsOf, type Received, type Reply } from './receiver.js';

const one = probe({ sent: count(1) });
const last = (received: readonly Received[]): FlatPoint[] => pointsOf(received.at(-1) ?? assert.fail('nothing came'));

async function afterReply(t: Parameters<typeof httpReceiver>[0], reply: Reply, options: object = {}) {
  const receiver = await httpReceiver(t);
  receiver.replies.push(reply);
  const made = await connectedOutput(t, { endpoint: receiver.url, ...options });
  return { ...made, receiver, write: made.output.write([one], never) };
}

for (const status of [429, 502, 503, 504]) {
  test(`HTTP ${status} is tried again, by the agent and not here; Retry-After says when`, async (t) => {
    const plain = await afterReply(t, { status });
    await failureOf(plain.write, PeerError);
    assert.equal(plain.receiver.received.length, 1);
    const seconds = await afterReply(t, { status, headers: { 'retry-after': '7' } });
    assert.equal((await failureOf(seconds.write, RetryLaterError)).retryAfterMs, 7_000);
    // The clock of the test stands at midnight.
    const date = await afterReply(t, { status, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' } });
    assert.equal((await failureOf(date.write, RetryLaterError)).retryAfterMs, 60_000);
    const nonsense = await afterReply(t, { status, headers: { 'retry-after': 'soon' } });
    await failureOf(nonsense.write, PeerError);
  });
}

for (const [status, reason] of [
  [301, 'refused'],
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [404, 'not_found'],
  [415, 'refused'],
  [500, 'server_error'],
  [501, 'server_error'],
] as const) {
  test(`HTTP ${status} is never tried again`, async (t) => {
    const { write } = await afterReply(t, { status, body: 'no\u0000t so' });
    const error = await failureOf(write, PermanentError);
    assert.equal(error.reason, reason);
    assert.match(error.message, new RegExp(`^http://127\\.0\\.0\\.1:\\d+ answered ${status}: no t so`));
  });
}

test('HTTP 400 and 413 say that something in the batch is wrong, or its size', async (t) => {
  const wrong = await afterReply(t, { status: 400 });
  const { reason, tooLarge } = await failureOf(wrong.write, BatchRefusedError);
  assert.deepEqual([reason, tooLarge], ['invalid', false]);
  const large = await afterReply(t, { status: 413 });
  assert.equal((await failureOf(large.write, BatchRefusedError)).tooLarge, true);
});

test('a receiver that is away, slow, or ends in the middle of its answer is tried again', async (t) => {
  const cut = await afterReply(t, { cut: true });
  assert.equal((await failureOf(cut.write, PeerError)).reason, 'unreachable');
  const away = await connectedOutput(t, { endpoint: 'http://127.0.0.1:1' });
  const nobody = await failureOf(away.output.write([one], never), PeerError);
  assert.match(nobody.message, /cannot send to http:\/\/127.*: no connection/);
  const receiver = await httpReceiver(t);
  const slow = await connectedOutput(t, { endpoint: receiver.url, timeout: '5s' });
  receiver.replies.push({ status: 200, headers: { 'content-length': '99' }, body: 'half' });
  const write = slow.output.write([one], never);
  const failed = failureOf(write, PeerError);
  await arrival(receiver.received);
  await slow.clock.advance(5_000);
  assert.match((await failed).message, /no complete answer within 5000 ms/);
});

for (const protocol of ['http/protobuf', 'grpc'] as const) {
  test(`${protocol}: a write is given up when the agent says so; the next one gets its own answer`, async (t) => {
    const receiver = await (protocol === 'grpc' ? grpcReceiver(t) : httpReceiver(t));
    const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol, timeout: '1s' });
    receiver.replies.push({ hold: true }, { partial: { rejectedDataPoints: 1, errorMessage: 'second' } });
    const giveUp = new AbortController();
    const failed = failureOf(output.write([one], giveUp.signal), Error);
    await arrival(receiver.received);
    giveUp.abort(new Error('no time'));
    assert.equal((await failed).message, 'no time');
    assert.match((await failureOf(output.write([one], never), PartialWriteError)).message, /second/);
  });
}

test('totals grow with what was taken: what failed and is written again is counted once', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url });
  const second = probe({ sent: count(1) }, { timeNs: T0 + WINDOW_NS });
  for (const reply of [{ status: 503 }, { status: 400 }, { cut: true }]) {
    receiver.replies.push(reply);
    await failureOf(output.write([one, second], never), Error);
    assert.deepEqual(
      last(receiver.received).map(({ asInt }) => asInt),
      ['1', '2'],
    );
  }
  await output.write([one], never);
  await output.write([second], never);
  assert.equal(last(receiver.received)[0]?.asInt, '2');
});

for (const protocol of ['http/protobuf', 'http/json', 'grpc'] as const) {
  test(`${protocol}: a partial success is counted and never written again`, async (t) => {
    const receiver = await (protocol === 'grpc' ? grpcReceiver(t) : httpReceiver(t));
    const partial = { rejectedDataPoints: 3, errorMessage: 'too old' };
    receiver.replies.push({ partial });
    const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol });
    // One point each, but for the last, which has two.
    const batch = [one, probe({ sent: count(1) }), probe({ sent: count(1), late: count(1) })];
    const error = await failureOf(output.write(batch, never), PartialWriteError);
    assert.deepEqual([error.accepted, error.retry], [[0], false]);
    const rejected = [1, 2].map((index) => ({ index, reason: 'partial_success' }));
    assert.deepEqual([...error.rejected].reverse(), rejected);
    assert.match(error.message, /rejected 3 points: too old/);
    const [own] = output.selfMetrics(T0);
    assert.deepEqual([own?.fields.points, own?.fields.rejected_points], [count(1, 'points'), count(3, 'points')]);
    assert.equal(receiver.received.length, 1);
    // It was taken, for the most part: totals go on.
    await output.write([one], never);
    assert.equal(last(receiver.received)[0]?.asInt, '4');
  });

  test(`${protocol}: nothing rejected but a message is a warning, told once`, async (t) => {
    const receiver = await (protocol === 'grpc' ? grpcReceiver(t) : httpReceiver(t));
    const partial = { rejectedDataPoints: 0, errorMessage: 'please use gzip' };
    receiver.replies.push({ partial }, { partial });
    const { output, log } = await connectedOutput(t, { endpoint: receiver.url, protocol });
    await output.write([one], never);
    await output.write([one], never);
    assert.deepEqual(log.messages('warn'), ['the receiver took everything, with a warning']);
  });
}

test('a 200 with a body that nobody can read is a success: the receiver said that it has it', async (t) => {
  for (const protocol of ['http/protobuf', 'http/json'] as const) {
    const { write } = await afterReply(t, { body: '\u00ff<html>' }, { protocol });
    await write;
  }
});

const { status } = grpc;
/** google.rpc.Status with a RetryInfo of 1.5 s. */
function retryInfo(): grpc.Metadata {
  const duration = protobuf.Writer.create().uint32(8).int64(1).uint32(16).int32(500_000_000).finish();
  const info = protobuf.Writer.create().uint32(10).bytes(duration).finish();
  const any = protobuf.Writer.create()
    .uint32(10)
    .string('type.googleapis.com/google.rpc.RetryInfo')
    .uint32(18)
    .bytes(info)
    .finish();
  const rpcStatus = protobuf.Writer.create().uint32(26).bytes(any).finish();
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(rpcStatus));
  return metadata;
}

async function afterStatus(t: Parameters<typeof grpcReceiver>[0], reply: Partial<grpc.StatusObject>) {
  const receiver = await grpcReceiver(t);
  receiver.replies.push({ details: 'because', ...reply });
  const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol: 'grpc' });
  const error = await failureOf(output.write([one], never), Error);
  assert.equal(receiver.received.length, 1, 'one call and no retry');
  return error;
}

for (const name of ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'] as const) {
  test(`gRPC ${name} is tried again; RetryInfo says when`, async (t) => {
    const plain = await afterStatus(t, { code: status[name] });
    assert.ok(plain instanceof PeerError, String(plain));
    assert.match(plain.message, new RegExp(`gRPC status ${status[name]}: because`));
    const later = await afterStatus(t, { code: status[name], metadata: retryInfo() });
    assert.ok(later instanceof RetryLaterError && later.retryAfterMs === 1_500, String(later));
  });
}

for (const [name, reason] of [
  ['UNKNOWN', 'server_error'],
  ['NOT_FOUND', 'server_error'],
  ['PERMISSION_DENIED', 'unauthorized'],
  ['UNAUTHENTICATED', 'unauthorized'],
  ['UNIMPLEMENTED', 'not_found'],
  ['INTERNAL', 'server_error'],
  ['RESOURCE_EXHAUSTED', 'exhausted'],
] as const) {
  test(`gRPC ${name} is never tried again`, async (t) => {
    const error = await afterStatus(t, { code: status[name] });
    assert.ok(error instanceof PermanentError && error.reason === reason, String(error));
  });
}

test('gRPC RESOURCE_EXHAUSTED: tried again with RetryInfo only; a message that is too large is halved', async (t) => {
  const later = await afterStatus(t, { code: status.RESOURCE_EXHAUSTED, metadata: retryInfo() });
  assert.ok(later instanceof RetryLaterError && later.retryAfterMs === 1_500, String(later));
  const receiver = await grpcReceiver(t, { 'grpc.max_receive_message_length': 64 });
  const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol: 'grpc' });
  assert.equal((await failureOf(output.write([one], never), BatchRefusedError)).tooLarge, true);
  const wrong = await afterStatus(t, { code: status.INVALID_ARGUMENT });
  assert.ok(wrong instanceof BatchRefusedError && !wrong.tooLarge, String(wrong));
});

test('metrics of which no point can be made are rejected alone, each with its reason', async (t) => {
  const receiver = await httpReceiver(t);
  const { output } = await connectedOutput(t, { endpoint: receiver.url, max_series: 1 });
  const other = (fields: Metric['fields'], timeNs = T0): Metric => ({ name: 'm', tags: {}, fields, timeNs });
  const batch = [
    one,
    other({ state: text('up') }),
    other({ n: count(-1) }),
    other({ g: gauge(Number.NaN) }),
    other({ g: gauge(1) }, -1n),
    other({ g: gauge(1) }, 2n ** 64n),
    other({ g: gauge(1) }),
  ];
  const { accepted, rejected } = await failureOf(output.write(batch, never), PartialWriteError);
  assert.deepEqual(accepted, [0]);
  const reasons = rejected.map((rejection) => (typeof rejection === 'object' ? rejection.reason : ''));
  assert.deepEqual(reasons, ['text_field', 'invalid', 'invalid', 'invalid', 'invalid', 'max_series']);
  assert.equal(last(receiver.received).length, 1);
});

/** Resolves when a request has come. */
function arrival(received: readonly Received[]): Promise<void> {
  return until(() => received.length > 0);
}
