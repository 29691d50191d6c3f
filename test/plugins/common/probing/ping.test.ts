/** The run of `weft ping`, with the real UDP engine against a reflector that answers the probes it is told to. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { UdpTarget } from '../../../../core/target.js';
import { createUdpProber } from '../../../../native/index.js';
import { type PingReply, type PingRun, runPing } from '../../../../plugins/common/probing/ping.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import { makeAnswer, NTP, readProbe, wireTime } from '../../../integration/stamp-packets.js';
import { proberOptions } from '../../../support/engine.js';

type Reply = PingReply<undefined>;
type Run = PingRun<undefined>;

/** Answers the probes (from 1, as they arrive) for which `answered` holds; returns its port. */
async function reflector(t: TestContext, answered: (number: number) => boolean): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  let arrived = 0;
  socket.on('message', (packet, { port, address }) => {
    arrived += 1;
    if (!answered(arrived)) return;
    const { sequence, timestamp, errorEstimate, ssid } = readProbe(packet);
    const now = wireTime(BigInt(Date.now()) * 1_000_000n, NTP);
    const sender = { senderSequence: sequence, senderTimestamp: timestamp, senderErrorEstimate: errorEstimate };
    const answer = { sequence, timestamp: now, errorEstimate: NTP, ssid, receiveTimestamp: now, senderTtl: 64 };
    socket.send(makeAnswer({ ...answer, ...sender }), port, address);
  });
  await once(socket, 'listening');
  return socket.address().port;
}

/** Probes every 10 ms; an answer has a second, however busy the machine. */
function runOf(port: number, count: number, changes: Partial<UdpTarget> = {}): Run {
  const target = udpTarget({ address: '127.0.0.1', port, plain: true, intervalMs: 10, timeoutMs: 1000, ...changes });
  return { engine: createUdpProber(proberOptions()), target, count, read: () => undefined };
}

async function outcomes(run: Run): Promise<readonly string[]> {
  const replies: Reply[] = [];
  await runPing(run, (reply) => replies.push(reply), new AbortController().signal);
  return replies.sort((a, b) => a.number - b.number).map(({ number, path, result }) => `${number} ${path} ${result}`);
}

test('each of the first n probes has its outcome, however soon later ones have theirs', async (t) => {
  const lost = [1, 3, 4];
  const port = await reflector(t, (number) => !lost.includes(number));
  assert.deepEqual(await outcomes(runOf(port, 4)), ['1 0 timeout', '2 0 success', '3 0 timeout', '4 0 timeout']);
});

test('numbers go on over the paths', async (t) => {
  const port = await reflector(t, (number) => number !== 1);
  assert.deepEqual(await outcomes(runOf(port, 5, { paths: 2 })), [
    '1 0 timeout',
    '2 1 success',
    '3 0 success',
    '4 1 success',
    '5 0 success',
  ]);
});

test('an answer after the first probe was given up is not held back', async (t) => {
  const port = await reflector(t, (number) => number > 1);
  const seen = new Set<number>();
  await runPing(runOf(port, 20, { timeoutMs: 50 }), ({ number }) => seen.add(number), new AbortController().signal);
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test('aborted while the first probe waits: what the others brought is told', async (t) => {
  const stop = new AbortController();
  const port = await reflector(t, (number) => {
    // By then a slice has brought an answer, and the first probe has an hour to go.
    if (number === 40) stop.abort();
    return number > 1;
  });
  const replies: Reply[] = [];
  await runPing(runOf(port, 1000, { timeoutMs: 3_600_000 }), (reply) => replies.push(reply), stop.signal);
  assert.ok(replies.length > 0);
  assert.ok(replies.every(({ result }) => result === 'success'));
});

test('aborted before it begins, it ends at once', async () => {
  await runPing(runOf(9, 1), () => assert.fail('nothing was sent'), AbortSignal.abort());
});
