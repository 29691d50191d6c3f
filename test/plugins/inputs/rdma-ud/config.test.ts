/** What the options of the input are to its engines. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portOptions, type RdmaUdConfig } from '../../../../plugins/inputs/rdma-ud/config.js';

const CONFIG: RdmaUdConfig = {
  ...{
    devices: ['mlx5_0'],
    gid_index: 5,
    address: '',
    traffic_class: 104,
    service_level: 3,
    qkey: 0x11,
    pkey_index: 2,
  },
  ...{
    queue_pairs: 4,
    receive_slots: 512,
    busy_poll: true,
    probe: true,
    reflect: false,
    rate_limit: 50,
    per_path: true,
  },
};

test('each option reaches the engine', () => {
  assert.deepEqual(portOptions(CONFIG), {
    gidIndex: 5,
    address: '',
    pkeyIndex: 2,
    qkey: 0x11,
    serviceLevel: 3,
    trafficClass: 104,
    queuePairs: 4,
    receiveSlots: 512,
    rateLimit: 50,
    busyPoll: true,
    probe: true,
    reflect: false,
  });
});

test('without an index the engine chooses, by the address if there is one', () => {
  const { gid_index: _, ...rest } = CONFIG;
  const options = portOptions({ ...rest, address: '2001:db8::1' });
  assert.deepEqual([options.gidIndex, options.address], [-1, '2001:db8::1']);
});
