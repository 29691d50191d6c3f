import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logAxis, valueAxis } from '../../dashboard/src/chart/axis.js';
import { runsOf, slotsOf } from '../../dashboard/src/chart/slots.js';

test('a linear axis begins at 0 and reaches over the largest value with round steps', () => {
  for (const max of [0.003, 0.7, 1, 19, 23, 100, 999, 123_456]) {
    const { isLog, ticks, placeOf } = valueAxis([max * 0.4, max]);
    assert.deepEqual([isLog, ticks[0], placeOf(0)], [false, 0, 0]);
    assert.ok((ticks.at(-1) ?? 0) >= max && placeOf(max) <= 1 + 1e-9 && placeOf(max) > 0.39, `${max}: ${ticks}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 6, `${max}: ${ticks}`);
  }
  assert.deepEqual(valueAxis([0, 0], 0.01).ticks.at(-1), 0.01);
  assert.ok(valueAxis([]).ticks.length > 1);
});

test('values that are far apart get a logarithmic axis; with a 0 among them there is none', () => {
  const { isLog, ticks, placeOf } = valueAxis([50_000, 14e6]);
  assert.deepEqual([isLog, ticks], [true, [1e5, 1e6, 1e7]]);
  assert.ok(placeOf(50_000) >= 0 && placeOf(14e6) <= 1);
  assert.ok(Math.abs(placeOf(1e6) - placeOf(1e5) - (placeOf(1e7) - placeOf(1e6))) < 1e-9);
  assert.equal(valueAxis([0, 50_000, 14e6]).isLog, false);
  for (const [min, max] of [
    [10, 11],
    [1, 1e12],
    [3, 3],
  ] as const)
    assert.ok(logAxis(min, max).ticks.length <= 6 && Number.isFinite(logAxis(min, max).placeOf(min)));
});

test('windows without data have a place, and break the line', () => {
  const items = [{ start_ms: 1000 }, { start_ms: 1010 }, { start_ms: 1040 }];
  const slots = slotsOf(items, 10, 1000, 1050);
  assert.deepEqual(slots, [items[0], items[1], undefined, undefined, items[2], undefined]);
  assert.deepEqual(slotsOf([], 10, 1000, 1000), [undefined]);
  const runs = runsOf([1, 2, null, null, 0, null, 4]);
  assert.deepEqual(runs, [
    [
      [0, 1],
      [1, 2],
    ],
    [[4, 0]],
    [[6, 4]],
  ]);
});
