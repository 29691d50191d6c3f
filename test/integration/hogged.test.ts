/**
 * What a measurement is worth on a busy host. Kernel stamps are taken in the interrupt path, so network_rtt must not see
 * busy loops on every core; the program's own view must. Ratios only: of the same agent, on the same machine, in turns
 * seconds apart. Whatever else the machine does can only add to the program's round trip, so what it is on an idle host is told by
 * the quietest of the idle windows. The network's ratio is the median of those of the turns: what a virtual machine's own host
 * takes from it for seconds falls on some of them, or on both sides of one; busy loops fall on one side of each.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startHogs } from '../support/hog.js';
import { addAddresses, createNet, type Net, netnsUnavailable } from '../support/netns.js';
import { type DelayField, merged, type ProbeRow } from '../support/probe-rows.js';
import { TestAgent } from './agent.js';

const PORT = 862;
/** 400 probes a second: below the rate at which the prober wakes by the millisecond, which would be its own delay. */
const ADDRESSES = 4;
const TURNS = 5;
/** Of each side of a turn. */
const WINDOWS = 2;
/** Many: the scheduler lets a light sleeper pass a few busy loops within its slice, and then only some probes wait. */
const HOGS_PER_CORE = 8;
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
      const idle: ProbeRow[][] = [];
      const hogged: ProbeRow[][] = [];
      const ratios: number[] = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        const before = await agent.windows(WINDOWS);
        const hogs = await startHogs(HOGS_PER_CORE, MAX_HOG_SECONDS);
        try {
          const under = await agent.windows(WINDOWS);
          ratios.push(p99s(under.flat()).network / p99s(before.flat()).network);
          idle.push(...before);
          hogged.push(...under);
        } finally {
          await hogs.stop();
        }
      }
      const figures = {
        idle: p99s(idle.flat()),
        quietest: quietest(idle.map(p99s)),
        hogged: p99s(hogged.flat()),
      };
      t.diagnostic(`p99 in µs: ${JSON.stringify(figures)}`);
      const networkRatio = median(ratios);
      const programRatio = figures.hogged.programAtLeast / figures.quietest.programAtMost;
      t.diagnostic(
        `network ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} ×, program at least ${programRatio.toFixed(1)} ×`,
      );
      assert.ok(networkRatio < MAX_NETWORK_RATIO, `network_rtt p99 grew ${networkRatio} ×`);
      assert.ok(programRatio > MIN_PROGRAM_RATIO, `the program's round trip grew only ${programRatio} ×`);
    } finally {
      await agent.stop();
      await answering.stop();
    }
  });
});

interface P99s {
  readonly network: number;
  readonly programAtLeast: number;
  readonly programAtMost: number;
}

/**
 * p99s in µs. The program's round trip is the sum of the three delays of one probe, whose distribution is not written. Its
 * p99 lies between the largest p99 of its parts and, for these long-tailed parts, about the sum of them.
 */
function p99s(rows: readonly ProbeRow[]): P99s {
  const fields: readonly DelayField[] = ['network_rtt', 'prober_delay', 'responder_delay'];
  const parts = fields.map((field) => merged(rows, field).quantile(0.99) / 1000);
  return {
    network: parts[0] ?? Number.NaN,
    programAtLeast: Math.max(...parts),
    programAtMost: parts.reduce((sum, part) => sum + part, 0),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >>> 1] ?? Number.NaN;
}

function quietest(windows: readonly P99s[]): P99s {
  return windows.reduce((best, window) => (window.programAtMost < best.programAtMost ? window : best));
}
