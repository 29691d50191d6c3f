/** What no agent sends is refused as a whole, with what is wrong and where. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowError } from '../../../../plugins/common/grid/row.js';
import { decodeRows } from '../../../../plugins/common/grid/row-decoder.js';
import { encodeRows, rowsDocument } from '../../../../plugins/common/grid/row-encoder.js';
import { probe, WINDOW_MS } from './metrics.js';

type Json = Record<string, unknown> & unknown[];

const valid = (): Json =>
  JSON.parse(JSON.stringify(rowsDocument(encodeRows([probe(), probe({ dst: 'c' })], WINDOW_MS).rows)));

/** The document with the value at `path` replaced; undefined takes it away. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const root: Record<string, unknown> = { document: valid() };
  let holder = root as Json;
  const steps = ['document', ...path];
  for (const step of steps.slice(0, -1)) holder = holder[step as number] as Json;
  const last = steps.at(-1) as number;
  if (value === undefined) delete holder[last];
  else holder[last] = value as never;
  return root.document;
}

const ROW = ['rows', 0] as const;
const GROUP = [...ROW, 'groups', 0] as const;
const TARGET = [...GROUP, 'targets', 1] as const;
const RTT = [...TARGET, 'distributions', 0] as const;
const long = 'x'.repeat(1025);
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

const MISTAKES: readonly [path: readonly (string | number)[], value: unknown, place: string, problem: RegExp][] = [
  [[], null, '', /an object/],
  [[], [], '', /an object/],
  [['version'], 2, 'version', /version 1, found the number 2/],
  [['version'], undefined, 'version', /found nothing/],
  [['more'], 1, '', /the key "more"/],
  [['rows'], undefined, 'rows', /an array/],
  [['rows'], { length: 1 }, 'rows', /an array/],
  [['rows'], new Array(10_001).fill(0), 'rows', /10000 at most, found 10001/],
  [ROW, 'x', 'rows[0]', /an object/],
  [[...ROW, 'src'], '', 'rows[0].src', /a text/],
  [[...ROW, 'src'], long, 'rows[0].src', /1024 characters at most, found 1025/],
  [[...ROW, 'window'], undefined, 'rows[0].window', /an object/],
  [[...ROW, 'window', 'start'], '2026-02-31T00:00:00.000000000Z', 'rows[0].window.start', /a time/],
  [[...ROW, 'window', 'start'], '2026-01-01T00:00:00Z', 'rows[0].window.start', /a time/],
  [[...ROW, 'window', 'start'], '1969-12-31T23:59:50.000000000Z', 'rows[0].window.start', /a time/],
  [[...ROW, 'window', 'start'], 1, 'rows[0].window.start', /a time/],
  [[...ROW, 'window', 'length_ms'], 0, 'rows[0].window.length_ms', /from 1 to 86400000/],
  [[...ROW, 'window', 'length_ms'], 1.5, 'rows[0].window.length_ms', /whole number/],
  [[...ROW, 'labels'], [], 'rows[0].labels', /an object/],
  [[...ROW, 'labels', 'tor'], 1, 'rows[0].labels', /a text/],
  [[...ROW, 'labels', ''], 'x', 'rows[0].labels', /names of 1 to 128/],
  [[...ROW, 'labels'], JSON.parse('{"__proto__":"x"}'), 'rows[0].labels', /names of/],
  [[...ROW, 'labels'], many(65), 'rows[0].labels', /64 at most/],
  [[...ROW, 'groups'], undefined, 'rows[0].groups', /an array/],
  [[...ROW, 'groups'], new Array(1001).fill({}), 'rows[0].groups', /1000 at most/],
  [[...GROUP, 'transport'], undefined, 'rows[0].groups[0].transport', /a text/],
  [[...GROUP, 'clock'], null, 'rows[0].groups[0].clock', /a text/],
  [[...GROUP, 'tags'], { src: 'me' }, 'rows[0].groups[0].tags', /src has a place of its own/],
  [[...GROUP, 'tags'], { dst_tor: 't3' }, 'rows[0].groups[0].tags', /dst_tor has a place/],
  [[...GROUP, 'counts', 1], 'sent', 'rows[0].groups[0].counts[1]', /sent is there twice/],
  [[...GROUP, 'distributions', 1], 'sent', 'rows[0].groups[0].distributions[1]', /sent is there twice/],
  [[...GROUP, 'distributions', 1], ['a', 'ns'], 'rows[0].groups[0].distributions[1]', /a text/],
  [[...GROUP, 'counts', 1], ['a', 'b', 'c'], 'rows[0].groups[0].counts[1]', /a text/],
  [[...GROUP, 'counts', 1], '__proto__', 'rows[0].groups[0].counts[1]', /names of/],
  [[...GROUP, 'counts'], new Array(65).fill('x'), 'rows[0].groups[0].counts', /64 at most/],
  [[...GROUP, 'targets'], undefined, 'rows[0].groups[0].targets', /an array/],
  [[...GROUP, 'targets'], new Array(10_001).fill({}), 'rows[0].groups[0].targets', /10000 at most/],
  [TARGET, 7, 'rows[0].groups[0].targets[1]', /an object/],
  [[...TARGET, 'dst'], undefined, 'rows[0].groups[0].targets[1].dst', /a text/],
  [[...TARGET, 'src'], 'me', 'rows[0].groups[0].targets[1]', /the key "src"/],
  [[...TARGET, 'path'], 3, 'rows[0].groups[0].targets[1].path', /a text/],
  [[...TARGET, 'counts'], [4, 3, 1], 'rows[0].groups[0].targets[1].counts', /7 values.*found 3/],
  [[...TARGET, 'counts', 0], -1, 'rows[0].groups[0].targets[1].counts[0]', /whole number/],
  [[...TARGET, 'counts', 0], 2 ** 53, 'rows[0].groups[0].targets[1].counts[0]', /whole number/],
  [[...TARGET, 'counts', 0], 5, 'rows[0].groups[0].targets[1].counts', /4, not 5/],
  [[...TARGET, 'gauges'], [1], 'rows[0].groups[0].targets[1].gauges', /0 values/],
  [[...TARGET, 'distributions'], undefined, 'rows[0].groups[0].targets[1].distributions', /3 values/],
  [RTT, null, 'rows[0].groups[0].targets[1].distributions[0]', /an object/],
  [[...RTT, 'count'], 4, 'rows[0].groups[0].targets[1].distributions[0].count', /from 0 to 3/],
  [[...RTT, 'count'], 2, 'rows[0].groups[0].targets[1].distributions[0]', /hold 3 values, more than count, 2/],
  [[...RTT, 'sum'], 1, 'rows[0].groups[0].targets[1].distributions[0]', /the sum 1/],
  [[...RTT, 'sum'], 1e300, 'rows[0].groups[0].targets[1].distributions[0].sum', /from 2\^53 on as a text/],
  [[...RTT, 'sum'], '1e3', 'rows[0].groups[0].targets[1].distributions[0].sum', /whole number/],
  [[...RTT, 'min'], 580.5, 'rows[0].groups[0].targets[1].distributions[0]', /whole numbers/],
  [[...RTT, 'min'], 1, 'rows[0].groups[0].targets[1].distributions[0]', /outer buckets/],
  [[...RTT, 'max'], 1_000_000, 'rows[0].groups[0].targets[1].distributions[0]', /outer buckets/],
  [[...RTT, 'max'], '1083', 'rows[0].groups[0].targets[1].distributions[0]', /whole numbers/],
  [[...RTT, 'buckets'], [-663, 1, -643], 'rows[0].groups[0].targets[1].distributions[0]', /pairs/],
  [[...RTT, 'buckets'], [-643, 1, -663, 2], 'rows[0].groups[0].targets[1].distributions[0]', /ascend/],
  [[...RTT, 'buckets'], [-2000, 3], 'rows[0].groups[0].targets[1].distributions[0]', /ascend from -957/],
  [[...RTT, 'buckets'], [-663, 0], 'rows[0].groups[0].targets[1].distributions[0]', /2\^40/],
  [[...RTT, 'buckets'], ['-663', 3], 'rows[0].groups[0].targets[1].distributions[0]', /ascend/],
  [
    [...RTT, 'buckets'],
    new Array(3402).fill(1),
    'rows[0].groups[0].targets[1].distributions[0].buckets',
    /3400 at most/,
  ],
];

for (const [path, value, place, problem] of MISTAKES) {
  const shown = JSON.stringify(value)?.slice(0, 40) ?? 'nothing';
  test(`${path.join('.') || 'the document'} = ${shown} is refused at ${place || 'the top'}`, () => {
    assert.throws(
      () => decodeRows(changed(path, value)),
      (error: RowError) => {
        assert.ok(error instanceof RowError, String(error));
        assert.deepEqual([error.code, error.path], ['WEFT_ROW', place]);
        assert.match(error.problem, problem);
        return true;
      },
    );
  });
}

test('the document that the mistakes are made in is right', () => {
  assert.equal(decodeRows(valid())[0]?.metrics.length, 2);
});

test('any JSON is rows, or a RowError with its place', () => {
  const paths = [...MISTAKES.map(([path]) => path)].filter((path) => path.length > 0);
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      try {
        decodeRows(changed(path, value));
      } catch (error) {
        assert.ok(error instanceof RowError, String(error));
        assert.ok(error.message.length < 2000);
      }
    }),
  );
});
