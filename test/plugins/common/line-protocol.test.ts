import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../../core/distribution.js';
import { count, distribution, type Fields, gauge, type Tags, text } from '../../../core/metric.js';
import { lineProtocol } from '../../../plugins/common/line-protocol.js';

const line = (name: string, tags: Tags, fields: Fields): string | undefined =>
  lineProtocol({ name, tags, fields, timeNs: 1_767_225_600_123_456_789n });
const T = ' 1767225600123456789';

test('tags sorted and without empty ones; counts are integers, gauges floats', () => {
  assert.equal(
    line('m', { b: '2', a: '1', c: '' }, { n: count(3), g: gauge(2), s: count(0.5, 's'), t: text('x') }),
    `m,a=1,b=2 n=3i,g=2,s=0.5,t="x"${T}`,
  );
});

test('a distribution is flattened to its figures in ns, quantiles within 1 %', () => {
  const values = new Distribution();
  for (const ns of [1000, 1000, 1000, 2000]) values.record(ns);
  assert.equal(
    line('probe', {}, { rtt: distribution(values), none: distribution(new Distribution()) }),
    `probe rtt_p50=1007i,rtt_p90=2000i,rtt_p95=2000i,rtt_p99=2000i,rtt_p999=2000i,rtt_min=1000i,rtt_max=2000i,rtt_mean=1250i,rtt_count=4i,none_count=0i${T}`,
  );
});

test('the figures of ever new fields have the names of theirs', () => {
  const values = new Distribution();
  values.record(5);
  for (let i = 0; i < 2500; i += 1)
    assert.match(
      line('m', {}, { [`f${i % 1250}`]: distribution(values) }) ?? '',
      new RegExp(`^m f${i % 1250}_p50=5i,`),
    );
});

test('special characters are escaped', () => {
  assert.equal(
    line('a b,c=d', { 'k =,': 'v =,\n', end: 'back\\', 'e\\': 'x' }, { 'f =,': text('say "hi" \\ \n'), g: gauge(1) }),
    `a\\ b\\,c=d,e=x,end=back,k\\ \\=\\,=v\\ \\=\\,\\n f\\ \\=\\,="say \\"hi\\" \\\\ \\n",g=1${T}`,
  );
});

test('what a line cannot hold is left out', () => {
  assert.equal(
    line('m', {}, { nan: gauge(Number.NaN), inf: gauge(Number.POSITIVE_INFINITY), ok: gauge(1e-7) }),
    `m ok=1e-7${T}`,
  );
  assert.equal(line('m', {}, { nan: gauge(Number.NaN) }), undefined);
  assert.equal(line('m', {}, {}), undefined);
  assert.equal(line('', {}, { g: gauge(1) }), undefined);
});

test('large counts have no exponent', () => {
  assert.equal(line('m', {}, { n: count(1e21) }), `m n=1000000000000000000000i${T}`);
});
