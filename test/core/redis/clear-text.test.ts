/** Which passwords are warned of. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnOfPasswordInClear } from '../../../core/redis/clear-text.js';
import type { RedisConfig } from '../../../core/redis/options.js';
import { MemoryLog } from '../../support/memory-log.js';

const warned = (options: Partial<RedisConfig>): boolean => {
  const log = new MemoryLog();
  warnOfPasswordInClear({ prefix: 'weft:', timeout: 1000, ...options }, log);
  const messages = log.messages('warn');
  for (const message of messages) assert.equal(message, 'the password goes to Redis unencrypted: use rediss');
  return messages.length === 1;
};
const password = 'file:/etc/weft/redis';

for (const options of [
  { url: 'redis://db:6379', password },
  { url: 'redis://10.0.0.1', password: 'secret' },
  { url: 'redis://[2001:db8::1]:6379', password },
  { url: 'redis://me:secret@db' },
  { cluster: ['redis://127.0.0.1', 'redis://db'], password },
  { sentinel: { name: 'weft', nodes: ['redis://db:26379'] }, password },
  { sentinel: { name: 'weft', nodes: ['redis://db:26379'], password: 'secret' } },
])
  test(`warned of: ${JSON.stringify(options)}`, () => assert.equal(warned(options), true));

for (const options of [
  { url: 'redis://db:6379' },
  { url: 'redis://db:6379', username: 'me' },
  { url: 'rediss://db:6379', password },
  { url: 'redis://127.0.0.1:6379', password },
  { url: 'redis://localhost', password },
  { url: 'redis://:secret@[::1]:6379' },
  { url: 'unix:/run/redis.sock', password },
  { cluster: ['rediss://a', 'rediss://b'], password },
])
  test(`not: ${JSON.stringify(options)}`, () => assert.equal(warned(options), false));
