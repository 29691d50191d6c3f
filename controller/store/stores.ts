/** The stores there are: the form of `controller.store`, and the store that it describes. */

import { type Static, Type } from '../../core/config/schema.js';
import { MemoryStoreForm } from './memory-form.js';
import { MemoryStore } from './memory-store.js';
import { RedisStoreForm } from './redis-form.js';
import type { RedisStoreContext } from './redis-store.js';
import type { RegistryStore } from './store.js';

export const StoreForm = Type.Union([MemoryStoreForm, RedisStoreForm], {
  default: { type: 'memory' },
  description: 'Where the registry is kept.',
});
export type StoreConfig = Static<typeof StoreForm>;

/** Does no I/O. Rejects with ConfigError for options that need or exclude each other. */
export async function createStore(config: StoreConfig, context: RedisStoreContext): Promise<RegistryStore> {
  if (config.type === 'memory') return new MemoryStore(config, context);
  // The client of Redis costs tens of megabytes; who has none does not load it.
  const { RedisStore } = await import('./redis-store.js');
  return new RedisStore(config, context);
}
