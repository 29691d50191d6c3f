import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellCode, cellValue, decodeGrid, FAILED, NO_DATA } from '../../dashboard/src/api/wire-grid.js';
import { atOnce } from '../../plugins/common/grid/store/slices.js';
import { binaryOf } from '../../plugins/outputs/mesh-grid/api/grid-bodies.js';

const names = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 6 });
const value = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constant(Number.NaN));

function encoded(src: string[], dst: string[], isRatio: boolean, values: Float64Array): ArrayBuffer {
  const states = Uint8Array.from(values, (one, cell) => (Number.isNaN(one) ? cell % 2 : 2));
  const body = atOnce(binaryOf({ src, dst, unit: isRatio ? 'ratio' : 'ns' }, isRatio, values, states));
  return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer;
}

test('the page reads from the binary form what the server put in, within 0.034 %', () => {
  fc.assert(
    fc.property(names, names, fc.boolean(), fc.infiniteStream(value), (src, dst, isRatio, stream) => {
      const scale = isRatio ? 1e-12 : 1;
      const values = Float64Array.from(stream.take(src.length * dst.length), (one) => one * scale);
      const grid = decodeGrid(encoded(src, dst, isRatio, values));
      assert.deepEqual([grid.src, grid.dst], [src, dst]);
      for (const [cell, wanted] of values.entries()) {
        const code = grid.codes[cell] ?? -1;
        if (Number.isNaN(wanted)) assert.equal(code, cell % 2 === 0 ? NO_DATA : FAILED);
        else {
          const found = cellValue(code, isRatio) ?? Number.NaN;
          const error = isRatio ? 1 / 65_533 : (wanted + 1) * 0.00034;
          assert.ok(Math.abs(found - wanted) <= error, `${found} for ${wanted}`);
        }
      }
    }),
  );
});

test('the code of a value is the one the server would give it', () => {
  for (const isRatio of [true, false])
    for (const share of [0, 0.001, 0.05, 0.5, 1]) {
      const wanted = share * (isRatio ? 1 : 3e8);
      const grid = decodeGrid(encoded(['a'], ['b'], isRatio, Float64Array.of(wanted)));
      assert.equal(cellCode(wanted, isRatio), grid.codes[0]);
    }
});

test('what is no grid, or not all of one, is refused', () => {
  const whole = encoded(['a', 'b'], ['c'], false, Float64Array.of(1, 2));
  assert.throws(() => decodeGrid(new ArrayBuffer(3)), /no grid in the form WFG1/);
  assert.throws(() => decodeGrid(new TextEncoder().encode('{"error":"no"}').buffer), /no grid in the form WFG1/);
  assert.throws(() => decodeGrid(whole.slice(0, -2)), /2 bytes of cells, not the 4/);
});
