import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RdmaTarget } from '../../../../core/target.js';
import { type Dealer, deal } from '../../../../plugins/common/probing/deal.js';
import { TargetTable } from '../../../../plugins/common/probing/series.js';
import { rdmaTarget } from '../../../core/pinglist/targets.js';

const agent = { hostname: 'here', labels: {}, version: '0', windowMs: 1000 };

function probed(changes: readonly Partial<RdmaTarget>[]) {
  const table = new TargetTable<RdmaTarget>({ transport: 'rdma-ud', agent, perPath: false });
  return table.replace(changes.map(rdmaTarget)).active;
}

const dealer = (name: string, canProbe: (target: RdmaTarget) => boolean = () => true): Dealer<RdmaTarget> => ({
  name,
  canProbe,
});

const fleet = (hosts: number, qpn = 7): Partial<RdmaTarget>[] =>
  Array.from({ length: hosts }, (_, i) => ({ dst: `host-${i}`, gid: `::ffff:10.0.${i >> 8}.${i & 255}`, qpn }));

/** Name of the dealer of each destination. */
function dealt(targets: readonly Partial<RdmaTarget>[], dealers: readonly Dealer<RdmaTarget>[]): Map<string, string> {
  const { shares } = deal(probed(targets), dealers);
  return new Map(shares.flatMap((share, i) => share.map(({ target }) => [target.dst, dealers[i]!.name] as const)));
}

test('targets go to the one engine that can probe them, and are left when there is none', () => {
  const dealers = ['a', 'b'].map((name) => dealer(name, ({ device }) => device === name));
  const { shares, left } = deal(probed([{ device: 'b' }, { device: 'c' }, { device: 'a' }]), dealers);
  const devicesOf = (targets: typeof left) => targets.map(({ target }) => target.device);
  assert.deepEqual(shares.map(devicesOf), [['a'], ['b']]);
  assert.deepEqual(devicesOf(left), ['c']);
});

test('targets that several can probe are spread evenly', () => {
  const names = ['mlx5_0:1', 'mlx5_1:1', 'mlx5_2:1', 'mlx5_3:1'];
  const { shares } = deal(
    probed(fleet(4000)),
    names.map((name) => dealer(name)),
  );
  // Binomial: 1000 ± 27.4; five sigma.
  for (const share of shares) assert.ok(Math.abs(share.length - 1000) < 137, `${share.length}`);
});

test('who probes a target depends on neither the order of engines nor the queue pair', () => {
  const [a, b] = [dealer('mlx5_0:1'), dealer('mlx5_1:1')];
  const before = dealt(fleet(100), [a, b]);
  assert.equal(new Set(before.values()).size, 2);
  assert.deepEqual(dealt(fleet(100, 8), [b, a]), before);
});

test('an engine that comes takes targets from the others, and none goes from one of these to another', () => {
  const [a, b, c] = [dealer('mlx5_0:1'), dealer('mlx5_1:1'), dealer('mlx5_2:1')];
  const before = dealt(fleet(300), [a, b]);
  const after = dealt(fleet(300), [a, b, c]);
  const moved = [...after].filter(([dst, name]) => before.get(dst) !== name);
  assert.ok(moved.length > 50 && moved.length < 150, `${moved.length}`);
  assert.deepEqual([...new Set(moved.map(([, name]) => name))], ['mlx5_2:1']);
});
