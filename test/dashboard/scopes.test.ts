import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLevel, crumbsOf, defaultLevel, inside } from '../../dashboard/src/grid/scopes.js';

test('one step inside of a cell is the next level of just its two ends', () => {
  assert.deepEqual(inside('dc', 'dc1', 'dc2'), { level: 'pod', srcIn: 'dc:dc1', dstIn: 'dc:dc2', box: undefined });
  assert.deepEqual(inside('tor', 'dc1/p1/t1', 'dc1/p1/t1')?.srcIn, 'tor:dc1/p1/t1');
  assert.equal(inside('host', 'a', 'b'), undefined);
});

test('crumbs lead back level by level', () => {
  const crumbs = crumbsOf({ srcIn: 'tor:dc1/p1/t1', dstIn: 'tor:dc2/p9/t8' });
  assert.deepEqual(
    crumbs.map(({ text }) => text),
    ['Whole mesh', 'dc1 → dc2', 'dc1/p1 → dc2/p9', 'dc1/p1/t1 → dc2/p9/t8'],
  );
  assert.deepEqual(crumbs[2]?.change, { level: 'tor', srcIn: 'pod:dc1/p1', dstIn: 'pod:dc2/p9', box: undefined });
  assert.deepEqual(crumbs[0]?.change.srcIn, undefined);
  assert.deepEqual(
    crumbsOf({ srcIn: 'pod:dc1/p1', dstIn: 'pod:dc1/p1' }).map(({ text }) => text),
    ['Whole mesh', 'dc1', 'dc1/p1'],
  );
  assert.deepEqual(
    crumbsOf({ srcIn: 'dc:dc1' }).map(({ text }) => text),
    ['Whole mesh', 'dc1 → all'],
  );
  assert.deepEqual(
    crumbsOf({ srcIn: 'tor:lonely', dstIn: 'tor:lonely' }).map(({ text }) => text),
    ['Whole mesh', 'lonely'],
  );
});

test('another level keeps the part of the mesh as far as it has members of that level', () => {
  const selection = { srcIn: 'pod:dc1/p1', dstIn: 'pod:dc1/p2' };
  assert.deepEqual(atLevel('host', selection), { level: 'host', ...selection, box: undefined });
  assert.deepEqual(atLevel('pod', selection), { level: 'pod', srcIn: 'dc:dc1', dstIn: 'dc:dc1', box: undefined });
  assert.deepEqual(atLevel('dc', selection), { level: 'dc', srcIn: undefined, dstIn: undefined, box: undefined });
});

test('a small mesh is shown host by host', () => {
  assert.deepEqual([defaultLevel(8), defaultLevel(128), defaultLevel(129)], ['host', 'host', 'tor']);
});
