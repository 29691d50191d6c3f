/**
 * The server of a mesh as a whole, `weft run` with listener and grid at their defaults: rows of 10 000 hosts come over HTTP
 * in each window of 10 s while grids of 250 ToRs are asked for. What an answer takes, what the server costs, and whether all
 * that was pushed is in the grid. Memory is judged once the grid is full.
 */

import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DELAYS } from '../plugins/common/grid/store/cell.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { HOSTS, TARGETS, TORS } from './mesh-fleet.js';
import { MeshLoad, type PushedWindow } from './mesh-load.js';
import { AGENT_TOKEN, MeshServerProcess } from './mesh-server-process.js';
import { cpuPercent, type Usage } from './process-usage.js';
import { quantile } from './statistics.js';

/** More than `max_bytes` has room for by default, so that the oldest ones give way. */
const FULL_WINDOWS = 42;
const ASK_EVERY_MS = 100;
const USAGE_EVERY_MS = 1000;
const MAX_ANSWER_MS = 50;
const MAX_RSS_MB = 1500;
/** What was pushed last is in the grid after the next flush. */
const DRAIN_DEADLINE_MS = 30_000;

interface Course {
  readonly before: Usage;
  readonly after: Usage;
  readonly maxRssBytes: number;
  /** Of the first grid of each delay, for which nothing is prepared; of all others. */
  readonly firstMs: readonly number[];
  readonly answersMs: readonly number[];
  readonly maxBlockedMs: number;
  /** All windows, those that were not measured first. */
  readonly pushed: readonly PushedWindow[];
  readonly added: number;
  readonly cells: number;
  /** That the grid holds at the end. */
  readonly kept: number;
  /** Of the machine, mean over the last minute, at the end. */
  readonly load: number;
}

interface Windows {
  /** Until what is measured begins. */
  readonly filling: number;
  readonly measured: number;
}

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const windows = quick ? { filling: 2, measured: 1 } : { filling: FULL_WINDOWS, measured: 6 };
  const server = await MeshServerProcess.start();
  try {
    return rowsOf(windows, await observe(server, windows));
  } finally {
    await server.stop();
  }
}

async function observe(server: MeshServerProcess, { filling, measured }: Windows): Promise<Course> {
  const { listenerUrl: url, gridUrl } = server.urls;
  const load = new MeshLoad({ url, token: AGENT_TOKEN, windows: filling + measured });
  let maxRssBytes = 0;
  const watch = setInterval(() => {
    maxRssBytes = Math.max(maxRssBytes, server.usage().rssBytes);
  }, USAGE_EVERY_MS);
  const asking = new AbortController();
  try {
    const pushed: PushedWindow[] = [];
    while (pushed.length < filling) pushed.push(await load.window());
    const reportsBefore = (await server.ownMetrics('weft_agent')).length;
    const before = server.usage();
    const answers = askForGrids(gridUrl, asking.signal);
    while (pushed.length < filling + measured) pushed.push(await load.window());
    const after = server.usage();
    asking.abort();
    const times = await answers;
    const [firstMs, answersMs] = [times.slice(0, DELAYS.length), times.slice(DELAYS.length)];
    const held = await drained(gridUrl, sum(pushed, 'targets'));
    const reports = (await server.ownMetrics('weft_agent')).slice(reportsBefore);
    const maxBlockedMs = Math.max(...reports.map(({ fields }) => fields.event_loop_delay_max ?? 0)) / 1e6;
    return { before, after, maxRssBytes, firstMs, answersMs, maxBlockedMs, pushed, ...held, load: loadavg()[0] ?? 0 };
  } finally {
    asking.abort();
    clearInterval(watch);
    await load.stop();
  }
}

