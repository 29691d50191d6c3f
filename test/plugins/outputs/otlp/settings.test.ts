/** Options and environment: which goes before which, and what is told of a mistake in either. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import { settingsOf } from '../../../../plugins/outputs/otlp/settings.js';
import { configOf } from './output.js';

const base = { resource_attributes: {}, series_expiry: '10m', max_series: 1 };
const settings = (options: object, environment = {}) => settingsOf(configOf({ ...base, ...options }), environment);
const urlOf = (endpoint: string, protocol = 'http/protobuf') => settings({ endpoint, protocol }).url;

test('the specification’s defaults', () => {
  assert.deepEqual(settings({}), { protocol: 'http/protobuf', temporality: 'cumulative', url: undefined });
});

test('over HTTP the path is appended once; over gRPC there is none', () => {
  assert.equal(urlOf('http://c:4318'), 'http://c:4318/v1/metrics');
  assert.equal(urlOf('http://c:9090/api/v1/otlp/'), 'http://c:9090/api/v1/otlp/v1/metrics');
  assert.equal(urlOf('http://c:4318/v1/metrics'), 'http://c:4318/v1/metrics');
  assert.equal(urlOf('http://c:4317', 'grpc'), 'http://c:4317/');
});

test('options, then the variable of metrics, then that of all signals', () => {
  const environment = {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'LowMemory',
  };
  assert.deepEqual(settings({}, environment), { protocol: 'http/json', temporality: 'delta', url: undefined });
  const { protocol, temporality } = settings({ protocol: 'http/protobuf', temporality: 'cumulative' }, environment);
  assert.deepEqual([protocol, temporality], ['http/protobuf', 'cumulative']);
  assert.equal(
    settings({}, { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: ' ', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).protocol,
    'grpc',
  );
});

test('what an option goes before is not judged, and what is right is taken', () => {
  const wrong = { OTEL_EXPORTER_OTLP_TIMEOUT: '10s', OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' };
  settings({ timeout: '5s', compression: 'none' }, wrong);
  settings(
    {},
    { ...wrong, OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: ' 500 ', OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'gzip' },
  );
  settings({}, { OTEL_EXPORTER_OTLP_TIMEOUT: '', OTEL_EXPORTER_OTLP_COMPRESSION: '' });
});

for (const [what, options, environment, message] of [
  ['an endpoint without scheme', { endpoint: 'collector:4318' }, {}, /^endpoint: expected a URL such as/],
  ['a password in it', { endpoint: 'http://me:secret@c' }, {}, /^endpoint: expected no name and password(?!.*secret)/],
  ['such an endpoint from outside', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:1' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: /],
  [
    'a protocol',
    {},
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http' },
    /^OTEL_EXPORTER_OTLP_PROTOCOL: expected one of .* found "http"/,
  ],
  [
    'a temporality',
    {},
    { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'x' },
    /expected cumulative, delta or lowmemory/,
  ],
  [
    'a timeout with a unit',
    {},
    { OTEL_EXPORTER_OTLP_TIMEOUT: '10s' },
    /^OTEL_EXPORTER_OTLP_TIMEOUT: expected milliseconds, .* found "10s"; correct it, or set timeout/,
  ],
  ['a timeout of nothing', {}, { OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '0' }, /^OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: /],
  [
    'a compression',
    {},
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
    /^OTEL_EXPORTER_OTLP_COMPRESSION: expected gzip or none, found "zstd"; correct it, or set compression/,
  ],
  [
    'a compression of metrics',
    {},
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'br' },
    /^OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: expected gzip or none/,
  ],
  ['a certificate without key', { endpoint: 'https://c', tls_cert: 'c' }, {}, /belong together/],
  ['a header that is none', { headers: { 'x y': 'v' } }, {}, /^headers: "x y" is no name/],
  ['a header of two lines', { headers: { 'x-key': 'secret\nv' } }, {}, /^headers: the value of "x-key"(?!.*secret)/],
  ['TLS without TLS', { endpoint: 'http://c', tls_ca: 'c' }, {}, /begins with https/],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => settings(options, environment),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}
