/** Two controllers that share a Redis, and real agents that know both: either controller may die, and so may Redis. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { total } from '../support/probe-rows.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { TestAgent } from './agent.js';
import { TestController } from './controller.js';

const NAMES = ['a', 'b'];
const OPTIONS = {
  ...{ heartbeat: '1s', refresh: '1s', stale_after: '5s', forget_after: '10s' },
  // Nothing is lost here, and a busy machine is no loss.
  policies: [{ mode: 'mesh', interval: '100ms', timeout: '10s' }],
};

const skip = hasRedis() ? false : 'redis-server is missing: apt-get install redis-server';

async function startAgent(t: TestContext, name: string, address: string, urls: readonly string[]): Promise<TestAgent> {
  const folder = await tempFolder(t);
  const agent = await TestAgent.start({
    hostname: name,
    controller: { url: urls, state_file: join(folder, 'state'), start_spread: '0s', timeout: '1s' },
    udp: { listen: `${address}:0` },
  });
  t.after(() => agent.stop());
  return agent;
}

function failures(agent: TestAgent, request: 'register' | 'fetch'): number {
  const rows = agent.controllerRows.filter(({ tags }) => tags.request === request);
  return rows.reduce((sum, { fields }) => sum + (fields.failures ?? 0), 0);
}

/** Resolves when the agent has measured through two whole windows from now on; nothing may be lost in them. */
async function measuresOn(agent: TestAgent): Promise<void> {
  const rows = (await agent.windows(2)).flat();
  assert.ok(total(rows, 'success') > 0);
  assert.deepEqual([total(rows, 'timeout'), total(rows, 'send_error')], [0, 0]);
}

describe('two controllers on one Redis', { skip }, () => {
  it('outlive each other and a Redis that comes back empty, and agents go on probing', async (t) => {
    const redis = await RedisServer.start(t);
    const options = { ...OPTIONS, store: { type: 'redis', url: redis.url } };
    const controllers = await Promise.all([TestController.start(t, options), TestController.start(t, options)]);
    const [first, second] = controllers as [TestController, TestController];
    const agents = await Promise.all([
      startAgent(t, 'a', '127.5.1.1', [first.url, second.url]),
      startAgent(t, 'b', '127.5.1.2', [second.url, first.url]),
    ]);
    const everywhere = async (): Promise<void> => {
      for (const controller of controllers) assert.deepEqual(await controller.ids(), NAMES);
    };
    await Promise.all(agents.map((agent) => agent.until((rows) => total(rows, 'success') > 0)));
    await everywhere();
    for (const name of NAMES) {
      const [one, other] = await Promise.all(controllers.map((controller) => controller.listText(name)));
      assert.equal(one, other, 'byte for byte');
    }

    await redis.kill();
    await Promise.all(agents.map((agent) => agent.until(() => failures(agent, 'register') > 0)));
    await Promise.all(agents.map(measuresOn));
    await everywhere();
    assert.deepEqual(
      agents.map((agent) => failures(agent, 'fetch')),
      [0, 0],
      'lists come from memory',
    );

    await redis.restart();
    await Promise.all(agents.map((agent) => agent.until(() => agent.standing?.registered === 1)));
    await everywhere();
    // What was acknowledged before is in the new Redis: a controller that knows nothing else has it.
    const third = await TestController.start(t, options);
    assert.deepEqual(await third.ids(), NAMES);

    await first.kill();
    await Promise.all(agents.map(measuresOn));
    await Promise.all(agents.map((agent) => agent.until(() => agent.standing?.registered === 1)));
    assert.deepEqual(await second.ids(), NAMES);
    assert.deepEqual(
      agents.map(({ standing }) => standing?.lost),
      [0, 0],
    );
  });
});
