/**
 * The whole agent at 100, 1 000 and 10 000 UDP targets and at 5 000 TCP targets on loopback, one probe a second each,
 * answered by a reflector in another process, and scraped every 10 s. With --soak a long run at 10 000 UDP targets
 * shows that memory stays flat. agent-rdma.ts does the same over RDMA.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { AgentProcess, type AgentTargets, type Scrape } from './agent-process.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { type LoopResult, TcpLoop, UdpLoop } from './c-loop.js';
import { startReflector } from './engine-ends.js';
import { cpuPercent, type Usage } from './process-usage.js';
import { slope } from './statistics.js';

const SIZES = [100, 1000, 10_000];
/** Of the budgets. */
export const BUDGET_SIZE = 10_000;
const TCP_SIZE = 5000;
const MAX_CPU_PERCENT = 15;
const MAX_RSS_MB = 150;
const MAX_BLOCKED_MS = 50;
const WINDOW_MS = 10_000;
const LOOP_SECONDS = 5;
const EVENT_LOOP_DELAY = /^weft_agent_event_loop_delay_max_seconds(?:\{[^}]*\})? (\S+)/m;

export interface Windows {
  readonly warmUp: number;
  readonly measured: number;
}

export interface Course {
  readonly usages: readonly Usage[];
  readonly text: readonly Scrape[];
  /** One, after everything else was measured. */
  readonly protobuf: Scrape;
  readonly maxBlockedMs: number;
}

export async function run({ quick, soakMinutes }: BenchOptions): Promise<BenchRow[]> {
  const windows = windowsOf(quick);
  const udp = await udpRows(quick ? [1000] : SIZES, windows, soakMinutes);
  return [...udp, ...(await tcpRows(quick ? 1000 : TCP_SIZE, windows))];
}

export function windowsOf(quick: boolean): Windows {
  return quick ? { warmUp: 1, measured: 1 } : { warmUp: 2, measured: 4 };
}

async function udpRows(sizes: readonly number[], windows: Windows, soakMinutes: number): Promise<BenchRow[]> {
  const { port, stop } = await startReflector();
  try {
    const rows: BenchRow[] = [];
    for (const count of sizes) {
      const course = await observe({ transport: 'udp', count, port }, windows);
      rows.push(...rowsOf('UDP', count, course, await pacedUdpPercent(count)));
    }
    if (soakMinutes > 0) rows.push(...(await soak({ transport: 'udp', count: BUDGET_SIZE, port }, soakMinutes)));
    return rows;
  } finally {
    await stop();
  }
}

/** Agent and C loop probe the same listener. */
async function tcpRows(count: number, windows: Windows): Promise<BenchRow[]> {
  const loop = await TcpLoop.start();
  try {
    const course = await observe({ transport: 'tcp', count, port: loop.port }, windows);
    const limit = percentOf(await loop.probe({ probes: count * LOOP_SECONDS, rate: count, addresses: count }));
    return rowsOf('TCP', count, course, limit);
  } finally {
    await loop.stop();
  }
}

/** What the raw C loop takes to send, stamp and match as many probes a second: % of a core. */
async function pacedUdpPercent(perSecond: number): Promise<number> {
  const loop = await UdpLoop.build();
  try {
    return percentOf(await loop.run(3, { probes: perSecond * LOOP_SECONDS, rate: perSecond }));
  } finally {
    await loop.dispose();
  }
}

function percentOf({ cpuNs, wallNs }: LoopResult): number {
  return (cpuNs / wallNs) * 100;
}

