/** What is written as rows reads back as it was. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { count, distribution, type Field, gauge, type Metric, text } from '../../../../core/metric.js';
import { ROW_LIMITS } from '../../../../plugins/common/grid/row.js';
import { decodeRows } from '../../../../plugins/common/grid/row-decoder.js';
import { encodeRows, rowsDocument } from '../../../../plugins/common/grid/row-encoder.js';
import { plain, probe, recorded, WINDOW_END_NS, WINDOW_MS } from './metrics.js';

const overTheWire = (metrics: readonly Metric[]) => {
  const { rows, misfits } = encodeRows(metrics, WINDOW_MS);
  return { rows, misfits, decoded: decodeRows(JSON.parse(JSON.stringify(rowsDocument(rows)))) };
};

const WINDOW_NS = BigInt(WINDOW_MS) * 1_000_000n;
const name = fc.oneof(
  fc.constantFrom('tor', 'pod', 'toString', 'constructor', 'src', 'dst_'),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const isUsable = (key: string) => key !== '__proto__';
const value = fc.string({ minLength: 1, maxLength: 12 });
const prefixed = (prefix: string) =>
  fc.dictionary(name.filter(isUsable), value, { maxKeys: 3, noNullPrototype: true }).map((labels) => {
    return Object.fromEntries(Object.entries(labels).map(([key, label]) => [prefix + key, label]));
  });
const tags = fc
  .tuple(
    fc.record({ transport: fc.constantFrom('udp', 'tcp', 'rdma-ud'), src: value, dst: value }),
    fc.record({ clock: value, mode: value, path: value }, { requiredKeys: [] }),
    prefixed('src_'),
    prefixed('dst_'),
    fc.dictionary(
      name.filter((key) => isUsable(key) && !/^(src|dst)$/.test(key)),
      value,
      { maxKeys: 2, noNullPrototype: true },
    ),
  )
  .map(([places, optional, src, dst, further]) => ({ ...further, ...src, ...dst, ...optional, ...places }));
const durations = fc.array(fc.oneof(fc.nat(100), fc.integer({ min: 1, max: 10_000_000 }), fc.maxSafeNat()), {
  maxLength: 40,
});
const unit = fc.constantFrom('probes', 'packets', 'ratio', '1');
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(fc.maxSafeNat(), unit).map(([number, of]) => count(number, of)),
  fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), unit).map(([number, of]) => gauge(number + 0, of)),
  durations.map((values) => distribution(recorded(...values))),
  fc.string({ maxLength: 20 }).map(text),
);
const isUnbound = (key: string) => isUsable(key) && !/^(sent|success|timeout|invalid)$/.test(key);
const metric: fc.Arbitrary<Metric> = fc.record({
  name: fc.constant('probe'),
  tags,
  fields: fc.dictionary(name.filter(isUnbound), field, { maxKeys: 6, noNullPrototype: true }),
  timeNs: fc.bigInt({ min: WINDOW_NS, max: 253_402_300_799_999_999_999n }),
});

test('decode(encode(metrics)) equals the metrics, distributions to the last bucket, in rows by source and window', () => {
  fc.assert(
    fc.property(fc.array(metric, { maxLength: 20 }), (metrics) => {
      const { rows, misfits, decoded } = overTheWire(metrics);
      assert.deepEqual(misfits, []);
      const indices = rows.flatMap((row) => row.indices);
      assert.deepEqual(
        [...indices].sort((a, b) => a - b),
        [...metrics.keys()],
      );
      for (const [i, { src, startNs, lengthMs, metrics: read }] of decoded.entries()) {
        const written = (rows[i]?.indices ?? []).map((index) => metrics[index] as Metric);
        assert.deepEqual(sorted(read), sorted(written));
        for (const { tags: of, timeNs } of written) {
          assert.deepEqual([src, startNs, lengthMs], [of.src, timeNs - WINDOW_NS, WINDOW_MS]);
        }
      }
    }),
  );
});

/** A row keeps the order within a group only. */
function sorted(metrics: readonly Metric[]): string[] {
  const written = metrics.map((each) => JSON.stringify(plain(each), inOrder));
  return written.sort();
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the usual window of a host is one row with one group, names written once', () => {
  const { rows } = encodeRows([probe({ dst: 'b' }), probe({ dst: 'c' })], WINDOW_MS);
  assert.deepEqual(
    rows.map(({ row }) => row),
    [
      {
        src: 'host-a',
        window: { start: '2026-01-01T00:00:00.000000000Z', length_ms: 10_000 },
        labels: { tor: 't1' },
        groups: [
          {
            transport: 'udp',
            clock: 'kernel',
            counts: ['sent', 'success', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'],
            distributions: ['network_rtt', 'prober_delay', 'responder_delay'],
            targets: ['b', 'c'].map((dst) => ({
              dst,
              labels: { tor: 't2' },
              counts: [4, 3, 1, 0, 0, 0, 0],
              distributions: [
                { count: 3, sum: 2567, min: 581, max: 1083, buckets: [-663, 1, -643, 1, -635, 1] },
                { count: 3, sum: 86_814, min: 22_172, max: 42_350, buckets: [-495, 2, -465, 1] },
                { count: 3, sum: 383_604, min: 21_106, max: 322_491, buckets: [-498, 1, -468, 1, -372, 1] },
              ],
            })),
          },
        ],
      },
    ],
  );
});

