import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GridHead, Pattern } from '../../dashboard/src/api/types.js';
import { drawMarks, marksOf } from '../../dashboard/src/heatmap/marks.js';

const SIZE = { columns: 4, rows: 4 };
const SCALE = 10;
const names = ['dc/p1/t1', 'dc/p1/t2', 'dc/p2/t1', 'dc/p2/t2'];
const head = {
  level: 'tor',
  src: names,
  src_groups: ['dc/p1', 'dc/p2'].map((name) => ({ name, members: 2 })),
} as unknown as GridHead;

/** Rectangles that are drawn: x, y, width, height. */
function drawn(change: Partial<Pattern>): number[][] {
  const pattern: Pattern = {
    ...{ pattern: 'tor_trouble', level: 'tor', name: 'dc/p1/t2', rule: '', shape: 'cross', figure: 'any' },
    ...change,
  };
  const rectangles: number[][] = [];
  const context = { setLineDash: () => {}, strokeRect: (...sides: number[]) => rectangles.push(sides) };
  drawMarks(context as never, marksOf({ ...head, patterns: [pattern] }), 'dark', SCALE, SIZE);
  return rectangles;
}

test('of a member its row, its column or both are outlined, as the pattern says', () => {
  const [row, column] = [
    [1, 10, 38, 10],
    [10, 1, 10, 38],
  ];
  assert.deepEqual(drawn({ shape: 'cross' }), [row, column]);
  assert.deepEqual(drawn({ shape: 'row' }), [row]);
  assert.deepEqual(drawn({ shape: 'column' }), [column]);
  assert.deepEqual(drawn({ name: 'of another grid' }), []);
});

test('of a spine the blocks on the diagonal', () => {
  assert.deepEqual(drawn({ pattern: 'spine_trouble', name: 'dc', shape: 'blocks' }), [
    [0, 0, 20, 20],
    [20, 20, 20, 20],
  ]);
});
