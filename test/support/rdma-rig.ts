/** RDMA devices in the process of the test itself: one library for all tests of a file. */

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  type EngineHandle,
  type EngineTarget,
  type RdmaEngineOptions,
  rdmaDevices,
  rdmaStatus,
} from '../../native/index.js';
import { DEFAULT_QKEY } from '../../plugins/inputs/rdma-ud/config.js';
import { engineTarget } from './engine.js';
import { type FakeDevices, startFakeVerbs } from './fake-verbs.js';

/** 32 ns × 150: what takes whole numbers of ticks both ways. */
export const LATENCY_NS = 4800;

/** Call once, outside of tests. The returned function makes new devices for a test: none may be open. */
export function ownFakeVerbs(): (settings?: string) => Promise<FakeDevices> {
  let devices: FakeDevices | undefined;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const verbs = await startFakeVerbs({ after: (cleanup) => cleanups.push(cleanup as () => unknown) }, 'devices=2');
    Object.assign(process.env, verbs.env);
    // Loads the library.
    await rdmaDevices();
    devices = await verbs.next();
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
  return async (settings = '') => {
    assert.ok(devices);
    await devices.command(
      `configure devices=2,latency_us=${LATENCY_NS / 1000}${settings === '' ? '' : `,${settings}`}`,
    );
    return devices;
  };
}

/** Port 1 of fake0: prober and reflector. */
export function rdmaEngineOptions(changes: Partial<RdmaEngineOptions> = {}): RdmaEngineOptions {
  const any = { gidIndex: -1, address: '', pkeyIndex: 0, qkey: DEFAULT_QKEY, serviceLevel: 0, trafficClass: 0 };
  const ends = { queuePairs: 0, receiveSlots: 256, rateLimit: 0, busyPoll: false, probe: true, reflect: true };
  return { device: 'fake0', port: 1, ...any, ...ends, ...changes };
}

/** The engine's own reflector, probed every 10 ms. */
export function selfTarget(engine: EngineHandle): EngineTarget {
  const { gid, qpn } = rdmaStatus(engine);
  return engineTarget(0, { address: gid, qpn });
}
