/** The paths between two ToRs, as all the lists together have them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { requiredPaths } from '../../../../core/pinglist/generate/ecmp.js';
import type { PinglistGenerator } from '../../../../core/pinglist/generate/generator.js';
import type { Member } from '../../../../core/pinglist/generate/member.js';
import { anyFleet, generatorOf, HOUR_MS, member, policies, targetsOf, torOf } from './fleets.js';

const PATH_IDS = 256;

/** Ordered pair of ToRs → the paths between them, each as source, destination and path id. */
function pathsOf(generator: PinglistGenerator, members: readonly Member[], hour = 0): Map<string, Set<string>> {
  const known = new Map(members.map((one) => [one.id, one]));
  const paths = new Map<string, Set<string>>();
  for (const source of members) {
    for (const { dst, paths: number, firstPath } of targetsOf(generator, source.id, hour * HOUR_MS)) {
      const pair = `${torOf(source)}>${torOf(known.get(dst)!)}`;
      const all = paths.get(pair) ?? new Set();
      paths.set(pair, all);
      for (let i = 0; i < number; i++) all.add(`${source.id} ${dst} ${(firstPath + i) % PATH_IDS}`);
    }
  }
  return paths;
}

function twoTors(x: number, y: number): Member[] {
  const hosts = (tor: string, size: number, from: number) =>
    Array.from({ length: size }, (_, i) => member(`${tor}-${i}`, from + i, { tor }));
  return [...hosts('x', x, 1), ...hosts('y', y, 1000)];
}

const anyTors = fc.record({
  x: fc.integer({ min: 1, max: 30 }),
  y: fc.integer({ min: 1, max: 30 }),
  ways: fc.constantFrom(1, 2, 4, 8, 16, 32),
  mode: fc.constantFrom('inter-tor', 'mesh'),
});

describe('ECMP coverage', () => {
  test('between two hosts: the number of paths of the table', () => {
    for (const [ways, paths] of [
      [2, 8],
      [4, 21],
      [8, 51],
      [16, 115],
      [32, 255],
    ] as const) {
      const fleet = twoTors(1, 1);
      const generator = generatorOf(fleet, policies({ mode: 'inter-tor', paths: { ecmp: ways } }));
      assert.deepEqual(
        [...pathsOf(generator, fleet).values()].map(({ size }) => size),
        [paths, paths],
      );
    }
  });

  test('shared by the host pairs: enough for each ordered pair of ToRs, with fewer than one path a pair to spare', () => {
    fc.assert(
      fc.property(anyTors, ({ x, y, ways, mode }) => {
        const fleet = twoTors(x, y);
        const generator = generatorOf(fleet, policies({ mode, paths: { ecmp: ways } }));
        const paths = pathsOf(generator, fleet);
        const needed = requiredPaths(ways, 0.99);
        for (const [pair, pairs] of mode === 'mesh'
          ? [['x>y', x * y] as const, ['y>x', x * y] as const]
          : [['x>y', x] as const, ['y>x', y] as const]) {
          const { size } = paths.get(`//${pair.replace('>', '>//')}`)!;
          assert.ok(size >= needed && size < needed + pairs, `${size} paths over ${pairs} pairs, ${needed} needed`);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('hosts under one ToR have one path', () => {
    const fleet = twoTors(3, 1);
    const generator = generatorOf(fleet, policies({ mode: 'mesh', paths: { ecmp: 16 } }));
    assert.equal(pathsOf(generator, fleet).get('//x>//x')!.size, 6);
  });

  test('hosts without label tor are ToRs of their own: every pair has all paths', () => {
    const fleet = [member('a', 1), member('b', 2)];
    const generator = generatorOf(fleet, policies({ mode: 'mesh', paths: { ecmp: 16 } }));
    assert.deepEqual(
      targetsOf(generator, 'a').map(({ paths }) => paths),
      [115],
    );
  });

  test('a number of paths is the number of every pair, from path 0 on', () => {
    const fleet = twoTors(2, 2);
    const generator = generatorOf(fleet, policies({ mode: 'mesh', paths: 7 }));
    for (const { id } of fleet) {
      assert.deepEqual(
        targetsOf(generator, id).map(({ paths, firstPath }) => [paths, firstPath]),
        Array(3).fill([7, 0]),
      );
    }
  });
});

describe('rotation', () => {
  const gone = (before: ReadonlySet<string>, after: ReadonlySet<string>) =>
    [...before].filter((path) => !after.has(path)).length;

  test('in an hour at most a fifth of the paths between two ToRs is exchanged, and their number stays', () => {
    fc.assert(
      fc.property(anyTors, fc.nat({ max: 500_000 }), ({ x, y, ways, mode }, hour) => {
        const fleet = twoTors(x, y);
        const generator = generatorOf(fleet, policies({ mode, paths: { ecmp: ways } }));
        const before = pathsOf(generator, fleet, hour);
        const after = pathsOf(generator, fleet, hour + 1);
        for (const [pair, paths] of before) {
          assert.equal(after.get(pair)!.size, paths.size);
          assert.ok(gone(paths, after.get(pair)!) <= Math.max(1, Math.floor(paths.size / 5)));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('after some hours none of them is left', () => {
    fc.assert(
      fc.property(anyTors, fc.nat({ max: 500_000 }), ({ x, y, ways }, hour) => {
        // With 255 paths of 256 ids there is hardly another to take.
        const fleet = twoTors(x + 3, y + 3);
        const generator = generatorOf(fleet, policies({ mode: 'inter-tor', paths: { ecmp: ways } }));
        const before = pathsOf(generator, fleet, hour);
        const after = pathsOf(generator, fleet, hour + 10);
        for (const [pair, paths] of before) assert.equal(gone(paths, after.get(pair)!), paths.size);
      }),
      { numRuns: 40 },
    );
  });

  test('over random topologies the lists of an hour differ from the next one’s in first paths only', () => {
    fc.assert(
      fc.property(anyFleet, fc.nat({ max: 500_000 }), (members, hour) => {
        const generator = generatorOf(members, policies({ mode: 'inter-tor', sample: 2, paths: { ecmp: 4 } }));
        const plain = (at: number) =>
          members.map(({ id }) =>
            targetsOf(generator, id, at * HOUR_MS).map((target) => ({ ...target, firstPath: 0 })),
          );
        assert.deepEqual(plain(hour), plain(hour + 1));
      }),
      { numRuns: 40 },
    );
  });
});
