/** The stores there are: the form of `controller.store`, and the store that it describes. */

import { type Static, Type } from '../../core/config/schema.js';
import { MemoryStoreForm } from './memory-form.js';
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
  // Loaded when needed: agents read this form too, and the client of Redis costs tens of megabytes.
  if (config.type === 'memory') {
    const { MemoryStore } = await import('./memory-store.js');
    return new MemoryStore(config, context);
  }
  const { RedisStore } = await import('./redis-store.js');
  return new RedisStore(config, context);
}
