import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Viewport } from '../../dashboard/src/heatmap/viewport.js';

const cells = fc.integer({ min: 1, max: 1000 });
const px = fc.integer({ min: 50, max: 2000 });
/** Moves as hands make them. */
const move = fc.oneof(
  fc.record({ factor: fc.double({ min: 0.2, max: 5, noNaN: true }), x: px, y: px }),
  fc.record({ dx: fc.integer({ min: -900, max: 900 }), dy: fc.integer({ min: -900, max: 900 }) }),
);

function viewportOf(columns: number, rows: number, width: number, height: number): Viewport {
  const viewport = new Viewport();
  viewport.setGrid(columns, rows);
  viewport.resize(width, height);
  return viewport;
}

test('at first everything is seen, and no cell is larger than 112 px', () => {
  fc.assert(
    fc.property(cells, cells, px, px, (columns, rows, width, height) => {
      const viewport = viewportOf(columns, rows, width, height);
      assert.ok(viewport.isWhole && viewport.scale <= 112);
      assert.equal(viewport.box, undefined);
      assert.ok(columns * viewport.scale <= width + 1e-6 && rows * viewport.scale <= height + 1e-6);
    }),
  );
});

test('however it is moved, what is seen lies inside of the grid', () => {
  fc.assert(
    fc.property(cells, cells, px, px, fc.array(move, { maxLength: 12 }), (columns, rows, width, height, moves) => {
      const viewport = viewportOf(columns, rows, width, height);
      for (const one of moves) {
        if ('factor' in one) viewport.zoomBy(one.factor, one.x % width, one.y % height);
        else viewport.panBy(one.dx, one.dy);
        assert.ok(viewport.x >= 0 && viewport.y >= 0);
        const right = viewport.x + width / viewport.scale;
        assert.ok(viewport.x === 0 || right <= columns + 1e-6, `${right} of ${columns}`);
        const [column = 0, row = 0, wide = 0, high = 0] = viewport.box ?? [0, 0, columns, rows];
        assert.ok(column + wide <= columns && row + high <= rows && wide > 0 && high > 0);
      }
    }),
  );
});

test('zooming in keeps the cell that is under the pointer there', () => {
  fc.assert(
    fc.property(fc.nat(799), fc.nat(799), fc.double({ min: 1, max: 20, noNaN: true }), (x, y, factor) => {
      const viewport = viewportOf(1000, 1000, 800, 800);
      viewport.zoomBy(8, 400, 400);
      const before = viewport.cellAt(x + 0.5, y + 0.5);
      viewport.zoomBy(factor, x + 0.5, y + 0.5);
      const after = viewport.cellAt(x + 0.5, y + 0.5);
      // A pointer on the line between two cells may round either way.
      assert.ok(Math.abs((before?.row ?? -9) - (after?.row ?? 9)) <= 1);
      assert.ok(Math.abs((before?.column ?? -9) - (after?.column ?? 9)) <= 1);
    }),
  );
});

test('a box that was seen is seen again on a screen of another size', () => {
  const viewport = viewportOf(1000, 1000, 800, 600);
  viewport.zoomBy(10, 300, 200);
  viewport.panBy(123, 45);
  const { box } = viewport;
  assert.ok(box !== undefined);
  const other = viewportOf(1000, 1000, 1600, 1300);
  other.fitBox(box);
  const [column, row, columns, rows] = other.box ?? [0, 0, 0, 0];
  assert.ok(column <= box[0] && row <= box[1]);
  assert.ok(column + columns >= box[0] + box[2] && row + rows >= box[1] + box[3]);
});

test('a cell is revealed by as little as has to be', () => {
  const viewport = viewportOf(100, 100, 100, 100);
  viewport.zoomBy(10, 0, 0);
  viewport.reveal({ row: 3, column: 4 });
  assert.deepEqual([viewport.x, viewport.y], [0, 0]);
  viewport.reveal({ row: 50, column: 4 });
  assert.deepEqual([viewport.x, viewport.y], [0, 41]);
});

test('beside the grid there is no cell', () => {
  const viewport = viewportOf(2, 2, 500, 500);
  assert.deepEqual(viewport.cellAt(0, 223), { row: 1, column: 0 });
  for (const [x, y] of [
    [-1, 5],
    [5, -1],
    [225, 5],
    [5, 225],
    [501, 501],
  ] as const)
    assert.equal(viewport.cellAt(x, y), undefined);
});
