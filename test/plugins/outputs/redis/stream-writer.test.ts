/** Streams when answers are lost: what Redis has added, and nobody heard of, is not added again. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Metric } from '../../../../core/metric.js';
import { APPEND } from '../../../../plugins/outputs/redis/lua.js';
import { recordOf } from '../../../../plugins/outputs/redis/record.js';
import { type StreamPart, StreamWriter } from '../../../../plugins/outputs/redis/stream-writer.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { connectedClient, entries, pairs } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
const records = (metrics: readonly Metric[]) =>
  metrics.map((metric, i) => recordOf(metric, i, { prefix: 'weft:', windowMs: 10_000 }));

async function started(t: TestContext) {
  const server = await RedisServer.start(t);
  const client = await connectedClient(t, server);
  return {
    /** Adds the part; `isHeard`: whether its answer arrives. */
    send: async ({ keys, args }: StreamPart, isHeard: boolean): Promise<boolean> => {
      await client.eval(APPEND, { keys: [...keys], arguments: [...args] });
      return isHeard;
    },
    there: async () => (await entries(server, 'weft:windows:udp')).map(({ dst }) => dst),
  };
}

const names = (length: number) => Array.from({ length }, (_, i) => `d${i}`);

test('parts whose answers are lost, some of them several times, are there once, in order', needs, async (t) => {
  const { send, there } = await started(t);
  const writer = new StreamWriter('weft:', 10_000);
  const all = pairs(450);
  let parts = 0;
  // As the agent does: what is not settled comes again, with newer ones behind it.
  for (let from = 0, to = 150; from < all.length; to = Math.min(all.length, to + 100)) {
    const batch = all.slice(from, to);
    const left = await writer.append('udp', records(batch), (part) => {
      parts += 1;
      return send(part, parts % 3 === 0);
    });
    writer.forget(batch.slice(0, batch.length - left.length));
    from = to - left.length;
  }
  assert.deepEqual(await there(), names(450));
});

test('what is there waits for the rest of its batch without being sent again', needs, async (t) => {
  const { send, there } = await started(t);
  const writer = new StreamWriter('weft:', 10_000);
  const batch = records(pairs(30));
  let sent = 0;
  const count = (part: StreamPart): Promise<boolean> => {
    sent += part.records.length;
    return send(part, true);
  };
  await writer.append('udp', batch.slice(0, 20), count);
  await writer.append('udp', batch, count);
  assert.equal(sent, 30);
  assert.deepEqual(await there(), names(30));
});

test(
  'a metric that comes behind later ones is added, and one that was settled and comes again, too',
  needs,
  async (t) => {
    const { send, there } = await started(t);
    const writer = new StreamWriter('weft:', 10_000);
    const [first, second] = [pairs(1), pairs(1, 1)];
    await writer.append('udp', records(first), async () => false);
    await writer.append('udp', records(second), (part) => send(part, true));
    await writer.append('udp', records(first), (part) => send(part, true));
    writer.forget(first);
    await writer.append('udp', records(first), (part) => send(part, true));
    assert.deepEqual(await there(), ['d1', 'd0', 'd0']);
  },
);

test('writers do not pass over each other’s', needs, async (t) => {
  const { send, there } = await started(t);
  for (let i = 0; i < 3; i += 1)
    await new StreamWriter('weft:', 10_000).append('udp', records(pairs(2)), (part) => send(part, true));
  assert.equal((await there()).length, 6);
});
