import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { closFleet } from '../../../../core/pinglist/generate/clos.js';
import { fleetCost } from '../../../../core/pinglist/generate/cost.js';
import { requiredPaths } from '../../../../core/pinglist/generate/ecmp.js';
import { probeWireBytes } from '../../../../core/pinglist/generate/wire-bytes.js';
import { totalRate } from '../../../../core/pinglist/limits.js';
import { anyFleet, anyPolicies, generatorOf, member, policies, targetsOf, tcp, torOf, udp } from './fleets.js';

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(a, b), `${a} is not ${b}`);

describe('cost', () => {
  test('is what the lists of the same fleet add up to', () => {
    fc.assert(
      fc.property(anyFleet, anyPolicies, (members, written) => {
        const generator = generatorOf(members, policies(...written));
        const lists = members.map(({ id }) => targetsOf(generator, id));
        const cost = fleetCost(policies(...written), members);
        const rates = lists.map(totalRate);
        near(
          cost.totalProbesPerSecond,
          rates.reduce((a, b) => a + b, 0),
        );
        near(cost.probesPerSecond.max, Math.max(0, ...rates));
        near(cost.probesPerSecond.min, Math.min(...(rates.length === 0 ? [0] : rates)));
        assert.equal(cost.targets.max, Math.max(0, ...lists.map(({ length }) => length)));
        near(
          cost.policies.reduce((sum, { probesPerSecond }) => sum + probesPerSecond, 0),
          cost.totalProbesPerSecond,
        );
        near(
          cost.policies.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0),
          cost.totalBytesPerSecond,
        );
        assert.equal(
          cost.policies.reduce((sum, { targets }) => sum + targets, 0),
          lists.flat().length,
        );
      }),
      { numRuns: 60 },
    );
  });

  test('a Pingmesh of 400 hosts in 10 ToRs, by hand', () => {
    const pingmesh = policies(
      { mode: 'tor-mesh', interval: '1s' },
      { mode: 'inter-tor', name: 'fabric', interval: '10s', paths: { ecmp: 16 } },
    );
    const cost = fleetCost(pingmesh, closFleet({ hosts: 400 }));
    assert.equal(cost.agents, 400);
    assert.deepEqual(cost.targets, { min: 48, mean: 48, max: 48 });
    near(cost.probesPerSecond.mean, 39 + 0.9);
    near(cost.totalProbesPerSecond, 400 * 39.9);
    // Probe, answer and follow-up of STAMP over IPv4: 208 + 96 + 92 bytes.
    near(cost.totalBytesPerSecond, 400 * 39.9 * 396);
    const [mesh, fabric] = cost.policies;
    assert.equal(mesh?.coverage, undefined);
    assert.equal(fabric?.name, 'fabric');
    // 115 are needed, 40 hosts have 3 each.
    assert.equal(fabric?.coverage?.paths, 120);
    assert.ok(fabric.coverage.probability > 0.99 && fabric.coverage.probability < 0.995);
  });

  test('coverage is that of the pair of ToRs with the fewest paths', () => {
    const fleet = [1, 2, 30].flatMap((size, t) =>
      Array.from({ length: size }, (_, i) => member(`t${t}-${i}`, 100 * t + i, { tor: `t${t}` })),
    );
    const [plain] = fleetCost(policies({ mode: 'inter-tor', paths: 4 }), fleet, { ways: 2 }).policies;
    assert.deepEqual({ ...plain?.coverage, probability: undefined }, { ways: 2, paths: 4, probability: undefined });
    near(plain?.coverage?.probability ?? 0, 1 - 2 * 0.5 ** 4);
    const [bounded] = fleetCost(policies({ mode: 'inter-tor', paths: { ecmp: 64 } }), fleet).policies;
    assert.ok(requiredPaths(64, 0.99) > 256);
    assert.equal(bounded?.coverage?.paths, 256);
    assert.equal(fleetCost(policies({ mode: 'inter-tor' }), fleet).policies[0]?.coverage, undefined);
    // Under one ToR there is nothing to cover.
    assert.equal(fleetCost(policies({ mode: 'tor-mesh' }), fleet, { ways: 4 }).policies[0]?.coverage, undefined);
  });

  test('nobody costs nothing', () => {
    const none = { min: 0, mean: 0, max: 0 };
    const cost = fleetCost(policies({ mode: 'mesh', paths: { ecmp: 4 } }), []);
    assert.deepEqual([cost.agents, cost.targets, cost.probesPerSecond, cost.totalBytesPerSecond], [0, none, none, 0]);
  });

  test('bytes of a probe follow transport, address family and payload', () => {
    assert.equal(probeWireBytes('udp', 4, undefined), 208 + 96 + 92);
    assert.equal(probeWireBytes('udp', 6, 44), 228 + 116 + 112);
    assert.equal(probeWireBytes('udp', 4, 1180) - probeWireBytes('udp', 4, undefined), 2 * 1000);
    assert.equal(probeWireBytes('tcp', 4, undefined), 60 + 60 + 52 + 52);
    assert.equal(probeWireBytes('tcp', 4, 1000) - probeWireBytes('tcp', 4, 0), 2 * 1000 + 4 * 52);
    assert.equal(probeWireBytes('rdma-ud', 4, undefined), 3 * (20 + 8 + 12 + 8 + 40 + 4));
    assert.equal(probeWireBytes('rdma-ud', 4, 1000), probeWireBytes('rdma-ud', 4, undefined));
    const fleet = [member('a', 1), { id: 'b', labels: {}, endpoints: [udp('2001:db8::1'), tcp('10.0.0.2')] }];
    const { bytesPerSecond } = fleetCost(policies({ mode: 'mesh', transport: ['udp', 'tcp'] }), fleet);
    assert.deepEqual(bytesPerSecond, { min: 396, mean: (456 + 224 + 396) / 2, max: 456 + 224 });
  });
});

describe('a fleet in a Clos network', () => {
  test('fills ToR after ToR; every host has an address of its own and everything it should answer', () => {
    const fleet = closFleet({
      hosts: 1000,
      hostsPerTor: 48,
      torsPerPod: 4,
      dcs: 2,
      transports: ['udp', 'tcp', 'rdma-ud'],
    });
    assert.equal(fleet.length, 1000);
    assert.equal(new Set(fleet.map(({ id }) => id)).size, 1000);
    assert.equal(new Set(fleet.map(({ endpoints }) => endpoints[0]?.address)).size, 1000);
    assert.deepEqual([...new Set(fleet.map(({ labels }) => labels.dc))], ['d1', 'd2']);
    const sizes = [...new Set(fleet.map(torOf))].map((tor) => fleet.filter((one) => torOf(one) === tor).length);
    assert.deepEqual(sizes, [...Array(20).fill(48), 40]);
    const ids = fleet.map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted());
    const generator = generatorOf(fleet, policies({ mode: 'tor-mesh', transport: ['udp', 'tcp', 'rdma-ud'] }));
    assert.equal(targetsOf(generator, 'host-0001').length, 3 * 47);
  });

  test('no more than addresses', () => {
    assert.throws(() => closFleet({ hosts: 2 ** 24 }), RangeError);
    assert.deepEqual(closFleet({ hosts: 0 }), []);
    assert.deepEqual(closFleet({ hosts: 1 })[0]?.labels, { dc: 'd1', pod: 'p1', tor: 't1' });
  });
});