test('sources, windows and labels of the source have rows of their own', () => {
  const later = WINDOW_END_NS + WINDOW_NS;
  const { rows } = encodeRows(
    [
      probe(),
      probe({ timeNs: later }),
      probe({ src: 'host-z' }),
      probe({ tags: { src_tor: 't9' } }),
      probe({ dst: 'c' }),
    ],
    WINDOW_MS,
  );
  assert.deepEqual(
    rows.map(({ indices }) => indices),
    [[0, 4], [1], [2], [3]],
  );
});

test('an empty tag is an absent one, and the end of a series is a target without fields', () => {
  const end = probe({ fields: {}, tags: { mode: '', dst_pod: '', rack: '' } });
  const { decoded } = overTheWire([end]);
  const [read] = decoded.flatMap(({ metrics }) => metrics);
  assert.ok(read);
  assert.deepEqual(plain(read), plain(probe({ fields: {} })));
});

test('a sum beyond 2^53 keeps its digits', () => {
  const values = recorded(...new Array<number>(3).fill(Number.MAX_SAFE_INTEGER - 1));
  const { decoded } = overTheWire([probe({ fields: { network_rtt: distribution(values) } })]);
  const { network_rtt: read } = decoded[0]?.metrics[0]?.fields ?? {};
  assert.equal(read?.kind === 'distribution' && read.value.sumNs, 3n * (2n ** 53n - 2n));
});

test('a row that is full goes on in another one', () => {
  const metrics = Array.from({ length: ROW_LIMITS.targets + 1 }, (_, i) => probe({ dst: `host-${i}` }));
  const { rows, decoded } = overTheWire(metrics);
  assert.deepEqual(
    rows.map(({ indices }) => indices.length),
    [ROW_LIMITS.targets, 1],
  );
  assert.deepEqual(
    decoded.map((row) => row.metrics.length),
    [ROW_LIMITS.targets, 1],
  );
});

test('what no row can hold is named, and the rest is written', () => {
  const wrong: readonly [Metric, RegExp][] = [
    [{ ...probe(), tags: { src: 'a', dst: 'b' } }, /no tag transport/],
    [probe({ dst: '' }), /no tag dst/],
    [probe({ src: 'x'.repeat(1025) }), /the tag src is too long/],
    [probe({ timeNs: 0n }), /time/],
    [probe({ timeNs: -1n }), /time/],
    [probe({ fields: { sent: count(1.5, 'probes') } }), /sent is no whole number/],
    [probe({ fields: { sent: count(-1, 'probes') } }), /sent is no whole number/],
    [probe({ fields: { rate: gauge(Number.NaN) } }), /rate is no finite number/],
    [probe({ fields: { why: text('x'.repeat(1025)) } }), /why is too long/],
    [probe({ fields: { success: count(1), network_rtt: distribution(recorded(1, 2)) } }), /more values than probes/],
    [probe({ fields: { sent: count(3), success: count(1), timeout: count(1), invalid: count(0) } }), /not 3/],
    [probe({ fields: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${i}`, count(1)])) }), /65 fields/],
  ];
  const { rows, misfits } = encodeRows([...wrong.map(([each]) => each), probe()], WINDOW_MS);
  assert.deepEqual(
    misfits.map(({ index }) => index),
    [...wrong.keys()],
  );
  for (const [i, [, reason]] of wrong.entries()) assert.match(misfits[i]?.reason ?? '', reason);
  assert.deepEqual(
    rows.map(({ indices }) => indices),
    [[wrong.length]],
  );
});
