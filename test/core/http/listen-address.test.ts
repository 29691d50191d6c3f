import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../core/errors.js';
import { formatAddress, parseListenAddress } from '../../../core/http/listen-address.js';

const ADDRESSES: readonly [text: string, host: string | undefined, port: number][] = [
  ['127.0.0.1:9273', '127.0.0.1', 9273],
  ['localhost:0', 'localhost', 0],
  [':9273', undefined, 9273],
  ['[::1]:65535', '::1', 65_535],
  ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
];
for (const [text, host, port] of ADDRESSES) {
  test(`listen: ${text}`, () => assert.deepEqual(parseListenAddress(text), { host, port }));
}

for (const text of [
  '',
  '9273',
  '127.0.0.1',
  '::1:80',
  'a:b',
  '127.0.0.1:65536',
  'http://a:80',
  'a:80/metrics',
  ' :1',
]) {
  test(`listen: ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseListenAddress(text), ConfigError);
  });
}

test('an IPv6 address is written in brackets', () => {
  assert.equal(formatAddress('::1', 80), '[::1]:80');
  assert.equal(formatAddress('a', 80), 'a:80');
});
