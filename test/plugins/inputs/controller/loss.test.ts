import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ControllerDouble } from '../../../support/controller-double.js';
import { Harness, listOf } from './harness.js';

const REFRESH_MS = 60_000;

async function lost(t: TestContext, config = {}): Promise<{ double: ControllerDouble; agent: Harness; port: number }> {
  const double = await ControllerDouble.listen(t);
  double.list = listOf('10.0.0.2');
  const agent = await Harness.make(t, double.url, { config });
  await agent.connect();
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
  const port = await double.pause();
  return { double, agent, port };
}

test('stop: after three fetches without an answer probing stops, and resumes by itself', async (t) => {
  const { double, agent, port } = await lost(t);
  const goneMs = agent.clock.monotonicMs();
  await agent.nextUntil(() => agent.onBoard.length === 0);
  const silentMs = agent.clock.monotonicMs() - goneMs;
  assert.ok(silentMs >= 3 * REFRESH_MS && silentMs < 5 * REFRESH_MS, `${silentMs} ms`);
  assert.equal(agent.board.status().provider, undefined);
  assert.ok(agent.reasons.filter((reason) => reason === 'unreachable').length >= 3);
  assert.deepEqual(agent.log.messages('warn'), [
    'no pinglist from the controller: probing stops until it answers again',
  ]);
  const { own } = await agent.figures();
  assert.deepEqual([own.lost, own.registered, own.targets], [1, 0, 0]);
  await double.resume(port);
  await agent.nextUntil(() => agent.onBoard.length > 0);
  // By a 304: the list is still known.
  const { own: after } = await agent.figures();
  assert.deepEqual([after.lost, after.lists, after.not_modified], [0, 0, 1]);
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
});

test('stop: a controller that is away for less is not missed', async (t) => {
  const { double, agent, port } = await lost(t);
  const goneMs = agent.clock.monotonicMs();
  await agent.nextUntil(() => agent.clock.monotonicMs() - goneMs > 2 * REFRESH_MS);
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
  await double.resume(port);
  await agent.nextUntil(() => double.count('GET') === 2);
  await agent.nextUntil(() => agent.clock.monotonicMs() - goneMs > 6 * REFRESH_MS);
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
});

test('keep: probing goes on with the last good list', async (t) => {
  const { double, agent, port } = await lost(t, { on_loss: 'keep' });
  const goneMs = agent.clock.monotonicMs();
  await agent.nextUntil(() => agent.clock.monotonicMs() - goneMs > 20 * REFRESH_MS);
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
  assert.equal((await agent.figures()).own.lost, 0);
  double.list = listOf('10.0.0.3');
  await double.resume(port);
  await agent.nextUntil(() => agent.onBoard.includes('10.0.0.3'));
});

test('stop: a list of an earlier run is given up too when nobody confirms it', async (t) => {
  const { agent } = await lost(t);
  await agent.input.stop();
  agent.input = agent.create();
  await agent.start();
  assert.deepEqual(agent.onBoard, ['10.0.0.2']);
  await agent.nextUntil(() => agent.onBoard.length === 0);
});

test('a list that comes while stopped takes the place of the old one', async (t) => {
  const { double, agent, port } = await lost(t);
  await agent.nextUntil(() => agent.onBoard.length === 0);
  double.list = listOf('10.0.0.9');
  await double.resume(port);
  await agent.nextUntil(() => agent.onBoard.length > 0);
  assert.deepEqual(agent.onBoard, ['10.0.0.9']);
});

test('retries are quick at first and never slower than fetches', async (t) => {
  const { agent } = await lost(t);
  const startMs = agent.clock.monotonicMs() + REFRESH_MS;
  const failures: number[] = [];
  await agent.nextUntil(() => {
    const count = agent.reasons.length / 2;
    if (Number.isInteger(count) && count > failures.length) failures.push(agent.clock.monotonicMs() - startMs);
    return failures.length === 9;
  });
  const waits = failures.slice(1).map((at, index) => at - (failures[index] ?? 0));
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});
