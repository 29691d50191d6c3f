/**
 * What a measurement is worth on a busy host. Kernel stamps are taken in the interrupt path, so network_rtt must not see
 * busy loops on every core; the program's own view must. Ratios only: of the same agent, on the same machine, minutes
 * apart. Each figure is the median of the p99 of several windows, so that a single hiccup of the machine moves none.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startHogs } from '../support/hog.js';
import { addAddresses, createNet, type Net, netnsUnavailable } from '../support/netns.js';
import { type DelayField, merged, type ProbeRow, TestAgent } from './agent.js';

const PORT = 862;
const ADDRESSES = 10;
const WINDOWS = 8;
const HOGS_PER_CORE = 3;
const MAX_HOG_SECONDS = 60;
const MAX_NETWORK_RATIO = 2;
const MIN_PROGRAM_RATIO = 10;

describe('agents on hosts whose cores are all busy', { skip: netnsUnavailable() ?? false }, () => {
  let net: Net;
  before(() => {
    net = createNet();
  });
  after(() => net.close());

  it('keeps network_rtt while the program’s own round trip grows more than tenfold', async (t) => {
    const [prober, reflector] = net.hosts;
    const addresses = addAddresses(reflector, ADDRESSES);
    const answering = await TestAgent.start(
      { hostname: 'reflector', udp: { listen: `0.0.0.0:${PORT}`, rate_limit: 0 } },
      reflector,
    );
    const targets = addresses.map((address) => ({
      transport: 'udp',
      dst: address,
      address,
      port: PORT,
      interval: '10ms',
      timeout: '900ms',
    }));
    const udp = { listen: `${prober.address4}:${PORT}` };
    const agent = await TestAgent.start({ hostname: 'prober', targets, udp }, prober);
    try {
      await agent.windows(2);
      const idle = await agent.windows(WINDOWS);
      const hogs = await startHogs(HOGS_PER_CORE, MAX_HOG_SECONDS);
      let hogged: ProbeRow[][];
      try {
        hogged = await agent.windows(WINDOWS);
      } finally {
        await hogs.stop();
      }
      const figures = { idle: p99s(idle), hogged: p99s(hogged) };
      t.diagnostic(`p99 in µs: ${JSON.stringify(figures)}`);
      const networkRatio = figures.hogged.network / figures.idle.network;
      const programRatio = figures.hogged.programAtLeast / figures.idle.programAtMost;
      t.diagnostic(`network ${networkRatio.toFixed(2)} ×, program at least ${programRatio.toFixed(1)} ×`);
      assert.ok(networkRatio < MAX_NETWORK_RATIO, `network_rtt p99 grew ${networkRatio} ×`);
      assert.ok(programRatio > MIN_PROGRAM_RATIO, `the program's round trip grew only ${programRatio} ×`);
    } finally {
      await agent.stop();
      await answering.stop();
    }
  });
});

/**
 * The program's round trip is the sum of the three delays of one probe, whose distribution is not written. Its p99 lies
 * between the largest p99 of its parts and, for these long-tailed parts, about the sum of them.
 */
function p99s(windows: readonly ProbeRow[][]): { network: number; programAtLeast: number; programAtMost: number } {
  const p99 = (field: DelayField): number => {
    const values = windows.map((rows) => merged(rows, field).quantile(0.99) / 1000).sort((a, b) => a - b);
    return values[values.length >>> 1] ?? Number.NaN;
  };
  const parts = (['network_rtt', 'prober_delay', 'responder_delay'] as const).map(p99);
  return {
    network: parts[0] ?? Number.NaN,
    programAtLeast: Math.max(...parts),
    programAtMost: parts.reduce((sum, part) => sum + part, 0),
  };
}
