/** What a target says: of its host, of its policy, and of several policies at once. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '../../../../core/target.js';
import { rdmaTarget, tcpTarget, udpTarget } from '../targets.js';
import { anyFleet, anyPolicies, generatorOf, HOUR_MS, member, policies, targetsOf, tcp, udp } from './fleets.js';

const rdma = (attributes: Endpoint['attributes']): Endpoint => ({
  transport: 'rdma-ud',
  address: '10.0.0.2',
  port: 0,
  attributes,
});

function targetsTo(endpoints: readonly Endpoint[], ...written: object[]) {
  const b = { id: 'b', labels: { tor: 't2' }, endpoints };
  return targetsOf(generatorOf([member('a', 1, { tor: 't1' }), b], policies(...written)), 'a');
}

describe('targets', () => {
  const all = [udp('10.0.0.2'), tcp('10.0.0.2'), rdma({ gid: '::FFFF:10.0.0.2', qpn: 7, lid: 0, device: 'mlx5_0' })];
  const common = { dst: 'b', mode: 'mesh', labels: { tor: 't2' } };

  test('all ends of the transports of the policy, with the defaults of each transport', () => {
    assert.deepEqual(targetsTo(all, { mode: 'mesh', transport: ['udp', 'tcp', 'rdma-ud'] }), [
      udpTarget({ ...common, address: '10.0.0.2' }),
      tcpTarget({ ...common, address: '10.0.0.2', port: 8620 }),
      rdmaTarget(common),
    ]);
    assert.deepEqual(targetsTo(all, { mode: 'mesh' }), [udpTarget({ ...common, address: '10.0.0.2' })]);
  });

  test('with everything the policy says', () => {
    const policy = { mode: 'mesh', name: 'gold', interval: '100ms', timeout: '50ms', paths: 4 };
    assert.deepEqual(targetsTo(all, { ...policy, payload_bytes: 1000, dscp: 46, ttl: 8 }), [
      udpTarget({
        ...common,
        address: '10.0.0.2',
        mode: 'gold',
        intervalMs: 100,
        timeoutMs: 50,
        paths: 4,
        payloadBytes: 1000,
        dscp: 46,
        ttl: 8,
      }),
    ]);
  });

  test('what no prober could use, or means many hosts, is left out, and the rest of the host stays', () => {
    const bad = [
      ...['0.0.0.0', '::', 'host-b', '10.0.0.256', 'fe80::1%eth0', '224.0.0.1', '255.255.255.255', 'ff02::1', ''],
      ...['::ffff:224.0.0.1', '::ffff:0.0.0.0'],
    ].map((address) => udp(address));
    const ports = [udp('10.0.0.3', 0), udp('10.0.0.3', 65_536), udp('10.0.0.3', 1.5)];
    const queues = [
      {},
      { gid: '::1' },
      { gid: '10.0.0.2', qpn: 1 },
      { gid: '::1', qpn: 0 },
      { gid: '::1', qpn: '7' },
    ].map(rdma);
    const lids = [rdma({ gid: '::1', qpn: 1, lid: 0xc000 }), rdma({ gid: 'ff0e::1', qpn: 1 })];
    const policy = { mode: 'mesh', transport: ['udp', 'tcp', 'rdma-ud'] };
    assert.deepEqual(targetsTo([...bad, ...ports, ...queues, ...lids, udp('10.0.0.2')], policy), [
      udpTarget({ ...common, address: '10.0.0.2' }),
    ]);
  });

  test('two spellings of one end are one target', () => {
    const ends = [udp('2001:db8::1'), udp('2001:DB8:0::1'), udp('::ffff:10.0.0.2'), udp('10.0.0.2')];
    const addresses = targetsTo(ends, { mode: 'mesh' }).map((target) => 'address' in target && target.address);
    assert.deepEqual(addresses, ['10.0.0.2', '2001:db8::1']);
  });

  test('two agents that claim one address are both probed: none hides the other', () => {
    const fleet = [member('a', 1), member('b', 2), { ...member('c', 3), endpoints: [udp('10.0.0.2')] }];
    assert.deepEqual(
      targetsOf(generatorOf(fleet, policies({ mode: 'mesh' })), 'a').map(({ dst }) => dst),
      ['b', 'c'],
    );
  });

  test('whatever the fleet and the policies, agents accept the list and no end is there twice', () => {
    fc.assert(
      fc.property(anyFleet, anyPolicies, fc.nat({ max: 10_000 }), (members, written, hour) => {
        const generator = generatorOf(members, policies(...written));
        for (const { id } of members) {
          const targets = targetsOf(generator, id, hour * HOUR_MS);
          assert.equal(new Set(targets.map(({ dst }) => dst)).size, targets.length);
        }
      }),
    );
  });
});

describe('labels', () => {
  const topology = {
    agents: { b: { labels: { tor: 't1', dc: 'd1', pod: '' } }, a: { labels: { tor: 't1', dc: 'd1' } } },
  };
  const fleet = [member('a', 1, { tor: 'wrong' }), member('b', 2, { pod: 'p9', rack: 'r1' })];

  test('the topology overrides, adds and, with an empty value, takes away', () => {
    const generator = generatorOf(fleet, policies({ mode: 'tor-mesh' }), topology);
    const [target] = targetsOf(generator, 'a');
    assert.deepEqual(target?.labels, { dc: 'd1', rack: 'r1', tor: 't1' });
    assert.deepEqual(targetsOf(generatorOf(fleet, policies({ mode: 'tor-mesh' })), 'a'), []);
  });

  test('names that every object inherits are ordinary names', () => {
    const odd = [member('constructor', 1), member('toString', 2, { constructor: 'x' })];
    const select = { constructor: '*' };
    assert.deepEqual(targetsOf(generatorOf(odd, policies({ mode: 'mesh', select }), topology), 'toString'), []);
    assert.equal(targetsOf(generatorOf(odd, policies({ mode: 'mesh' }), topology), 'toString').length, 1);
    assert.deepEqual(targetsOf(generatorOf(odd, policies({ mode: 'mesh', group_by: 'constructor' })), 'toString'), []);
  });
});

describe('several policies', () => {
  const shape = (...written: object[]) =>
    targetsTo([udp('10.0.0.2'), tcp('10.0.0.2')], ...written).map(
      ({ transport, intervalMs, timeoutMs, paths, mode }) => [transport, intervalMs, timeoutMs, paths, mode] as const,
    );

  test('add up', () => {
    assert.deepEqual(shape({ mode: 'mesh' }, { mode: 'inter-tor', transport: 'tcp' }), [
      ['udp', 1000, 500, 1, 'mesh'],
      ['tcp', 1000, 3000, 1, 'inter-tor'],
    ]);
  });

  test('the tightest interval stays, with what goes with it, and the most paths', () => {
    const slow = { mode: 'mesh', interval: '10s', timeout: '2s', paths: 8 };
    const fast = { mode: 'inter-tor', interval: '1s', timeout: '100ms', paths: 2 };
    assert.deepEqual(shape(slow, fast), [['udp', 1000, 100, 8, 'inter-tor']]);
    assert.deepEqual(shape(fast, slow), [['udp', 1000, 100, 8, 'inter-tor']]);
  });

  test('of equal intervals the first stays', () => {
    assert.deepEqual(shape({ mode: 'mesh', name: 'one' }, { mode: 'mesh', name: 'two', timeout: '1s' }), [
      ['udp', 1000, 500, 1, 'one'],
    ]);
  });
});
