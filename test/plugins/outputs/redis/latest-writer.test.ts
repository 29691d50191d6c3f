/** Many windows in one command: what one of them meets with is not the others' matter. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorReply } from 'redis';
import type { Metric } from '../../../../core/metric.js';
import { LatestWriter } from '../../../../plugins/outputs/redis/latest-writer.js';
import { recordOf } from '../../../../plugins/outputs/redis/record.js';
import { hasRedis, RedisServer } from '../../../support/redis-server.js';
import { connectedClient, hash, pair, pairs, START_NS, WINDOW_NS } from './made.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };
const records = (metrics: readonly Metric[]) =>
  metrics.map((metric, i) => recordOf(metric, i, { prefix: 'weft:', windowMs: 10_000 }));

test('each of a group is answered by itself', needs, async (t) => {
  const server = await RedisServer.start(t);
  const client = await connectedClient(t, server);
  let commands = 0;
  const evaluate = (script: string, keys: readonly string[], args: readonly string[]) => {
    commands += 1;
    return client.eval(script, { keys: [...keys], arguments: [...args] });
  };
  await client.set('weft:probe:udp:a:d1', 'x');
  await client.hSet('weft:probe:udp:a:d2', 'time_ns', 'no time');
  const group = records([...pairs(4), pair(2), pair(1), pair(3)]);
  const replies = await new LatestWriter(60_000, false).write(group, evaluate);
  const [, wrong] = replies;
  assert.deepEqual(replies, [1, wrong, 1, 1, 1, 0, 1]);
  assert.match(String(wrong), /^WRONGTYPE /);
  assert.equal(commands, 1);
  assert.equal((await hash(server, 'weft:probe:udp:a:b')).time_ns, String(START_NS + 3n * WINDOW_NS));
  assert.deepEqual([...(await client.keys('*'))].length, 5);
});

test('a group that is refused as a whole is written one by one, and the next one together again', async () => {
  const asked: number[] = [];
  const evaluate = async (_script: string, keys: readonly string[]) => {
    asked.push(keys.length);
    if (keys.some((key) => key.endsWith(':d1'))) throw new ErrorReply('ERR no such thing');
    return keys.map(() => 1);
  };
  const writer = new LatestWriter(60_000, false);
  assert.deepEqual(await writer.write(records(pairs(3)), evaluate), [1, 'ERR no such thing', 1]);
  assert.deepEqual(writer.groupsOf(records(pairs(3))).length, 1);
  assert.deepEqual(asked, [3, 1, 1, 1]);
});

test('what is wrong with Redis is not tried one by one', async () => {
  let asked = 0;
  const evaluate = async (): Promise<never> => {
    asked += 1;
    throw asked === 1 ? new ErrorReply('LOADING Redis is loading the dataset in memory') : new Error('away');
  };
  const writer = new LatestWriter(60_000, false);
  await assert.rejects(writer.write(records(pairs(3)), evaluate), /LOADING/);
  await assert.rejects(writer.write(records(pairs(3)), evaluate), /away/);
  assert.equal(asked, 2);
});

test('an answer that is none to the question is a failure, and nothing is taken for written', async () => {
  for (const answer of [1, null, [], [1], 'OK'])
    await assert.rejects(
      new LatestWriter(60_000, false).write(records(pairs(3)), async () => answer),
      /for 3 keys with/,
    );
});
