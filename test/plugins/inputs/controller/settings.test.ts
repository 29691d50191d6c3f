import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import type { AgentInfo } from '../../../../core/plugin.js';
import type { ControllerConfig } from '../../../../plugins/inputs/controller/config.js';
import { controllerSettings } from '../../../../plugins/inputs/controller/settings.js';

const AGENT: AgentInfo = { hostname: 'host-a', labels: { tor: 't1' }, version: '1', windowMs: 10_000 };
const CONFIG: ControllerConfig = {
  url: 'https://controller:20118',
  on_loss: 'stop',
  state_file: '/nowhere',
  timeout: 10_000,
  start_spread: 10_000,
};
const settings = (config: Partial<ControllerConfig>, agent: Partial<AgentInfo> = {}) =>
  controllerSettings({ ...CONFIG, ...config }, { ...AGENT, ...agent });

test('urls are bases, with their path', () => {
  const { urls } = settings({ url: ['https://c:20118', 'http://[::1]:1/weft', 'https://c/a/'] });
  assert.deepEqual(
    urls.map(({ href }) => href),
    ['https://c:20118/', 'http://[::1]:1/weft/', 'https://c/a/'],
  );
});

test('a token stands in the option or in a file', () => {
  assert.deepEqual([settings({ token: 'a' }).token, settings({ token: 'a' }).files.token], ['a', undefined]);
  const { token, files } = settings({ token: 'file:/etc/token' });
  assert.deepEqual([token, files.token], [undefined, '/etc/token']);
});

test('advertised addresses are canonical', () => {
  const { advertised } = settings({ advertise_address: '10.0.0.1', advertise_address_ipv6: '2001:DB8::1' });
  assert.deepEqual(advertised, { ipv4: '10.0.0.1', ipv6: '2001:db8::1' });
});

const REFUSED: readonly (readonly [RegExp, Partial<ControllerConfig>, Partial<AgentInfo>?])[] = [
  [/^url: /, { url: 'controller:20118' }],
  [/^url: /, { url: 'ftp://controller' }],
  [/^url: /, { url: 'https://controller/?a=b' }],
  [/^url: /, { url: ['https://controller', ''] }],
  [/^url: expected no name and password/, { url: 'https://me:secret@controller' }],
  [/tls_cert and tls_key belong together/, { tls_cert: 'a' }],
  [/tls_cert and tls_key belong together/, { tls_key: 'a' }],
  [/need a url that begins with https/, { url: 'http://controller', tls_ca: 'a' }],
  [/^token: /, { token: 'two words' }],
  [/^token: /, { token: 'line\nbreak' }],
  [/^token: expected a path/, { token: 'file:' }],
  [/^advertise_address: /, { advertise_address: '0.0.0.0' }],
  [/^advertise_address: /, { advertise_address: '::1' }],
  [/^advertise_address: /, { advertise_address: 'host' }],
  [/^advertise_address_ipv6: /, { advertise_address_ipv6: '::' }],
  [/^advertise_address_ipv6: /, { advertise_address_ipv6: 'fe80::1%eth0' }],
  [/^agent.hostname: /, {}, { hostname: '../host' }],
  [/^agent.hostname: /, {}, { hostname: '' }],
  [/^agent.labels: .*labels/s, {}, { labels: { tor: 'x'.repeat(256) } }],
];
for (const [message, config, agent] of REFUSED) {
  test(`refused: ${JSON.stringify(config)} ${JSON.stringify(agent ?? '').slice(0, 60)}`, () => {
    assert.throws(
      () => settings(config, agent),
      (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}
