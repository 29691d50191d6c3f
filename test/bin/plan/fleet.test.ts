import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedFleet, shapeOf } from '../../../bin/plan/fleet.js';

const simulated = (options: Parameters<typeof plannedFleet>[0]) =>
  shapeOf(plannedFleet(options, undefined, ['udp']).members);

test('a simulated fleet has the shape that is asked for', () => {
  assert.deepEqual(simulated({ agents: 10_000 }), { tors: 250, pods: 13, dcs: 1 });
  assert.deepEqual(simulated({ agents: 96, hostsPerTor: 4, torsPerPod: 3, podsPerDc: 4 }), {
    tors: 24,
    pods: 8,
    dcs: 2,
  });
  assert.deepEqual(simulated({ agents: 1 }), { tors: 1, pods: 1, dcs: 1 });
});

test('pods of a DC are at most as many as asked for', () => {
  const { members } = plannedFleet({ agents: 100, hostsPerTor: 1, torsPerPod: 5, podsPerDc: 3 }, undefined, ['udp']);
  const pods = new Map<string, Set<string>>();
  for (const { labels } of members) {
    const dc = labels.dc ?? '';
    pods.set(dc, (pods.get(dc) ?? new Set()).add(labels.pod ?? ''));
  }
  assert.equal(pods.size, 7);
  assert.ok([...pods.values()].every(({ size }) => size <= 3));
});

test('without a number of agents the fleet is that of the topology file', () => {
  const topology = { agents: { b: { labels: { tor: 't1', dc: '' } }, a: { labels: { tor: 't2', role: 'storage' } } } };
  const { simulated, members } = plannedFleet({}, topology, ['udp', 'tcp']);
  assert.equal(simulated, false);
  assert.deepEqual(
    members.map(({ id, labels }) => [id, labels]),
    [
      ['b', { tor: 't1' }],
      ['a', { role: 'storage', tor: 't2' }],
    ],
  );
  assert.deepEqual(shapeOf(members), { tors: 2, pods: 0, dcs: 0 });
  for (const { endpoints } of members)
    assert.deepEqual(
      endpoints.map(({ transport }) => transport),
      ['udp', 'tcp'],
    );
  assert.equal(new Set(members.map(({ endpoints }) => endpoints[0]?.address)).size, 2);
  assert.equal(plannedFleet({ agents: 5 }, topology, ['udp']).simulated, true);
});

test('what says nothing about a fleet, or to no effect, is refused', () => {
  assert.throws(() => plannedFleet({}, undefined, ['udp']), { code: 'WEFT_USAGE', message: /--agents N/ });
  assert.throws(() => plannedFleet({ torsPerPod: 3 }, { agents: {} }, ['udp']), { code: 'WEFT_USAGE' });
});
