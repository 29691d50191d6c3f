import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Endpoint } from '../../../../core/target.js';
import { DEBOUNCE_MS } from '../../../../plugins/inputs/controller/cadence.js';
import { ControllerDouble } from '../../../support/controller-double.js';
import { Harness, listOf, settled } from './harness.js';

const UDP: Endpoint = { transport: 'udp', address: '10.0.0.1', port: 862, attributes: {} };
const TCP: Endpoint = { transport: 'tcp', address: '10.0.0.1', port: 8620, attributes: {} };

async function pair(t: TestContext, config = {}): Promise<{ double: ControllerDouble; agent: Harness }> {
  const double = await ControllerDouble.listen(t);
  double.list = listOf('10.0.0.2', '10.0.0.3');
  return { double, agent: await Harness.make(t, double.url, { config }) };
}

describe('inputs/controller', () => {
  test('registers, fetches, and hangs the list on the board', async (t) => {
    const { double, agent } = await pair(t);
    agent.board.announce(UDP);
    agent.board.announce(TCP);
    await agent.connect();
    assert.deepEqual(double.registrations, [
      { version: 1, weft: '1.2.3', labels: { tor: 't1' }, endpoints: [UDP, TCP] },
    ]);
    assert.deepEqual(
      double.requests.map(({ method, path }) => `${method} ${path}`),
      ['PUT /v1/agents/host-a', 'GET /v1/agents/host-a/pinglist'],
    );
    assert.deepEqual(agent.onBoard, ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual(agent.acc.errors, []);
    const { own, failures } = await agent.figures();
    assert.deepEqual(failures, {});
    assert.deepEqual(own, {
      url: `${double.url}/`,
      registered: 1,
      lost: 0,
      targets: 2,
      scale: 1,
      list_age: 0,
      registrations: 1,
      fetches: 1,
      lists: 1,
      not_modified: 0,
    });
  });

  test('the first contact waits for its moment, whatever reflectors announce', async (t) => {
    const { double, agent } = await pair(t);
    await agent.start();
    agent.board.announce(UDP);
    await agent.clock.advance(999);
    assert.equal(double.requests.length, 0);
    await agent.next();
    assert.equal(double.requests.length, 1);
  });

  test('heartbeats and fetches come when the controller says', async (t) => {
    const { double, agent } = await pair(t);
    double.heartbeatMs = 30_000;
    double.refreshMs = 20_000;
    await agent.connect();
    await agent.clock.advance(19_999);
    assert.equal(double.requests.length, 2);
    await agent.next();
    assert.deepEqual([double.count('PUT'), double.count('GET')], [1, 2]);
    await agent.next();
    assert.equal(agent.clock.monotonicMs(), 31_000);
    assert.deepEqual([double.count('PUT'), double.count('GET')], [2, 2]);
  });

  test('asks with the ETag; 304 changes nothing, a new list is taken', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    await agent.nextUntil(() => double.count('GET') === 2);
    const etag = double.requests.findLast(({ method }) => method === 'GET')?.headers['if-none-match'];
    assert.match(String(etag), /^".+"$/);
    assert.deepEqual(agent.onBoard, ['10.0.0.2', '10.0.0.3']);
    double.list = listOf('10.0.0.4');
    await agent.nextUntil(() => double.count('GET') === 3);
    assert.deepEqual(agent.onBoard, ['10.0.0.4']);
    const { own } = await agent.figures();
    assert.deepEqual([own.fetches, own.lists, own.not_modified], [3, 2, 1]);
  });

  test('endpoints that come and go are registered at once, together', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    const withdraw = agent.board.announce(UDP);
    agent.board.announce(TCP);
    assert.equal(agent.clock.nextInMs, DEBOUNCE_MS);
    await agent.next();
    withdraw();
    await agent.next();
    assert.deepEqual(
      double.registrations.map(({ endpoints }) => endpoints),
      [[], [UDP, TCP], [TCP]],
    );
  });

  test('an endpoint that comes while a registration is under way is registered after it', async (t) => {
    const { double, agent } = await pair(t);
    await agent.start();
    let release = (): void => {};
    double.onRegister = (_, response) => {
      release = () => {
        double.onRegister = undefined;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"version":1,"heartbeat_ms":60000,"refresh_ms":60000}');
      };
      agent.board.announce(UDP);
    };
    await agent.clock.advance(1000);
    await settled(() => double.requests.length === 1);
    release();
    await agent.idle();
    await agent.nextUntil(() => double.registrations.length === 1);
    assert.deepEqual(double.registrations[0]?.endpoints, [UDP]);
    assert.equal(agent.clock.monotonicMs(), 1000 + DEBOUNCE_MS);
  });

  test('wildcard listens without an address are left out, which is said once; an advertised one stands for them', async (t) => {
    const { double, agent } = await pair(t, { advertise_address: '10.9.9.9' });
    agent.board.announce({ ...UDP, address: '0.0.0.0' });
    agent.board.announce({ ...TCP, address: '::' });
    await agent.connect();
    await agent.nextUntil(() => double.registrations.length === 2);
    for (const { endpoints } of double.registrations) assert.deepEqual(endpoints, [{ ...UDP, address: '10.9.9.9' }]);
    const said = agent.log.lines.filter(({ message }) => message.startsWith('not registered'));
    assert.deepEqual(
      said.map(({ fields }) => fields.endpoints),
      [['tcp [::]:8620']],
    );
  });

  test('a controller that lost its registry is told again', async (t) => {
    const { double, agent } = await pair(t);
    // Only the fetch can notice: the heartbeat is far away.
    double.heartbeatMs = 3_600_000;
    await agent.connect();
    double.forgetAgents();
    double.list = listOf('10.0.0.4');
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.4'));
    assert.equal(double.count('PUT'), 2);
    assert.ok(agent.clock.monotonicMs() < 63_000, 'within seconds of the fetch');
  });

  test('a key that is another’s is refused, and reported with what the controller says', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    const twin = await Harness.make(t, double.url);
    await twin.connect();
    assert.deepEqual(twin.reasons, ['forbidden', 'forbidden']);
    assert.match(String(twin.acc.errors[0]), /cannot register at http:.*403: host-a is another's/);
    assert.deepEqual((await twin.figures()).own.registered, 0);
    assert.deepEqual(agent.acc.errors, []);
  });

  test('a registry that is down does not keep the list away', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    await agent.input.stop();
    double.onRegister = (_, response) => response.writeHead(503, { 'retry-after': '7' }).end();
    agent.input = agent.create();
    await agent.connect();
    assert.deepEqual(agent.reasons, ['overloaded']);
    assert.equal((await agent.figures()).own.not_modified, 1);
    // Retry-After, and then the back-off after one failure.
    assert.equal(agent.clock.nextInMs, 7_000 + 500);
  });

  test('stop retracts the list, ends what is under way and leaves no timer', async (t) => {
    const { double, agent } = await pair(t);
    await agent.connect();
    double.onFetch = () => {};
    await agent.clock.advance(60_000);
    await settled(() => double.count('GET') === 2);
    await agent.input.stop();
    await settled(() => agent.clock.exchanges === 0);
    assert.equal(agent.clock.pending, 0);
    assert.equal(agent.board.status().provider, undefined);
    assert.deepEqual(agent.acc.errors, []);
    agent.board.announce(UDP);
    assert.equal(agent.clock.pending, 0);
  });

  test('a board that somebody else holds is a startup error', async (t) => {
    const { agent } = await pair(t);
    agent.board.publish('pinglist', { revision: '1', targets: [] });
    await assert.rejects(agent.start(), { code: 'WEFT_STARTUP', retryable: true });
    assert.equal(agent.clock.pending, 0);
  });

  test('the board is held before there is a list', async (t) => {
    const { agent } = await pair(t);
    await agent.start();
    assert.equal(agent.board.status().provider, 'controller');
  });
});
