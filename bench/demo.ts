/**
 * `weft demo` as a newcomer starts it: eight agents, a controller and the grid, each with what it costs, seen from outside.
 * The demo's own process, which draws, counts too.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { JsonChild } from './child.js';
import { cpuPercent, readUsage } from './process-usage.js';

interface DemoLine {
  readonly pairs: readonly { readonly success: number }[];
  readonly grid: ProcessItem;
  readonly controller: ProcessItem;
  readonly agents: readonly ProcessItem[];
}

interface ProcessItem {
  readonly pid: number | null;
}

const HOSTS = 8;
const PAIRS = HOSTS * (HOSTS - 1) * 2;
const MAX_CORES = 1;
/** The start of eleven processes is over: what is compiled and collected then is not what a running demo costs. */
const SETTLE_MS = 20_000;
const MEASURED_MS = 30_000;
/** As users start it: dist/bench/ → bin/weft. */
const LAUNCHER = fileURLToPath(new URL('../../bin/weft', import.meta.url));

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const started = performance.now();
  const demo = new JsonChild(LAUNCHER, ['demo', '--json', '--hosts', `${HOSTS}`, '--duration', '3m']);
  try {
    let line = await demo.next<DemoLine>();
    while (line.pairs.filter(({ success }) => success > 0).length < PAIRS) line = await demo.next<DemoLine>();
    const liveS = (performance.now() - started) / 1000;
    await delay(quick ? 1000 : SETTLE_MS);
    const parts = [
      { name: 'agents', pids: line.agents.map(pidOf) },
      { name: 'controller', pids: [pidOf(line.controller)] },
      { name: 'grid', pids: [pidOf(line.grid)] },
      { name: 'what draws', pids: [demo.pid] },
    ];
    const before = parts.map(({ pids }) => pids.map(readUsage));
    await delay(quick ? 5000 : MEASURED_MS);
    const after = parts.map(({ pids }) => pids.map(readUsage));
    const cores = parts.map(
      (_, part) => sum((before[part] ?? []).map((usage, i) => cpuPercent(usage, after[part]?.[i] ?? usage))) / 100,
    );
    const rssMb = sum(after.flat().map(({ rssBytes }) => rssBytes)) / 1e6;
    const all = sum(cores);
    return [
      { name: 'demo: until all pairs are measured', value: liveS, unit: 's' },
      ...parts.map(({ name }, part) => ({ name: `demo: CPU, ${name}`, value: cores[part] ?? 0, unit: 'cores' })),
      { name: 'demo: CPU, all', value: all, unit: 'cores', ratio: all, budget: '≤ 1 core', ok: all <= MAX_CORES },
      { name: 'demo: RSS, all', value: rssMb, unit: 'MB' },
    ];
  } finally {
    await demo.dispose();
  }
}

function pidOf({ pid }: ProcessItem): number {
  if (pid === null) throw new Error('a process of the demo does not run');
  return pid;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