/** Warms up, then measures, scraping once in each window as Prometheus does by default: text. Then calls `look`. */
export async function observe(targets: AgentTargets, windows: Windows, look = async () => {}): Promise<Course> {
  const agent = await AgentProcess.start(targets);
  try {
    await delay(windows.warmUp * WINDOW_MS);
    await agent.scrape('text');
    const usages = [agent.usage()];
    const text: Scrape[] = [];
    let maxBlockedMs = 0;
    for (let window = 0; window < windows.measured; window++) {
      await delay(WINDOW_MS);
      const scrape = await agent.scrape('text');
      text.push(scrape);
      usages.push(agent.usage());
      maxBlockedMs = Math.max(maxBlockedMs, Number(EVENT_LOOP_DELAY.exec(scrape.body)?.[1] ?? Number.NaN) * 1000);
    }
    await look();
    return { usages, text, protobuf: await agent.scrape('protobuf'), maxBlockedMs };
  } finally {
    await agent.stop();
  }
}

export function rowsOf(
  transport: 'UDP' | 'TCP' | 'RDMA',
  count: number,
  { usages, text, protobuf, maxBlockedMs }: Course,
  limit?: number,
): BenchRow[] {
  const first = usages[0];
  const last = usages.at(-1);
  if (first === undefined || last === undefined) throw new Error('nothing was measured');
  const judged = transport === 'UDP' && count === BUDGET_SIZE;
  const memoryJudged = transport !== 'TCP' && count === BUDGET_SIZE;
  const cpu = cpuPercent(first, last);
  const rss = Math.max(...usages.map((usage) => usage.rssBytes)) / 1e6;
  const name = (what: string): string => `agent, ${count.toLocaleString('en-US')} ${transport} targets: ${what}`;
  return [
    {
      name: name('CPU'),
      value: cpu,
      ...(limit !== undefined && { limit, ratio: cpu / limit }),
      unit: '% of a core',
      ...(judged && { budget: '≤ 15 %', ok: cpu <= MAX_CPU_PERCENT }),
    },
    {
      name: name('RSS, highest'),
      value: rss,
      unit: 'MB',
      ...(memoryJudged && { budget: '≤ 150 MB', ok: rss <= MAX_RSS_MB }),
    },
    {
      name: name('event loop blocked, longest'),
      value: maxBlockedMs,
      unit: 'ms',
      ...(judged && { budget: '≤ 50 ms', ok: maxBlockedMs <= MAX_BLOCKED_MS }),
    },
    ...scrapeRows(name('scrape, text'), text),
    ...scrapeRows(name('scrape, protobuf'), [protobuf]),
  ];
}

function scrapeRows(name: string, scrapes: readonly Scrape[]): BenchRow[] {
  return [
    { name: `${name}, longest`, value: Math.max(...scrapes.map((scrape) => scrape.ms)), unit: 'ms' },
    { name: `${name}, size`, value: Math.max(...scrapes.map((scrape) => scrape.bytes)), unit: 'bytes' },
  ];
}

/**
 * RSS each minute; the slope is that of the second half, when caches and heaps have found their size. At the end `close`
 * may add rows.
 */
export async function soak(
  targets: AgentTargets,
  minutes: number,
  close: (name: string, agent: AgentProcess) => Promise<BenchRow[]> = async () => [],
): Promise<BenchRow[]> {
  const agent = await AgentProcess.start(targets);
  try {
    const points: [minute: number, mb: number][] = [];
    for (let minute = 1; minute <= minutes; minute++) {
      for (let scrape = 0; scrape < 6; scrape++) {
        await delay(WINDOW_MS);
        await agent.scrape('text');
      }
      const mb = agent.usage().rssBytes / 1e6;
      points.push([minute, mb]);
      console.error(`soak: minute ${minute}, RSS ${mb.toFixed(1)} MB`);
    }
    const settled = points.slice(Math.floor(points.length / 2));
    const { count, transport } = targets;
    const name = `agent, ${count.toLocaleString('en-US')} ${transport} targets, ${minutes} minutes`;
    const highest = Math.max(...points.map(([, mb]) => mb));
    return [
      { name: `${name}: RSS, highest`, value: highest, unit: 'MB', budget: '≤ 150 MB', ok: highest <= MAX_RSS_MB },
      { name: `${name}: RSS slope, second half`, value: slope(settled), unit: 'MB/min' },
      ...(await close(name, agent)),
    ];
  } finally {
    await agent.stop();
  }
}
