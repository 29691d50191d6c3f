/** Names are checked and written down once: never those of others. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricFault } from '../../../../plugins/outputs/redis/fault.js';
import { fieldNames } from '../../../../plugins/outputs/redis/field-names.js';

test('the same names are the same object, others are not, whatever is in them', () => {
  const lists = [['a', 'b'], ['a\0b'], ['a', 'b', 'c'], ['b', 'a'], [], ['__proto__', '"\\']];
  for (let round = 0; round < 2; round += 1) {
    for (const list of lists) {
      const names = fieldNames(list);
      assert.deepEqual([names.list, JSON.parse(names.json)], [list, list]);
      assert.equal(fieldNames([...list]), names);
    }
  }
});

test('more of them than are remembered', () => {
  for (let i = 0; i < 3000; i += 1) assert.equal(fieldNames([`f${i % 1500}`]).json, `["f${i % 1500}"]`);
});

test('what a hash cannot have is refused each time', () => {
  const many = Array.from({ length: 3501 }, (_, i) => `f${i}`);
  for (let round = 0; round < 2; round += 1) {
    for (const [list, reason] of [
      [['a', ''], 'invalid'],
      [['a', 'b', 'a'], 'invalid'],
      [['\ud83d'], 'invalid'],
      [many, 'too_large'],
    ] as const)
      assert.throws(
        () => fieldNames(list),
        (error) => error instanceof MetricFault && error.reason === reason,
      );
    fieldNames(['a']);
  }
});
