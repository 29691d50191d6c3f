import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, gauge, type Metric, text } from '../../../../core/metric.js';
import { PointFault } from '../../../../plugins/outputs/influxdb/fault.js';
import { MAX_KEY_BYTES, pointText } from '../../../../plugins/outputs/influxdb/point.js';
import { point } from './made.js';

const written = (rest: Partial<Metric>): string => pointText(point(1, rest), MAX_KEY_BYTES);

test('what a line can hold is written as it is', () => {
  for (const [rest, line] of [
    [{ name: 'a b,c=d"e' }, 'a\\ b\\,c=d"e v=1'],
    [{ tags: { b: '1', a: 'x, =y', empty: '' } }, 'm,a=x\\,\\ \\=y,b=1 v=1'],
    [{ tags: { path: 'C:\\dir\\\\x', emoji: '😀', quote: '"' } }, 'm,emoji=😀,path=C:\\dir\\\\x,quote=" v=1'],
    [{ fields: { 'k =,': count(3), s: count(0.5, 's'), g: gauge(2) } }, 'm k\\ \\=\\,=3i,s=0.5,g=2'],
    [{ fields: { t: text('a\n"b"\\') } }, 'm t="a\n\\"b\\"\\\\"'],
    [{ fields: { g: gauge(-0), h: gauge(1e21), i: gauge(5e-324) } }, 'm g=-0,h=1e+21,i=5e-324'],
    [
      { fields: { n: count(-(2 ** 63)), o: count(2 ** 63 - 1024) } },
      'm n=-9223372036854775808i,o=9223372036854774784i',
    ],
    [{ fields: { d: distribution(new Distribution()) } }, 'm d_count=0i'],
    [{ timeNs: 2n ** 63n - 2n }, 'm v=1'],
    [{ timeNs: -(2n ** 63n) + 2n }, 'm v=1'],
  ] as const) {
    assert.equal(written(rest), line);
    // The second time its words are known.
    assert.equal(written(rest), line);
  }
});

test('what it cannot hold is refused, with a reason', () => {
  for (const [reason, rest] of [
    ['invalid', { name: '' }],
    ['invalid', { name: '#comment' }],
    ['invalid', { name: 'a\nb' }],
    ['invalid', { name: 'end\\' }],
    ['invalid', { tags: { '': 'x' } }],
    ['invalid', { tags: { a: 'end\\' } }],
    ['invalid', { tags: { a: 'x\\,y' } }],
    ['invalid', { tags: { a: 'tab\t' } }],
    ['invalid', { tags: { a: '\ud83d' } }],
    ['invalid', { fields: { '': gauge(1) } }],
    ['invalid', { fields: { '': distribution(new Distribution()) } }],
    ['invalid', { fields: { 'a\\"': gauge(1) } }],
    ['invalid', { fields: { t: text('\udc00') } }],
    ['invalid', { fields: { n: count(1.5) } }],
    ['invalid', { fields: { rtt: distribution(new Distribution()), rtt_count: count(1) } }],
    ['reserved', { tags: { time: '1' } }],
    ['reserved', { tags: { _field: '1' } }],
    ['reserved', { tags: { _measurement: '1' } }],
    ['reserved', { fields: { time: gauge(1), v: gauge(1) } }],
    ['not_finite', { fields: { g: gauge(Number.NaN), v: gauge(1) } }],
    ['not_finite', { fields: { g: gauge(Number.NEGATIVE_INFINITY) } }],
    ['not_finite', { fields: { n: count(Number.NaN) } }],
    ['out_of_range', { fields: { n: count(2 ** 63) } }],
    ['out_of_range', { fields: { n: count(-(2 ** 63) - 2048) } }],
    ['out_of_range', { timeNs: 2n ** 63n - 1n }],
    ['out_of_range', { timeNs: -(2n ** 63n) + 1n }],
    ['too_long', { tags: { a: 'x'.repeat(MAX_KEY_BYTES) } }],
    ['too_long', { tags: { a: 'é'.repeat(MAX_KEY_BYTES / 2) } }],
    ['too_long', { tags: { a: ' '.repeat(MAX_KEY_BYTES / 2) } }],
  ] as const) {
    assert.throws(
      () => written(rest),
      (error) => {
        assert.ok(error instanceof PointFault, String(error));
        assert.equal(error.reason, reason, error.message);
        assert.ok(error.message.length < 300, error.message);
        return true;
      },
    );
  }
  assert.ok(pointText(point(1, { tags: { a: 'x'.repeat(70_000) } }), Number.POSITIVE_INFINITY).length > 70_000);
});
