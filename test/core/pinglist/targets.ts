/** Targets for the tests of this folder: valid, and different only in what a test says. */

import type { RdmaTarget, TcpTarget, UdpTarget } from '../../../core/target.js';

export function udpTarget(overrides: Partial<UdpTarget> = {}): UdpTarget {
  const address = overrides.address ?? '10.0.0.2';
  return {
    transport: 'udp',
    dst: address,
    address,
    port: 862,
    plain: false,
    intervalMs: 1000,
    timeoutMs: 500,
    paths: 1,
    firstPath: 0,
    payloadBytes: 44,
    dscp: 0,
    ttl: 255,
    mode: undefined,
    labels: {},
    ...overrides,
  };
}

export function tcpTarget(overrides: Partial<TcpTarget> = {}): TcpTarget {
  const { plain: _, ...shared } = udpTarget();
  return {
    ...shared,
    transport: 'tcp',
    port: 80,
    timeoutMs: 3000,
    payloadBytes: 0,
    ttl: 64,
    http: undefined,
    ...overrides,
  };
}

export function rdmaTarget(overrides: Partial<RdmaTarget> = {}): RdmaTarget {
  const { address: _, port: __, plain: ___, ...shared } = udpTarget();
  return { ...shared, transport: 'rdma-ud', gid: '::ffff:10.0.0.2', qpn: 7, lid: 0, device: undefined, ...overrides };
}
