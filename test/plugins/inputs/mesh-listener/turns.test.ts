import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Turns } from '../../../../plugins/inputs/mesh-listener/turns.js';

/** Numbers that were let through, in their order, as they grow. */
function letThrough(turns: Turns, count: number): number[] {
  const passed: number[] = [];
  for (let i = 0; i < count; i += 1) void turns.next().then(() => passed.push(i));
  return passed;
}

test('a turn of the event loop lets so many through, in the order in which they came', async () => {
  const turns = new Turns(3);
  const passed = letThrough(turns, 7);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(passed, [0, 1, 2]);
  const most: number[] = [];
  for (let before = passed.length; passed.length < 7 && most.length < 7; before = passed.length) {
    await setImmediate();
    most.push(passed.length - before);
  }
  assert.ok(
    most.every((count) => count <= 3),
    `${most}`,
  );
  assert.deepEqual(passed, [0, 1, 2, 3, 4, 5, 6]);
});

test('after a turn without anybody there is room again', async () => {
  const turns = new Turns(2);
  letThrough(turns, 2);
  await setImmediate();
  await setImmediate();
  const passed = letThrough(turns, 2);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(passed, [0, 1]);
});

test('who comes while others wait goes behind them', async () => {
  const turns = new Turns(1);
  const passed = letThrough(turns, 3);
  await setImmediate();
  void turns.next().then(() => passed.push(3));
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  assert.deepEqual(passed, [0, 1, 2, 3]);
});
