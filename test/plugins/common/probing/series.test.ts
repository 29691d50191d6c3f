import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Target, UdpTarget } from '../../../../core/target.js';
import { CLOCK_NAMES } from '../../../../native/index.js';
import { type SeriesOptions, TargetTable } from '../../../../plugins/common/probing/series.js';
import { rdmaTarget, udpTarget } from '../../../core/pinglist/targets.js';

const KERNEL = CLOCK_NAMES.indexOf('kernel');
const USER = CLOCK_NAMES.indexOf('user');

function table<T extends Target = UdpTarget>(options: Partial<SeriesOptions> = {}): TargetTable<T> {
  const agent = { hostname: 'here', labels: { tor: 't1' }, version: '0', windowMs: 1000 };
  return new TargetTable({ transport: 'udp', agent, perPath: false, ...options });
}

const idsOf = (entries: readonly { readonly id: number }[]): number[] => entries.map(({ id }) => id);

describe('targets', () => {
  test('keep their id while they stay on the list, wherever they stand on it and however they are probed', () => {
    const targets = table();
    const [a = 0, b = 0] = idsOf(targets.replace([udpTarget({ dst: 'a' }), udpTarget({ dst: 'b' })]).active);
    assert.notEqual(a, b);
    const changed = udpTarget({ dst: 'b', intervalMs: 7, timeoutMs: 8, paths: 9, ttl: 10 });
    const { active, removed } = targets.replace([changed, udpTarget({ dst: 'c' }), udpTarget({ dst: 'a' })]);
    assert.deepEqual([active[0]!.id, active[2]!.id], [b, a]);
    assert.equal(active[0]!.target, changed);
    assert.equal(new Set(idsOf(active)).size, 3);
    assert.deepEqual(removed, []);
  });

  for (const [what, other] of [
    ['name', { dst: 'other' }],
    ['address', { address: '10.0.0.3' }],
    ['port', { port: 863 }],
    ['mode', { mode: 'mesh' }],
    ['DSCP', { dscp: 46 }],
    ['payload', { payloadBytes: 1000 }],
    ['kind of packet', { plain: true }],
    ['labels', { labels: { tor: 't2' } }],
  ] as const) {
    test(`are others when their ${what} is another`, () => {
      const targets = table();
      const [before] = targets.replace([udpTarget({ dst: 'x' })]).active;
      const { active, removed } = targets.replace([udpTarget({ dst: 'x', ...other })]);
      assert.notEqual(active[0]!.id, before!.id);
      assert.deepEqual(removed, [before]);
    });
  }

  test('of RDMA are told apart by GID, queue pair and device', () => {
    const targets = table<Target>({ transport: 'rdma-ud' });
    const all = [{}, { gid: '::ffff:10.0.0.9' }, { qpn: 8 }, { lid: 1 }, { device: 'mlx5_1' }].map(rdmaTarget);
    assert.equal(new Set(idsOf(targets.replace(all).active)).size, all.length);
  });

  test('that stand twice on a list are probed twice, and keep both ids', () => {
    const targets = table();
    const twice = [udpTarget(), udpTarget()];
    const ids = idsOf(targets.replace(twice).active);
    assert.notEqual(ids[0], ids[1]);
    assert.deepEqual(idsOf(targets.replace(twice).active), ids);
    assert.deepEqual(idsOf(targets.replace([udpTarget()]).removed), [ids[1]]);
  });

  test('that come back get a new id: old answers are not theirs', () => {
    const targets = table();
    const [before] = targets.replace([udpTarget()]).active;
    const { removed } = targets.replace([]);
    const [again] = targets.replace([udpTarget()]).active;
    assert.notEqual(again!.id, before!.id);
    assert.equal(targets.byId(before!.id), before, 'known until it is forgotten');
    targets.forget(removed);
    assert.equal(targets.byId(before!.id), undefined);
    assert.equal(targets.byId(again!.id), again);
  });
});

