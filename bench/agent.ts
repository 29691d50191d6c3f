/**
 * The whole agent at 100, 1 000 and 10 000 loopback targets, one probe a second each, answered by a reflector in another
 * process and scraped every 10 s. With --soak a long run at 10 000 targets shows that memory stays flat.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { AgentProcess, type Scrape, type Usage } from './agent-process.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { UdpLoop } from './c-loop.js';
import { startReflector } from './engine-ends.js';
import { slope } from './statistics.js';

const SIZES = [100, 1000, 10_000];
const BUDGET_SIZE = 10_000;
const MAX_CPU_PERCENT = 15;
const MAX_RSS_MB = 150;
const MAX_BLOCKED_MS = 50;
const WINDOW_MS = 10_000;
const LOOP_SECONDS = 5;
const EVENT_LOOP_DELAY = /^weft_agent_event_loop_delay_max_seconds(?:\{[^}]*\})? (\S+)/m;

interface Course {
  readonly usages: readonly Usage[];
  readonly text: readonly Scrape[];
  /** One, after everything else was measured. */
  readonly protobuf: Scrape;
  readonly maxBlockedMs: number;
}

export async function run({ quick, soakMinutes }: BenchOptions): Promise<BenchRow[]> {
  const reflector = await startReflector();
  try {
    const rows: BenchRow[] = [];
    const windows = quick ? { warmUp: 1, measured: 1 } : { warmUp: 2, measured: 4 };
    for (const targets of quick ? [1000] : SIZES) {
      const course = await observe(targets, reflector.port, windows);
      rows.push(...rowsOf(targets, course, await pacedLoopPercent(targets)));
    }
    if (soakMinutes > 0) rows.push(...(await soak(reflector.port, soakMinutes)));
    return rows;
  } finally {
    await reflector.stop();
  }
}

/** What the raw C loop takes to send, stamp and match as many probes a second: % of a core. */
async function pacedLoopPercent(perSecond: number): Promise<number> {
  const loop = await UdpLoop.build();
  try {
    const { cpuNs, wallNs } = await loop.run(3, { probes: perSecond * LOOP_SECONDS, rate: perSecond });
    return (cpuNs / wallNs) * 100;
  } finally {
    await loop.dispose();
  }
}

/** Warms up, then measures, scraping once in each window as Prometheus does by default: text. */
async function observe(
  targets: number,
  port: number,
  windows: { readonly warmUp: number; readonly measured: number },
): Promise<Course> {
  const agent = await AgentProcess.start(targets, port);
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
    return { usages, text, protobuf: await agent.scrape('protobuf'), maxBlockedMs };
  } finally {
    await agent.stop();
  }
}

function rowsOf(targets: number, { usages, text, protobuf, maxBlockedMs }: Course, limit: number): BenchRow[] {
  const first = usages[0];
  const last = usages.at(-1);
  if (first === undefined || last === undefined) throw new Error('nothing was measured');
  const judged = targets === BUDGET_SIZE;
  const cpu = ((last.cpuNs - first.cpuNs) / (last.wallNs - first.wallNs)) * 100;
  const rss = Math.max(...usages.map((usage) => usage.rssBytes)) / 1e6;
  const name = (what: string): string => `agent, ${targets.toLocaleString('en-US')} targets: ${what}`;
  return [
    {
      name: name('CPU'),
      value: cpu,
      limit,
      ratio: cpu / limit,
      unit: '% of a core',
      ...(judged && { budget: '≤ 15 %', ok: cpu <= MAX_CPU_PERCENT }),
    },
    {
      name: name('RSS, highest'),
      value: rss,
      unit: 'MB',
      ...(judged && { budget: '≤ 150 MB', ok: rss <= MAX_RSS_MB }),
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

/** RSS each minute; the slope is that of the second half, when caches and heaps have found their size. */
async function soak(port: number, minutes: number): Promise<BenchRow[]> {
  const agent = await AgentProcess.start(BUDGET_SIZE, port);
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
    const name = `agent, ${BUDGET_SIZE.toLocaleString('en-US')} targets, ${minutes} minutes`;
    const highest = Math.max(...points.map(([, mb]) => mb));
    return [
      { name: `${name}: RSS, highest`, value: highest, unit: 'MB', budget: '≤ 150 MB', ok: highest <= MAX_RSS_MB },
      { name: `${name}: RSS slope, second half`, value: slope(settled), unit: 'MB/min' },
    ];
  } finally {
    await agent.stop();
  }
}
