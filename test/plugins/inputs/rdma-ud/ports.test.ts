import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatPort, parsePortName, portsToOpen } from '../../../../plugins/inputs/rdma-ud/ports.js';
import { reachOf, reachOfTarget } from '../../../../plugins/inputs/rdma-ud/reach.js';
import { rdmaDevice, rdmaPort } from './devices.js';

describe('names of ports', () => {
  for (const [text, name] of [
    ['mlx5_0', { device: 'mlx5_0', port: undefined }],
    ['mlx5_0:2', { device: 'mlx5_0', port: 2 }],
    ['mlx5_bond-0:255', { device: 'mlx5_bond-0', port: 255 }],
    ['mlx5_0:0', undefined],
    ['mlx5_0:256', undefined],
    ['mlx5_0:', undefined],
    ['mlx5_0:a', undefined],
    ['../mlx5_0', undefined],
    ['mlx5 0', undefined],
    ['', undefined],
  ] as const) {
    test(`${JSON.stringify(text)} is ${JSON.stringify(name)}`, () => {
      assert.deepEqual(parsePortName(text), name);
      if (name !== undefined) assert.equal(formatPort(name), text);
    });
  }
});

describe('ports to open', () => {
  const devices = [
    rdmaDevice('a', { ports: [rdmaPort(1), rdmaPort(2, { state: 'PORT_DOWN' })] }),
    rdmaDevice('b', { ports: [rdmaPort(1, { state: 'PORT_DOWN' })] }),
    rdmaDevice('c', { ports: [], problem: 'ibv_open_device: Permission denied' }),
  ];
  for (const [names, ports] of [
    [[], ['a:1', 'c:1']],
    [['a'], ['a:1']],
    [['a:2'], ['a:2']],
    [['b'], ['b:1']],
    [
      ['z', 'z:3'],
      ['z:1', 'z:3'],
    ],
    [['a', 'a:1', 'a'], ['a:1']],
  ] as const) {
    test(`[${names}] are [${ports}]`, () => {
      const wanted = names.map((name) => parsePortName(name)!);
      assert.deepEqual(portsToOpen(wanted, devices).map(formatPort), ports);
    });
  }
});

describe('what reaches what', () => {
  const kinds = [
    ['roce', '::ffff:10.0.0.1', '0000:0000:0000:0000:0000:ffff:0a00:0002'],
    ['roce', 'fe80::1', 'febf::2'],
    ['roce', '2001:db8::1', 'fec0::1'],
    ['infiniband', 'fe80::2:c903:33:1', 'fe80:0:0:0:2:c903:33:2'],
    ['infiniband', 'fec0:0:0:1:2:c903:33:1', 'fec0::1:0:0:0:1'],
  ] as const;
  for (const [i, [link, gid, peer]] of kinds.entries()) {
    test(`${link} ${gid} reaches ${peer}, and none of the others`, () => {
      const lid = link === 'infiniband' ? 3 : 0;
      for (const [j, [otherLink, other]] of kinds.entries()) {
        assert.equal(reachOf(otherLink, other) === reachOfTarget({ gid: peer, lid }), i === j, other);
      }
    });
  }
});
