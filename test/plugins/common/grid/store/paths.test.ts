import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkPool } from '../../../../../plugins/common/grid/store/arena.js';
import { CellSums } from '../../../../../plugins/common/grid/store/cell.js';
import { MAX_PATHS, PathCells } from '../../../../../plugins/common/grid/store/paths.js';
import { durations, probe, recorded } from './probes.js';

function sumsOf(networkNs: readonly number[]): CellSums {
  const sums = new CellSums();
  assert.ok(sums.addFields(probe({ src: 'a', dst: 'b', networkNs }).fields));
  return sums;
}

test('each path of each pair has what was added to it, in whatever order and however often', () => {
  const additions = fc.array(
    fc.record({ pair: fc.nat(3), path: fc.constantFrom('0', '7', '10', 'leaf-ü'), networkNs: durations }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(additions, (added) => {
      const cells = new PathCells(new ChunkPool());
      const expected = new Map<string, number[]>();
      for (const { pair, path, networkNs } of added) {
        assert.ok(cells.add(pair, path, sumsOf(networkNs)));
        const key = `${pair} ${path}`;
        expected.set(key, [...(expected.get(key) ?? []), ...networkNs]);
      }
      for (const pair of [0, 1, 2, 3]) {
        const found = cells.of(pair);
        const known = ['0', '7', '10', 'leaf-ü'].filter((path) => expected.has(`${pair} ${path}`));
        assert.deepEqual(
          found.map(({ path }) => path),
          known,
        );
        for (const { path, sums } of found) {
          const all = recorded(expected.get(`${pair} ${path}`) ?? []);
          const [network] = sums.delays;
          assert.deepEqual([network?.count, network?.maxNs, network?.meanNs], [all.count, all.maxNs, all.meanNs]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a pair has so many paths at most, and their names are short; all room goes back', () => {
  const pool = new ChunkPool();
  const cells = new PathCells(pool);
  for (let path = 0; path < MAX_PATHS; path += 1) assert.ok(cells.add(1, `${path}`, sumsOf([path])));
  assert.equal(cells.add(1, 'another', sumsOf([1])), false);
  assert.ok(cells.add(1, '5', sumsOf([1])), 'a known one');
  assert.ok(cells.add(2, 'another', sumsOf([1])), 'another pair');
  assert.equal(cells.add(2, 'x'.repeat(65), sumsOf([1])), false);
  assert.deepEqual([cells.of(1).length, cells.of(2).length, cells.of(3).length], [MAX_PATHS, 1, 0]);
  cells.free();
  assert.equal(pool.usedBytes, 0);
});
