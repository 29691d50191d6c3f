/** Controllers' registries over one Redis. */

import type { TestContext } from 'node:test';
import { Registry } from '../../../controller/registry.js';
import type { RedisStoreConfig } from '../../../controller/store/redis-form.js';
import { RedisStore } from '../../../controller/store/redis-store.js';
import { systemClock } from '../../../core/clock.js';
import type { Logger } from '../../../core/plugin.js';
import { MemoryLog } from '../../support/memory-log.js';
import { Heard } from '../entries.js';

export type RedisPlace = Partial<RedisStoreConfig>;

interface Options {
  readonly forgetAfterMs?: number;
  readonly log?: Logger;
}

export async function openRegistry(t: TestContext, place: RedisPlace, options: Options = {}) {
  const { forgetAfterMs = 900_000, log = new MemoryLog() } = options;
  const config: RedisStoreConfig = { type: 'redis', prefix: 'weft:', timeout: 1000, ...place };
  const context = { clock: systemClock, log, forgetAfterMs };
  const store = new RedisStore(config, context);
  const registry = new Registry({ store, ...context, staleAfterMs: forgetAfterMs / 3, maxAgents: 20_000 });
  t.after(() => registry.close());
  const heard = new Heard();
  registry.subscribe(heard);
  await registry.open();
  return { registry, heard, store };
}

/** Everything in a registry, in one order. */
export function contents(registry: Registry): string {
  const entries = [...registry.entries()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify(
    entries.map(({ id, labels, endpoints, keyHash, lastSeenMs }) => [id, labels, endpoints, keyHash, lastSeenMs]),
  );
}
