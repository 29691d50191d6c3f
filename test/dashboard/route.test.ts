import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  DELAY_STATS,
  DELAYS,
  formatRoute,
  LEVELS,
  PROBE_STATS,
  parseRoute,
  type Route,
} from '../../dashboard/src/route.js';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const scope = fc.tuple(fc.constantFrom('tor', 'pod', 'dc'), name).map(([level, group]) => `${level}:${group}`);
const size = fc.integer({ min: 1, max: 5000 });
const selection = fc.record(
  {
    transport: name,
    level: fc.constantFrom(...LEVELS),
    delay: fc.constantFrom(...DELAYS),
    stat: fc.constantFrom(...DELAY_STATS, ...PROBE_STATS),
    at: fc.integer({ min: 0, max: 4e12 }),
    srcIn: scope.filter((text) => !/[\n\r\u2028\u2029]/.test(text)),
    dstIn: scope.filter((text) => !/[\n\r\u2028\u2029]/.test(text)),
    box: fc.tuple(fc.nat(5000), fc.nat(5000), size, size),
  },
  { requiredKeys: [] },
);
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.record({ page: fc.constantFrom('grid' as const, 'worst' as const), selection }),
  fc.record({ page: fc.constant('host' as const), name, selection }),
  fc.record({ page: fc.constant('pair' as const), src: name, dst: name, selection }),
);

test('what an address is made of is what is read from it, whatever the names', () => {
  fc.assert(
    fc.property(route, (wanted) => {
      const { selection, ...rest } = parseRoute(formatRoute(wanted));
      assert.deepEqual({ ...rest, selection: { ...selection } }, { ...wanted, selection: { ...wanted.selection } });
    }),
  );
});

test('an address that nobody made is the grid, without what is not understood', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/pair/only-one', '#/host', '#/pair//b', '#x?y', '#/%E0%A4%A'])
    assert.deepEqual(parseRoute(hash), { page: 'grid', selection: {} }, hash);
  const query = 'level=rack&stat=p100&delay=x&at=now&src_in=host:a&dst_in=&box=1,2,3&transport=';
  assert.deepEqual(parseRoute(`#/worst?${query}`), { page: 'worst', selection: {} });
  for (const box of ['0,0,0,1', '-1,0,1,1', '1.5,0,1,1', 'a,b,c,d', '1,1,1,1,1'])
    assert.deepEqual(parseRoute(`#/grid?box=${box}`).selection, {}, box);
});
