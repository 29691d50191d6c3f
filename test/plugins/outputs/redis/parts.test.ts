/** What a script is given is bounded: by number, and by length where metrics are large. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../../../plugins/outputs/redis/parts.js';
import { recordOf } from '../../../../plugins/outputs/redis/record.js';
import { pair, pairs } from './made.js';

const KIB = 1024;
const sized = (chars: number) =>
  recordOf(pair(0, { tags: { rack: 'x'.repeat(chars) } }), 0, { prefix: '', windowMs: 10_000 });
const lengths = (records: Parameters<typeof partsOf>[0]): number[] => partsOf(records).map(({ length }) => length);

test('windows of pairs are a hundred a part, in order', () => {
  const records = pairs(250).map((metric, i) => recordOf(metric, i, { prefix: '', windowMs: 10_000 }));
  assert.deepEqual(lengths(records), [100, 100, 50]);
  assert.deepEqual(partsOf(records).flat(), records);
  assert.deepEqual(lengths([]), []);
});

test('large ones are fewer, and one that is larger than a part is alone', () => {
  const [small, large, huge] = [sized(1), sized(100 * KIB), sized(300 * KIB)];
  assert.deepEqual(lengths([large, large, large, small]), [2, 2]);
  assert.deepEqual(lengths([huge, small, huge, huge, small]), [1, 1, 1, 1, 1]);
});
