import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsGzip, chooseFormat } from '../../../../plugins/outputs/prometheus/negotiate.js';

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

const CASES: readonly [accept: string | undefined, format: 'text' | 'protobuf'][] = [
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/plain', 'text'],
  ['application/openmetrics-text;version=1.0.0', 'text'],
  [PROTOBUF, 'protobuf'],
  // Prometheus 2.42 with native histograms.
  [`${PROTOBUF},application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`, 'protobuf'],
  // Prometheus 3 with native histograms.
  [`${PROTOBUF};q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1`, 'protobuf'],
  [`${PROTOBUF};q=0.3,text/plain;q=0.5`, 'text'],
  [`${PROTOBUF};q=0`, 'text'],
  [`${PROTOBUF};q=nonsense`, 'text'],
  ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', 'text'],
  ['application/vnd.google.protobuf;proto=other;encoding=delimited', 'text'],
];

for (const [accept, format] of CASES) {
  test(`Accept: ${accept} → ${format}`, () => {
    assert.equal(chooseFormat(accept, true), format);
    assert.equal(chooseFormat(accept, false), 'text');
  });
}

test('gzip is accepted unless it is absent or refused', () => {
  assert.equal(acceptsGzip('gzip'), true);
  assert.equal(acceptsGzip('br, GZIP;q=0.5'), true);
  assert.equal(acceptsGzip('gzip;q=0'), false);
  assert.equal(acceptsGzip('br'), false);
  assert.equal(acceptsGzip(undefined), false);
});
