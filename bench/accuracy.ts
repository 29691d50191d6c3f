/**
 * What the figures are worth on a busy host: network_rtt comes from kernel stamps and should not see busy loops on every
 * core, the program's own round trip does. Probed at a rate below the one at which the prober wakes by the millisecond,
 * so that the program's round trip is not mostly its own sleep.
 */

import { startHogs } from '../test/support/hog.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { type ProberResult, runUdpEngine } from './engine-ends.js';

const HOGS_PER_CORE = 8;
const MAX_NETWORK_RATIO = 2;
const MIN_PROGRAM_RATIO = 10;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const measureMs = quick ? 3000 : 10_000;
  const plan = { targets: 40, intervalUs: 100_000, warmUpMs: 1000, measureMs };
  // Other work on the machine only adds: the quietest run is the idle host.
  let idle = await runUdpEngine(plan);
  for (let run = 1; run < (quick ? 1 : 3); run++) {
    const again = await runUdpEngine(plan);
    if (again.programP99Ns < idle.programP99Ns) idle = again;
  }
  const hogs = await startHogs(HOGS_PER_CORE, Math.ceil(measureMs / 1000) + 30);
  let hogged: ProberResult;
  try {
    hogged = await runUdpEngine(plan);
  } finally {
    await hogs.stop();
  }
  const networkRatio = hogged.networkP99Ns / idle.networkP99Ns;
  const programRatio = hogged.programP99Ns / idle.programP99Ns;
  return [
    { name: 'network_rtt p50, idle', value: idle.networkP50Ns, unit: 'ns' },
    { name: 'network_rtt p99, idle', value: idle.networkP99Ns, unit: 'ns' },
    { name: 'program RTT p50, idle', value: idle.programP50Ns, unit: 'ns' },
    { name: 'program RTT p99, idle', value: idle.programP99Ns, unit: 'ns' },
    { name: 'network_rtt p50, all cores hogged', value: hogged.networkP50Ns, unit: 'ns' },
    {
      name: 'network_rtt p99, all cores hogged',
      value: hogged.networkP99Ns,
      unit: 'ns',
      ratio: networkRatio,
      budget: '< 2 × idle',
      ok: networkRatio < MAX_NETWORK_RATIO,
    },
    { name: 'program RTT p50, all cores hogged', value: hogged.programP50Ns, unit: 'ns' },
    {
      name: 'program RTT p99, all cores hogged',
      value: hogged.programP99Ns,
      unit: 'ns',
      ratio: programRatio,
      budget: '> 10 × idle',
      ok: programRatio > MIN_PROGRAM_RATIO,
    },
  ];
}
