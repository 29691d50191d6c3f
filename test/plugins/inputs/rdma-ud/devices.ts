/** RDMA devices as the native door describes them: valid, and different only in what a test says. */

import type { RdmaDevice, RdmaGid, RdmaPort } from '../../../../native/index.js';

export function rdmaGid(index: number, changes: Partial<RdmaGid> = {}): RdmaGid {
  return { index, gid: `::ffff:10.0.0.${index}`, type: 'roce-v2', interface: 'eth0', preferred: false, ...changes };
}

export function rdmaPort(number: number, changes: Partial<RdmaPort> = {}): RdmaPort {
  return { number, state: 'PORT_ACTIVE', link: 'roce', mtu: 4096, lid: 0, gids: [rdmaGid(1)], ...changes };
}

export function rdmaDevice(name: string, changes: Partial<RdmaDevice> = {}): RdmaDevice {
  const ports = [rdmaPort(1)];
  return { name, soft: false, timestamps: 'ticks', clockKhz: 156_250, ports, problem: '', ...changes };
}
