import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { coverageOf, pathsPerPair, requiredPaths, rotation } from '../../../../core/pinglist/generate/ecmp.js';

/** Exact sums with 120 digits; at 256 ways and P = 0.99 the union bound is one above. */
const TABLE: readonly (readonly [ways: number, p90: number, p99: number, p999: number])[] = [
  [2, 5, 8, 11],
  [4, 13, 21, 29],
  [8, 33, 51, 68],
  [16, 79, 115, 150],
  [32, 181, 255, 327],
  [64, 408, 557, 703],
  [128, 906, 1206, 1500],
  [256, 1993, 2593, 3182],
];

describe('number of paths', () => {
  for (const [ways, , p99] of TABLE) {
    test(`${ways} ways need ${p99} paths at 0.99`, () => {
      assert.ok([p99, ways === 256 ? p99 + 1 : p99].includes(requiredPaths(ways, 0.99)));
    });
  }

  test('the exact probability crosses the wanted one where the table says', () => {
    for (const [ways, ...paths] of TABLE.filter(([n]) => n <= 64)) {
      [0.9, 0.99, 0.999].forEach((wanted, i) => {
        assert.ok(coverageOf(ways, paths[i]!) >= wanted, `${ways} ways, ${paths[i]} paths`);
        assert.ok(coverageOf(ways, paths[i]! - 1) < wanted, `${ways} ways, ${paths[i]! - 1} paths`);
      });
    }
  });

  test('never too few, and hardly more than needed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 48 }),
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
        (ways, wanted) => {
          const paths = requiredPaths(ways, wanted);
          assert.ok(coverageOf(ways, paths) >= wanted);
          // The union bound asks for N ln(−ln P / (1−P)) ≈ N (1−P) / 2 paths too many, and is rounded up.
          const spare = Math.ceil(2 + 0.7 * ways * (1 - wanted));
          assert.ok(ways === 1 || coverageOf(ways, paths - spare) < wanted);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('one way needs one path; never fewer paths than ways', () => {
    assert.equal(requiredPaths(1, 0.99), 1);
    assert.equal(requiredPaths(2, 0), 2);
    assert.equal(coverageOf(1, 1), 1);
    assert.equal(coverageOf(8, 7), 0);
    assert.equal(coverageOf(2, 0), 0);
  });

  test('the pairs together have at least as many as needed, each at most 256', () => {
    assert.equal(pathsPerPair(115, 40), 3);
    assert.equal(pathsPerPair(115, 1600), 1);
    assert.equal(pathsPerPair(2594, 1), 256);
  });
});

describe('rotation', () => {
  const anyPairs = fc.record({
    pairs: fc.integer({ min: 1, max: 60 }),
    perPair: fc.integer({ min: 1, max: 30 }),
    hour: fc.integer({ min: 0, max: 500_000 }),
  });

  /** By how much each pair moves from one hour to the next. */
  const moves = (pairs: number, perPair: number, hour: number): number[] =>
    Array.from({ length: pairs }, (_, i) => rotation(pairs, perPair, i, hour + 1) - rotation(pairs, perPair, i, hour));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

  test('a fifth of the paths between two ToRs an hour, rounded down, and shared evenly', () => {
    fc.assert(
      fc.property(anyPairs, ({ pairs, perPair, hour }) => {
        const moved = moves(pairs, perPair, hour);
        const all = pairs * perPair;
        if (all >= 5) assert.equal(sum(moved), Math.floor(all / 5));
        else assert.ok(sum(moved) <= 1);
        for (const own of moved) assert.ok(own >= 0 && own <= perPair);
      }),
    );
  });

  test('fewer than five paths: a fifth of them over five hours', () => {
    for (let all = 1; all < 5; all++) {
      for (let hour = 0; hour < 20; hour++) {
        const over5 = [0, 1, 2, 3, 4].map((i) => sum(moves(all, 1, hour + i)));
        assert.equal(sum(over5), all);
      }
    }
  });

  test('after some hours every path has been exchanged', () => {
    fc.assert(
      fc.property(anyPairs, ({ pairs, perPair, hour }) => {
        // Five hours when the number divides; nine when the rounding is at its worst.
        for (let i = 0; i < pairs; i++) {
          const moved = rotation(pairs, perPair, i, hour + 10) - rotation(pairs, perPair, i, hour);
          assert.ok(moved >= perPair, `pair ${i} of ${pairs} moved ${moved} of ${perPair}`);
        }
      }),
    );
  });
});
