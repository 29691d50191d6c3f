/**
 * What the figures of TCP are worth: network_rtt is the kernel's own and should be that of a raw C loop which reads the
 * same tcpi_rtt; the time until a program hears of its connection is a multiple of it, in Node's `net` above all, and
 * grows when the host is busy. All at a rate below the one at which the prober wakes by the millisecond.
 */

import { fileURLToPath } from 'node:url';
import { startHogs } from '../test/support/hog.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { TcpLoop } from './c-loop.js';
import { JsonChild } from './child.js';
import { runProber } from './engine-ends.js';
import type { NetConnectResult } from './net-connect-process.js';
import { median } from './statistics.js';

const PROBES_PER_S = 400;
const HOGS_PER_CORE = 8;
const MAX_EXCESS_NS = 10_000;
const MIN_NAIVE_RATIO = 2;
const NET_CONNECT = fileURLToPath(new URL('./net-connect-process.js', import.meta.url));

type Figure = 'network' | 'raw network' | 'connect' | 'raw connect' | 'naive';
type Quantiles = { readonly p50: number; readonly p99: number };
/** ns */
type Readings = Readonly<Record<Figure, Quantiles>>;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const measureMs = quick ? 2000 : 5000;
  const loop = await TcpLoop.start();
  try {
    const idle: Readings[] = [];
    for (let round = 0; round < (quick ? 1 : 3); round++) idle.push(await read(loop, measureMs));
    const hogs = await startHogs(HOGS_PER_CORE, Math.ceil((measureMs * 3) / 1000) + 30);
    try {
      return [...rowsOf('idle', idle), ...rowsOf('all cores hogged', [await read(loop, measureMs)])];
    } finally {
      await hogs.stop();
    }
  } finally {
    await loop.stop();
  }
}

/** One after the other, so that none waits for another. */
async function read(loop: TcpLoop, measureMs: number): Promise<Readings> {
  const { port } = loop;
  const probes = (PROBES_PER_S * measureMs) / 1000;
  const raw = await loop.probe({ probes, rate: PROBES_PER_S, addresses: PROBES_PER_S });
  const targets = { targets: PROBES_PER_S, intervalUs: 1_000_000 };
  const weft = await runProber({ transport: 'tcp', port, ...targets, warmUpMs: 1000, measureMs });
  const naive = await connectByNet(port, probes);
  return {
    network: { p50: weft.networkP50Ns, p99: weft.networkP99Ns },
    'raw network': { p50: raw.networkP50Ns, p99: raw.networkP99Ns },
    connect: { p50: weft.programP50Ns, p99: weft.programP99Ns },
    'raw connect': { p50: raw.programP50Ns, p99: raw.programP99Ns },
    naive: { p50: naive.p50Ns, p99: naive.p99Ns },
  };
}

async function connectByNet(port: number, connects: number): Promise<NetConnectResult> {
  const child = new JsonChild(process.execPath, [NET_CONNECT, String(port), String(connects), String(PROBES_PER_S)]);
  try {
    return await child.next<NetConnectResult>();
  } finally {
    await child.dispose();
  }
}

function rowsOf(when: string, rounds: readonly Readings[]): BenchRow[] {
  const figure = (name: Figure, quantile: keyof Quantiles): number =>
    median(rounds.map((readings) => readings[name][quantile]));
  const row = (name: string, quantile: keyof Quantiles, of: Figure, limitOf: Figure) => {
    const value = figure(of, quantile);
    const limit = figure(limitOf, quantile);
    return { name: `${name} ${quantile}, ${when}`, value, limit, ratio: value / limit, unit: 'ns' };
  };
  const network = row('TCP network_rtt', 'p99', 'network', 'raw network');
  const naive = row('naive net.connect', 'p99', 'naive', 'network');
  return [
    row('TCP network_rtt', 'p50', 'network', 'raw network'),
    { ...network, budget: '≤ C + 10 µs', ok: network.value <= network.limit + MAX_EXCESS_NS },
    row('TCP connect_time', 'p50', 'connect', 'raw connect'),
    row('TCP connect_time', 'p99', 'connect', 'raw connect'),
    row('naive net.connect', 'p50', 'naive', 'network'),
    { ...naive, budget: '> 2 × network_rtt', ok: naive.ratio > MIN_NAIVE_RATIO },
  ];
}
