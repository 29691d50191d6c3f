import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostPort } from '../../bin/endpoint.js';
import { WeftError } from '../../core/errors.js';

test('a host comes with or without a port', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['router-1', 'router-1', 862],
    ['router-1:4862', 'router-1', 4862],
    ['10.0.0.2', '10.0.0.2', 862],
    ['10.0.0.2:1', '10.0.0.2', 1],
    ['::1', '::1', 862],
    ['2001:db8::1:862', '2001:db8::1:862', 862],
    ['[::1]', '::1', 862],
    ['[::1]:65535', '::1', 65_535],
    ['[fe80::1%eth0]:862', 'fe80::1%eth0', 862],
  ];
  for (const [text, host, port] of cases) assert.deepEqual(parseHostPort(text, 862), { host, port }, text);
});

test('anything else is a usage error', () => {
  for (const text of ['', ':862', 'a:0', 'a:65536', 'a:b', 'a:1:2', '[::1', '[router]:1', '[::1]x']) {
    assert.throws(
      () => parseHostPort(text, 862),
      (error) => error instanceof WeftError && error.code === 'WEFT_USAGE',
      text,
    );
  }
});

test('without a default the port has to be named', () => {
  assert.deepEqual(parseHostPort('[::1]:443'), { host: '::1', port: 443 });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['router-1', /a host and a port such as router-1:443, found "router-1": there is no default port/],
    ['2001:db8::1', /such as \[2001:db8::1\]:443, found "2001:db8::1": there is no default port/],
    ['router-1:0', /expected a host such as 10.0.0.2:443 or /],
  ];
  for (const [text, message] of cases) assert.throws(() => parseHostPort(text), { code: 'WEFT_USAGE', message }, text);
});
