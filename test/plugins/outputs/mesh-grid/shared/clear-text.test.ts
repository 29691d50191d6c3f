/** The warning about the password of the shared store. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../../../support/free-port.js';
import { hasRedis, RedisServer } from '../../../../support/redis-server.js';
import { served } from '../served.js';

const needs = { skip: hasRedis() ? false : 'needs the package redis-server', timeout: 60_000 };

test('a password that leaves the host unencrypted is warned of', needs, async (t) => {
  const port = await freePort();
  await RedisServer.start(t, ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'secret']);
  const warnings = async (host: string): Promise<string[]> => {
    const store = { type: 'redis', url: `redis://${host}:${port}`, password: 'secret', timeout: '30s' };
    const { log } = await served(t, { store });
    return log.messages('warn');
  };
  // This host too, but no address of loopback.
  assert.deepEqual(await warnings('0.0.0.0'), ['the password goes to Redis unencrypted: use rediss']);
  assert.deepEqual(await warnings('127.0.0.1'), []);
});
