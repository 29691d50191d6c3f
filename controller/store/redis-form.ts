/** Options of `controller.store` with `type: redis`. */

import { STRICT, type Static, Type } from '../../core/config/schema.js';
import { redisOptions } from '../../core/redis/options.js';

export const RedisStoreForm = Type.Object(
  { type: Type.Literal('redis'), ...redisOptions },
  { ...STRICT, description: 'Several controllers share the registry in a Redis or Valkey.' },
);
export type RedisStoreConfig = Static<typeof RedisStoreForm>;