/** One after the other, the three delays in turn, until it is aborted; resolves to the times to the last byte, ms. */
async function askForGrids(gridUrl: string, signal: AbortSignal): Promise<number[]> {
  const answersMs: number[] = [];
  for (let turn = 0; !signal.aborted; turn += 1) {
    const askedMs = performance.now();
    const answer = await fetch(`${gridUrl}/v1/grid?level=tor&stat=p99&delay=${DELAYS[turn % DELAYS.length]}`);
    const bytes = (await answer.arrayBuffer()).byteLength;
    const tookMs = performance.now() - askedMs;
    if (!answer.ok || bytes < TORS * TORS) throw new Error(`the grid answered ${answer.status}, ${bytes} bytes`);
    answersMs.push(tookMs);
    await delay(Math.max(0, ASK_EVERY_MS - tookMs));
  }
  return answersMs;
}

/** What the grid holds, once all targets are in; or at the deadline. */
async function drained(gridUrl: string, targets: number): Promise<Pick<Course, 'added' | 'cells' | 'kept'>> {
  const deadlineMs = performance.now() + DRAIN_DEADLINE_MS;
  for (;;) {
    const answer = await fetch(`${gridUrl}/v1/windows`);
    const { store, transports } = (await answer.json()) as {
      readonly transports: readonly { readonly windows: readonly unknown[] }[];
      readonly store: { readonly cells: number; readonly metrics: { readonly added: number } };
    };
    const { cells, metrics } = store;
    if (metrics.added >= targets || performance.now() > deadlineMs)
      return { added: metrics.added, cells, kept: transports[0]?.windows.length ?? 0 };
    await delay(500);
  }
}

function rowsOf({ filling }: Windows, course: Course): BenchRow[] {
  const { before, after, maxRssBytes, firstMs, answersMs, maxBlockedMs, pushed, added, cells, kept, load } = course;
  const name = (what: string): string => `mesh server, ${HOSTS.toLocaleString('en-US')} agents: ${what}`;
  const rssMb = maxRssBytes / 1e6;
  const p99Ms = quantile(answersMs, 0.99);
  const targets = sum(pushed, 'targets');
  const accepted = sum(pushed, 'accepted');
  const all = { limit: targets, unit: 'targets', budget: '= pushed' };
  const highest = (what: keyof PushedWindow): number => Math.max(...pushed.slice(filling).map((of) => of[what]));
  const lateMs = highest('lateMs');
  return [
    { name: name(`grid of ${TORS} ToRs, p50`), value: quantile(answersMs, 0.5), unit: 'ms' },
    {
      name: name(`grid of ${TORS} ToRs, p99 of ${answersMs.length}`),
      value: p99Ms,
      unit: 'ms',
      budget: '≤ 50 ms',
      ok: p99Ms <= MAX_ANSWER_MS,
    },
    { name: name('the first such grid, longest'), value: Math.max(...firstMs), unit: 'ms' },
    { name: name('event loop blocked, longest'), value: maxBlockedMs, unit: 'ms' },
    {
      name: name('RSS, highest'),
      value: rssMb,
      unit: 'MB',
      ...(filling === FULL_WINDOWS && { budget: '≤ 1500 MB', ok: rssMb <= MAX_RSS_MB }),
    },
    { name: name('windows kept'), value: kept, unit: '' },
    { name: name('cells'), value: cells, unit: '' },
    { name: name('CPU'), value: cpuPercent(before, after), unit: '% of a core' },
    { name: name(`a push of ${TARGETS} targets, p50`), value: highest('pushP50Ms'), unit: 'ms' },
    { name: name(`a push of ${TARGETS} targets, p99`), value: highest('pushP99Ms'), unit: 'ms' },
    { name: name('late with a window'), value: lateMs, unit: 'ms', budget: '0 ms', ok: lateMs === 0 },
    { name: name('accepted'), value: accepted, ...all, ok: accepted === targets },
    { name: name('in the grid'), value: added, ...all, ok: added === targets },
    { name: 'load of the machine, its last minute', value: load, unit: '' },
  ];
}

function sum(windows: readonly PushedWindow[], what: keyof PushedWindow): number {
  return windows.reduce((total, window) => total + window[what], 0);
}
