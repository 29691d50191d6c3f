/** Lists that are wanted before their time, and agents that are restarted. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Endpoint } from '../../../../core/target.js';
import { DEBOUNCE_MS } from '../../../../plugins/inputs/controller/cadence.js';
import { EarlyFetches } from '../../../../plugins/inputs/controller/early-fetches.js';
import { PATIENCE_MS } from '../../../../plugins/inputs/controller/registrar.js';
import { ControllerDouble } from '../../../support/controller-double.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { Harness, listOf, settled } from './harness.js';

const RDMA: Endpoint = {
  transport: 'rdma-ud',
  address: '10.0.0.1',
  port: 0,
  attributes: { gid: '::ffff:10.0.0.1', qpn: 17, lid: 0, device: 'mlx5_0' },
};
const UDP: Endpoint = { transport: 'udp', address: '10.0.0.1', port: 862, attributes: {} };
/** Half of it: the harness takes the middle of every jitter. */
const JITTER_MS = 500;

async function pair(t: TestContext, start_spread = 2000): Promise<{ double: ControllerDouble; agent: Harness }> {
  const double = await ControllerDouble.listen(t);
  double.list = listOf('10.0.0.2');
  return { double, agent: await Harness.make(t, double.url, { config: { start_spread } }) };
}

describe('a fresh list that a reader asks for', () => {
  test('is fetched at once and hung up', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    await agent.clock.advance(30_000);
    double.list = listOf('10.0.0.3');
    agent.board.requestRefresh('a test');
    agent.board.requestRefresh('a test');
    assert.equal(agent.clock.nextInMs, JITTER_MS);
    await agent.next();
    assert.deepEqual(agent.onBoard, ['10.0.0.3']);
    assert.equal(double.count('GET'), 2);
  });

  test('is fetched ever less often while it brings nothing, at most in the period; after a quiet one at once', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    await agent.clock.advance(10_000);
    const waits: number[] = [];
    for (let asked = 0; asked < 8; asked += 1) {
      const before = double.count('GET');
      const startMs = agent.clock.monotonicMs();
      agent.board.requestRefresh('a dead ToR');
      await agent.nextUntil(() => double.count('GET') > before);
      waits.push(agent.clock.monotonicMs() - startMs);
    }
    assert.deepEqual(
      waits.slice(0, 6),
      [0, 2000, 4000, 8000, 16_000, 32_000].map((gap) => gap + JITTER_MS),
    );
    assert.deepEqual(waits.slice(6), [60_000, 60_000], 'as often as without asking');
    await agent.clock.advance(61_000);
    await agent.idle();
    agent.board.requestRefresh('another host');
    assert.ok((agent.clock.nextInMs ?? 0) <= 1000 + JITTER_MS);
  });

  test('that brings something is worth asking again', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    for (let host = 3; host < 8; host += 1) {
      double.list = listOf(`10.0.0.${host}`);
      const before = double.count('GET');
      const startMs = agent.clock.monotonicMs();
      agent.board.requestRefresh('a restart');
      await agent.nextUntil(() => double.count('GET') > before);
      assert.equal(agent.clock.monotonicMs() - startMs, 1000 + JITTER_MS);
    }
  });

  test('that is asked for while one is fetched is fetched after it', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    let answer = (): void => {};
    double.onFetch = (_, response) => {
      answer = () => {
        double.onFetch = undefined;
        response.writeHead(304).end();
      };
    };
    await agent.clock.advance(60_000);
    await settled(() => double.count('GET') === 2);
    agent.board.requestRefresh('a test');
    answer();
    await agent.idle();
    const startMs = agent.clock.monotonicMs();
    await agent.nextUntil(() => double.count('GET') === 3);
    assert.equal(agent.clock.monotonicMs() - startMs, 1000 + JITTER_MS);
  });

  test('does not hasten the retries of a controller that fails', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    double.onFetch = (_, response) => response.writeHead(503, { 'retry-after': '30' }).end();
    await agent.nextUntil(() => agent.reasons.length > 0);
    const dueMs = agent.clock.nextInMs;
    agent.board.requestRefresh('a test');
    assert.equal(agent.clock.nextInMs, dueMs);
  });
});

test('early fetches of many agents are spread over a second', () => {
  const waitOf = (random: number) =>
    new EarlyFetches(
      new FakeClock(),
      () => random,
      () => 60_000,
    ).ask();
  assert.deepEqual([waitOf(0), waitOf(0.25), waitOf(0.999)], [0, 250, 999]);
});

describe('an agent that is restarted', () => {
  const MINUTE_MS = 60_000;

  async function restarted(t: TestContext) {
    const { double, agent } = await pair(t, MINUTE_MS);
    await agent.connect();
    await agent.input.stop();
    agent.input = agent.create();
    await agent.start();
    return { double, agent };
  }

  test('registers its new queue pair within seconds', async (t) => {
    const { double, agent } = await restarted(t);
    agent.board.announce(RDMA);
    assert.equal(agent.clock.nextInMs, 1000);
    await agent.next();
    assert.deepEqual(double.registrations.at(-1)?.endpoints, [RDMA]);
  });

  test('is not registered without what it is about to announce', async (t) => {
    const { double, agent } = await pair(t, 0);
    await agent.start();
    const endExpectation = agent.board.expectEndpoints();
    agent.board.announce(UDP);
    await agent.clock.advance(0);
    assert.equal(agent.clock.nextInMs, PATIENCE_MS);
    agent.board.announce(RDMA);
    endExpectation();
    await agent.next();
    assert.deepEqual(double.registrations.at(-1)?.endpoints, [UDP, RDMA]);
    assert.equal(double.registrations.length, 1);
  });

  test('is registered without what never comes, after a while; and with it when it comes', async (t) => {
    const { double, agent } = await pair(t, 0);
    await agent.start();
    const endExpectation = agent.board.expectEndpoints();
    agent.board.announce(UDP);
    await agent.clock.advance(0);
    assert.equal(agent.clock.nextInMs, PATIENCE_MS);
    await agent.next();
    assert.deepEqual(double.registrations.at(-1)?.endpoints, [UDP]);
    agent.board.announce(RDMA);
    await agent.clock.advance(DEBOUNCE_MS);
    await settled(() => double.registrations.length === 2);
    assert.deepEqual(double.registrations.at(-1)?.endpoints, [UDP, RDMA], 'still not all, and not waited for again');
    endExpectation();
  });

  test('waits for its moment when others find it where it was', async (t) => {
    const { agent } = await restarted(t);
    agent.board.announce(UDP);
    assert.equal(agent.clock.nextInMs, MINUTE_MS / 2);
  });

  test('is another thing than a first start', async (t) => {
    const { agent } = await pair(t, MINUTE_MS);
    await agent.start();
    agent.board.announce(RDMA);
    assert.equal(agent.clock.nextInMs, MINUTE_MS / 2);
  });
});