describe('series', () => {
  test('carry the tags of both ends', () => {
    const targets = table();
    const [probed] = targets.replace([udpTarget({ dst: 'a', mode: 'mesh', labels: { tor: 't2', dc: 'd' } })]).active;
    assert.deepEqual(targets.series(probed!, 3, KERNEL).tags, {
      ...{ transport: 'udp', src: 'here', dst: 'a', clock: 'kernel', mode: 'mesh' },
      ...{ src_tor: 't1', dst_tor: 't2', dst_dc: 'd' },
    });
  });

  test('are one for all paths, unless they are told apart', () => {
    const one = table();
    const [probed] = one.replace([udpTarget()]).active;
    assert.equal(one.series(probed!, 0, KERNEL), one.series(probed!, 5, KERNEL));
    assert.notEqual(one.series(probed!, 0, KERNEL), one.series(probed!, 0, USER));
    const several = table({ perPath: true });
    const [spread] = several.replace([udpTarget()]).active;
    const tags = [0, 1, 1].map((path) => several.series(spread!, path, KERNEL).tags.path);
    assert.deepEqual(tags, ['0', '1', '1']);
    assert.equal(several.series(spread!, 1, USER).tags.clock, 'user');
  });

  test('are shared by targets whose tags are equal, and end with the last of them', () => {
    const targets = table();
    const pair = [udpTarget({ dst: 'a', port: 1 }), udpTarget({ dst: 'a', port: 2 })];
    const [first, second] = targets.replace(pair).active;
    const shared = targets.series(first!, 0, KERNEL);
    assert.equal(targets.series(second!, 0, KERNEL), shared);
    assert.deepEqual(targets.forget(targets.replace(pair.slice(1)).removed), []);
    assert.deepEqual(targets.forget(targets.replace([]).removed), [shared.tags]);
  });

  test('end with every clock and path they were counted under', () => {
    const targets = table({ perPath: true });
    const [probed] = targets.replace([udpTarget({ dst: 'a' })]).active;
    for (const [path, clock] of [[0, KERNEL] as const, [1, KERNEL] as const, [1, USER] as const]) {
      targets.series(probed!, path, clock);
    }
    const ended = targets.forget(targets.replace([]).removed);
    assert.deepEqual(ended.map(({ path, clock }) => `${path} ${clock}`).sort(), ['0 kernel', '1 kernel', '1 user']);
  });

  test('of a target that never was counted do not end: they never began', () => {
    const targets = table();
    targets.replace([udpTarget()]);
    assert.deepEqual(targets.forget(targets.replace([]).removed), []);
  });

  test('of paths that a target has no more end, those it keeps go on', () => {
    const targets = table({ perPath: true });
    const [probed] = targets.replace([udpTarget({ firstPath: 254, paths: 3 })]).active;
    const pathsOf = (tags: readonly { readonly path?: string }[]) => tags.map(({ path }) => path);
    for (const path of [254, 255, 0]) targets.series(probed!, path, KERNEL);
    targets.series(probed!, 254, USER);
    assert.deepEqual(targets.replace([udpTarget({ firstPath: 254, paths: 3, intervalMs: 7 })]).repathed, []);
    const { repathed } = targets.replace([udpTarget({ firstPath: 255, paths: 3 })]);
    assert.deepEqual(repathed, [probed]);
    // A probe of the old path was still under way.
    targets.series(probed!, 254, KERNEL);
    assert.deepEqual(pathsOf(targets.forgetPaths(repathed)), ['254', '254']);
    assert.deepEqual(targets.forgetPaths(repathed), []);
    const { removed } = targets.replace([]);
    assert.deepEqual(pathsOf(targets.forget(removed)).sort(), ['0', '255']);
    assert.deepEqual(targets.forget(removed), []);
  });

  test('of all paths are one where paths are not told apart: no change of paths ends it', () => {
    const targets = table();
    const [probed] = targets.replace([udpTarget({ paths: 2 })]).active;
    targets.series(probed!, 1, KERNEL);
    assert.deepEqual(targets.replace([udpTarget({ firstPath: 9 })]).repathed, []);
  });
});
