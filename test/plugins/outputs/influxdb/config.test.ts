/** What `weft check` says of options that a schema cannot judge. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import { makeOutput } from './made.js';

const V1 = { url: 'http://db:8086', version: 1, database: 'weft' };
const V2 = { url: 'http://db:8086', version: 2, organization: 'ops', bucket: 'weft' };
const V3 = { url: 'http://db:8181', version: 3, database: 'weft' };

for (const [what, options, message] of [
  ['version 1 without a database', { ...V1, database: undefined }, /version 1 needs database: set it/],
  ['version 2 without a bucket', { ...V2, bucket: undefined }, /version 2 needs organization and bucket: set both/],
  ['version 3 without a database', { ...V3, database: undefined }, /version 3 needs database: set it/],
  ['a bucket for version 1', { ...V1, bucket: 'b' }, /^bucket: not an option of version 1, which has database, /],
  ['a token for version 1', { ...V1, token: 't' }, /^token: not an option of version 1/],
  ['compression for version 1', { ...V1, content_encoding: 'gzip' }, /^content_encoding: not an option of version 1/],
  ['a login for version 2', { ...V2, username: 'u', password: 'p' }, /^username, password: not an option of version 2/],
  ['an organization for version 3', { ...V3, organization: 'o' }, /^organization: not an option of version 3/],
  ['a user without a password', { ...V1, username: 'u' }, /username and password belong together/],
  ['an empty password file', { ...V1, username: 'u', password: 'file:' }, /password: expected a path after "file:"/],
  ['a url that is none', { ...V1, url: 'db:8086' }, /url: expected one such as "https:\/\/host:8086", found "db:8086"/],
  ['a login in the url', { ...V1, url: 'http://u:p@db:8086' }, /expected no name and password in it/],
  ['a certificate without its key', { ...V1, tls_cert: 'c' }, /tls_cert and tls_key belong together/],
  ['an authority without TLS', { ...V2, tls_ca: 'c' }, /need a url that begins with https:/],
  ['a token with a line break', { ...V3, token: 'a\nb' }, /token: expected visible ASCII/],
] as const) {
  test(`refused: ${what}`, (t) => {
    assert.throws(
      () => makeOutput(t, options),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

test('a secret that others can read on the way is warned of, on loopback it is not', async (t) => {
  const warnings = async (options: object): Promise<number> => {
    const { output, log } = makeOutput(t, options);
    await output.connect();
    return log.messages('warn').length;
  };
  assert.equal(await warnings({ ...V2, token: 't' }), 1);
  assert.equal(await warnings({ ...V1, username: 'u', password: 'p' }), 1);
  assert.equal(await warnings({ ...V1, url: 'http://127.0.0.1:1', username: 'u', password: 'p' }), 0);
  assert.equal(await warnings({ ...V2, url: 'https://db:8086', token: 't' }), 0);
  assert.equal(await warnings(V3), 0);
});
