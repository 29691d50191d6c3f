/** What the API says while the store is away: a store that fails when it is told to stands in for one that is unplugged. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { AgentEntry } from '../../../controller/agent-entry.js';
import { createApp } from '../../../controller/api/app.js';
import { ControllerMetrics } from '../../../controller/api/metrics.js';
import { allRoutes } from '../../../controller/api/routes.js';
import { Registry } from '../../../controller/registry.js';
import type { RegistryStore, StoreListener } from '../../../controller/store/store.js';
import { Access } from '../../../core/http/access.js';
import { PinglistGenerator } from '../../../core/pinglist/generate/generator.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';
import { KEY, registration, settings, TOKENS } from './controller.js';

class PluggedStore implements RegistryStore {
  #listener: StoreListener | undefined;
  #plugged = true;

  async open(listener: StoreListener): Promise<void> {
    this.#listener = listener;
  }

  plug(plugged: boolean): void {
    this.#plugged = plugged;
    this.#listener?.onAvailable(plugged, plugged ? undefined : new Error('unplugged'));
  }

  async put(entry: AgentEntry): Promise<AgentEntry> {
    if (!this.#plugged) throw new Error('unplugged');
    return entry;
  }

  async delete(): Promise<void> {
    if (!this.#plugged) throw new Error('unplugged');
  }

  forget(): void {}
  async close(): Promise<void> {}
}

async function setUp(t: TestContext): Promise<{ app: FastifyInstance; store: PluggedStore }> {
  const [clock, log, store, config] = [new FakeClock(), new MemoryLog(), new PluggedStore(), settings()];
  const limits = { staleAfterMs: config.stale_after, forgetAfterMs: config.forget_after, maxAgents: config.max_agents };
  const registry = new Registry({ store, clock, log, ...limits });
  const generator = new PinglistGenerator(config.policies);
  await registry.open();
  t.after(() => registry.close());
  registry.subscribe({ onChanged: (entry) => generator.set(entry), onForgotten: (id) => generator.delete(id) });
  const context = {
    settings: () => config,
    generator: () => generator,
    labelsOf: ({ labels }: AgentEntry) => labels,
    registry,
    access: new Access(config.tokens, false),
    metrics: new ControllerMetrics({ registry, connections: () => 0, version: '0.1.0' }),
    clock,
  };
  return { app: await createApp(allRoutes(context), context, log), store };
}

test('no registration is acknowledged, lists go on from memory, /readyz says so, and it passes', async (t) => {
  const { app, store } = await setUp(t);
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', url: string, token: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'weft-agent-key': KEY };
    const {
      statusCode,
      headers: answered,
      body,
    } = await app.inject({ method, url, headers, ...(payload && { payload }) });
    return [statusCode, answered['retry-after'], body === '' ? undefined : JSON.parse(body).error];
  };
  const register = () => ask('PUT', '/v1/agents/a', TOKENS.agent, registration());
  assert.deepEqual(await register(), [200, undefined, undefined]);

  store.plug(false);
  assert.deepEqual(await register(), [503, '5', 'store_unavailable']);
  assert.deepEqual(await ask('DELETE', '/v1/agents/a', TOKENS.admin), [503, '5', 'store_unavailable']);
  assert.deepEqual(await ask('GET', '/readyz', ''), [503, '5', 'not_ready']);
  assert.deepEqual(await ask('GET', '/healthz', ''), [200, undefined, undefined]);
  assert.deepEqual(await ask('GET', '/v1/agents/a/pinglist', TOKENS.agent), [200, undefined, undefined]);

  store.plug(true);
  assert.deepEqual(await register(), [200, undefined, undefined]);
  assert.deepEqual(await ask('GET', '/readyz', ''), [200, undefined, undefined]);
});
