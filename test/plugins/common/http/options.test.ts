import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import { type ServerConfig, serverSettings } from '../../../../plugins/common/http/options.js';

const REFUSED: readonly [options: Partial<ServerConfig>, message: RegExp][] = [
  [{ tls_cert: 'c' }, /tls_cert and tls_key/],
  [{ tls_key: 'k' }, /tls_cert and tls_key/],
  [{ tls_client_ca: 'ca' }, /needs TLS/],
  [{ basic_username: 'u' }, /basic_username and basic_password/],
  [{ basic_password: 'p' }, /basic_username and basic_password/],
  [{ basic_username: 'u:v', basic_password: 'p' }, /colon/],
  [{ basic_username: 'u', basic_password: 'p', bearer_token: 't' }, /exclude each other/],
];
for (const [options, message] of REFUSED) {
  test(`${Object.keys(options).join(' and ')} alone: ${message}`, () => {
    assert.throws(
      () => serverSettings({ listen: ':0', ...options }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('options that belong together', () => {
  const options = { tls_cert: 'c', tls_key: 'k', tls_client_ca: 'ca', bearer_token: 't' };
  assert.deepEqual(serverSettings({ listen: ':1', ...options }), {
    address: { host: undefined, port: 1 },
    tls: { certFile: 'c', keyFile: 'k', clientCaFile: 'ca' },
    credentials: { scheme: 'bearer', token: 't' },
  });
});
